"""Says how each peer is doing: backlog, what was applied, last exchange, last failure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.sync.usecases.ports import OpensWork
from services.sync.usecases.sending import Here


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """One peer."""

    peer: str
    backlog: int
    """Envelopes of ours without a receipt."""
    applied: int
    """Last number of its stream that we applied."""
    exchanged_at: datetime | None
    failure: str


class GetPeerStatus:
    """Reads only; tells nothing about any body."""

    def __init__(self, open_work: OpensWork, here: Here, followed: Sequence[str]) -> None:
        self._open_work, self._here, self._followed = open_work, here, followed

    async def __call__(self) -> list[PeerStatus]:
        """Return every peer that we send to or follow."""
        async with self._open_work() as work:
            epoch = await work.streams.epoch()
            statuses = []
            for peer in sorted({*self._followed, *await self._here.partners(work)} - {self._here.server}):
                head, cursor = await work.streams.head(peer), await work.cursors.find(peer)
                exchange = await work.cursors.exchange(peer)
                acknowledged = await work.receipts.acknowledged(peer, epoch)
                size = cursor.size if cursor else 0
                statuses.append(PeerStatus(peer, head.size - acknowledged, size, exchange.at, exchange.failure))
        return statuses
