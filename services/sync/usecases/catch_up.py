"""One exchange with a peer: ask from where we stand, apply what comes, hand over the receipt."""

from services.sync.domain.batch import Batch, Checkpoint, item_from_bytes
from services.sync.domain.envelope import content_of_fact
from services.sync.domain.errors import BatchRefused, EnvelopeMalformed, EnvelopeTooLarge, Refusal
from services.sync.domain.signing import Verifier, is_statement
from services.sync.domain.stream import Cursor, EpochNotice
from services.sync.usecases.apply_batch import ApplyBatch
from services.sync.usecases.ports import OpensWork, PeerServers, Pulled
from services.sync.usecases.sending import Here, append, send_adjustments


class CatchUp:
    """Pull keeps the decision with the receiver: the peer is asked, nothing is pushed at us."""

    def __init__(
        self, open_work: OpensWork, here: Here, peers: PeerServers, apply_batch: ApplyBatch, verifier: Verifier
    ) -> None:
        self._open_work, self._here, self._peers = open_work, here, peers
        self._apply_batch, self._verifier = apply_batch, verifier

    async def __call__(self, peer: str, wait_ms: int) -> int:
        """Return how many items were taken in; 0 when there was no news.

        Raises:
            BatchRefused: what the peer sent was refused whole; ask again later.
            Unavailable: the peer does not answer.
        """
        async with self._open_work() as work:
            cursor = await work.cursors.find(peer)
        epoch, first = (cursor.epoch.to_text(), cursor.size + 1) if cursor else ("", 1)
        pulled = await self._peers.pull(peer, epoch, first, wait_ms)
        if is_statement("epoch", pulled.statement):
            await self._follow(peer, EpochNotice.from_bytes(pulled.statement, pulled.signature))
            return 0
        batch = read_batch(pulled)
        receipt = await self._apply_batch(peer, batch)
        if batch.items:
            await self._peers.acknowledge(peer, receipt)
        return len(batch.items)

    async def _follow(self, peer: str, notice: EpochNotice) -> None:
        """Go on with the peer's present incarnation, and tell it again all that it may have lost of ours.

        A peer met for the first time is told the decisions on controls that were taken before.

        Raises:
            BatchRefused: the notice is not the peer's, or not later than the epoch we know.
        """
        async with self._open_work() as work:
            known = await work.cursors.find(peer, lock=True)
            if known is None:
                cursor = Cursor.opened(notice, self._here.server, identity=peer, verifier=self._verifier)
            else:
                cursor = known.renewed(notice, identity=peer, verifier=self._verifier)
            await work.cursors.save(cursor)
            if known is None or cursor.epoch != known.epoch:
                await send_adjustments(work, self._here, await work.adjustments.everything(), [peer])
            if known is not None and cursor.epoch != known.epoch:
                document = await self._here.document(work, peer)
                keys = await work.facts.keys_of({member.siren for member in document.members})
                facts = await work.facts.of_keys(keys)
                versions = [version for key in sorted(facts) for version in facts[key].versions]
                await append(work, self._here, peer, [content_of_fact(version) for version in versions])
            await work.commit()


def read_batch(pulled: Pulled) -> Batch:
    """Decode a peer's answer.

    Raises:
        BatchRefused: it cannot be decoded: damaged on the way, or not a batch.
    """
    try:
        checkpoint = Checkpoint.from_bytes(pulled.statement)
        return Batch(tuple(item_from_bytes(one) for one in pulled.envelopes), checkpoint, pulled.signature)
    except (EnvelopeMalformed, EnvelopeTooLarge) as error:
        raise BatchRefused(Refusal.DAMAGED) from error
