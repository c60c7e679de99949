"""Gives a peer its own stream, from where it stands: a signed batch, or after a while the word that there is no news."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from chassis.clock import Clock
from services.sync.domain.batch import MAX_ENVELOPES, Batch, Item, Withheld
from services.sync.domain.entitlement import MembershipDocument, may_travel
from services.sync.domain.envelope import Envelope
from services.sync.domain.errors import UnknownPeer
from services.sync.domain.merkle import EMPTY_ROOT
from services.sync.domain.signing import Signer
from services.sync.domain.stream import EpochNotice, Head
from services.sync.usecases.ports import Hints, OpensWork, StoredEnvelope, UnitOfWork
from services.sync.usecases.sending import Here

LONGEST_WAIT_MS = 25_000
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass(frozen=True, slots=True)
class _Page:
    head: Head
    document: MembershipDocument
    envelopes: Sequence[StoredEnvelope]


class PullBatch:
    """Reads only. The peer is the one that mutual TLS has proven; it can see no stream but its own."""

    def __init__(self, open_work: OpensWork, here: Here, signer: Signer, hints: Hints, clock: Clock) -> None:
        self._open_work, self._here, self._signer = open_work, here, signer
        self._hints, self._clock = hints, clock

    async def __call__(self, peer: str, epoch: str, first: int, wait_ms: int) -> Batch | EpochNotice:
        """Return up to 500 envelopes from ``first`` on; a notice when the peer asks in another epoch than ours.

        Raises:
            UnknownPeer: we exchange nothing with that server.
        """
        loop = asyncio.get_running_loop()
        until = loop.time() + min(max(wait_ms, 0), LONGEST_WAIT_MS) / 1000
        while True:
            mark = self._hints.mark(peer)
            async with self._open_work() as work:
                answer = await self._look(work, peer, epoch, first)
            left = until - loop.time()
            if isinstance(answer, EpochNotice):
                return answer.signed(self._signer)
            if answer.envelopes or left <= 0 or self._hints.is_closing:
                return self._batch(peer, answer, first)
            await self._hints.wait(peer, mark, min(left, SECONDS_BETWEEN_LOOKS))

    async def _look(self, work: UnitOfWork, peer: str, epoch: str, first: int) -> _Page | EpochNotice:
        if peer not in await self._here.partners(work):
            raise UnknownPeer
        ours = await work.streams.epoch()
        if epoch != ours.to_text():
            return EpochNotice(self._here.server, ours, None)
        envelopes = await work.streams.read(peer, max(first, 1), MAX_ENVELOPES)
        return _Page(await work.streams.head(peer), await self._here.document(work, peer), envelopes)

    def _batch(self, peer: str, page: _Page, first: int) -> Batch:
        items: list[Item] = []
        for stored in page.envelopes:
            envelope = Envelope.from_bytes(stored.content)
            is_open = may_travel(page.document, self._here.catalogue, self._here.server, peer, envelope.content)
            items.append(envelope if is_open else Withheld(stored.seq, envelope.leaf))
        size, root = page.head.size, page.head.frontier.root
        if page.envelopes:
            size, root = page.envelopes[-1].seq, page.envelopes[-1].root
        elif size == 0:
            root = EMPTY_ROOT
        return page.head.batch(items, size=size, root=root, now=self._clock.now(), signer=self._signer)
