"""Takes in a batch of a peer: all checks, then inbox, facts, cursor and event in one transaction."""

from chassis.clock import Clock
from chassis.errors import Failure
from services.sync.domain.adjustment import adjustment_of_content
from services.sync.domain.batch import Batch, Item, Withheld
from services.sync.domain.entitlement import MembershipDocument
from services.sync.domain.envelope import Envelope, Kind, fact_of_content
from services.sync.domain.errors import BatchRefused, Refusal
from services.sync.domain.events import (
    AdjustmentReceived,
    FactsChanged,
    LaneParked,
    StreamFrozen,
    UnentitledItemDropped,
)
from services.sync.domain.fact import FactKey, SharedFact
from services.sync.domain.inbox import Fate, Reception, Settlement
from services.sync.domain.merkle import Frontier
from services.sync.domain.receipt import Receipt
from services.sync.domain.signing import Signer, Verifier
from services.sync.domain.stream import Cursor
from services.sync.usecases.ports import OpensWork, Received, UnitOfWork
from services.sync.usecases.sending import Here, backfill, send_adjustments


class ApplyBatch:
    """Exactly one effect per number: a batch applied before is refused as replayed and changes nothing."""

    def __init__(self, open_work: OpensWork, here: Here, signer: Signer, verifier: Verifier, clock: Clock) -> None:
        self._open_work, self._here = open_work, here
        self._signer, self._verifier, self._clock = signer, verifier, clock

    async def __call__(self, origin: str, batch: Batch) -> Receipt:
        """Apply a batch that came from ``origin``, and return our signed receipt for the stream so far.

        Raises:
            BatchRefused: as a whole, with the reason; a fork also freezes the stream.
        """
        try:
            return await self._apply(origin, batch)
        except BatchRefused as refused:
            if refused.refusal is Refusal.FORKED:
                await self._freeze(origin, batch.checkpoint.size)
            raise

    async def _apply(self, origin: str, batch: Batch) -> Receipt:
        async with self._open_work() as work:
            cursor = await work.cursors.find(origin, lock=True)
            if cursor is None:
                raise BatchRefused(Refusal.EPOCH_UNKNOWN)
            seen_root = await work.inbox.root_at(origin, cursor.epoch, batch.checkpoint.size)
            now = self._clock.now()
            after = cursor.accept(batch, identity=origin, verifier=self._verifier, now=now, seen_root=seen_root)
            receipt = Receipt(self._here.server, origin, after.epoch, after.size, after.frontier.root, now).signed(
                self._signer
            )
            if after != cursor:
                await _Intake(work, self._here, cursor, int(now.timestamp() * 1000)).take(batch.items)
                await work.cursors.save(after)
                await work.receipts.put(origin, receipt, is_ours=True)
                await work.commit()
        return receipt

    async def _freeze(self, origin: str, size: int) -> None:
        async with self._open_work() as work:
            cursor = await work.cursors.find(origin, lock=True)
            if cursor is not None and not cursor.is_frozen:
                await work.cursors.save(cursor.frozen())
                work.publish(StreamFrozen(origin, size))
                await work.commit()


class _Intake:
    """The items of one accepted batch, on their way into the tables."""

    def __init__(self, work: UnitOfWork, here: Here, cursor: Cursor, now_ms: int) -> None:
        self._work, self._here, self._cursor, self._now_ms = work, here, cursor, now_ms
        self._facts: dict[FactKey, SharedFact] = {}
        self._changed: set[FactKey] = set()
        self._received: list[Received] = []
        self._parked: set[str] = set()
        self._frontier: Frontier = cursor.frontier

    async def take(self, items: tuple[Item, ...]) -> None:
        work, origin = self._work, self._cursor.origin
        opening = await self._here.document(work, origin)
        document = opening
        facts = [i for i in items if isinstance(i, Envelope) and i.content.kind is Kind.FACT]
        await work.facts.lock({item.content.body for item in facts})
        self._parked = {item.body for item in await work.inbox.parked(origin, self._cursor.epoch)}
        self._facts = await work.facts.of_keys(_keys(facts))
        said = await work.facts.said(_keys(_putting_back(facts)))
        for item in items:
            reception = Reception(self._here.server, origin, document, self._here.catalogue, said)
            if isinstance(item, Withheld) or item.content.kind is Kind.FACT or not reception.admits(item):
                self._settle(reception, item)
            elif item.content.kind is Kind.MEMBERSHIP:
                document = await self._follow(reception, item)
            else:
                await self._pass_on(item)
        await work.facts.save(self._facts[key] for key in sorted(self._changed))
        await work.inbox.add(origin, self._cursor.epoch, self._received)
        if document != opening:
            await backfill(work, self._here, origin, opening, document)
        for siren, year in sorted({(key.siren, key.year) for key in self._changed}):
            concepts = sorted(key.concept for key in self._changed if (key.siren, key.year) == (siren, year))
            work.publish(FactsChanged(siren, year, tuple(concepts)))

    async def _follow(self, reception: Reception, item: Envelope) -> MembershipDocument:
        """Put the ministry's document in force; one that is not a document, or no later one, changes nothing."""
        try:
            document = reception.succeed(item)
        except Failure as failure:
            self._note(item, Settlement(Fate.DROPPED, reason=failure.code))
            self._work.publish(UnentitledItemDropped(self._cursor.origin, item.seq))
            return reception.document
        if document != reception.document:
            await self._work.memberships.put(document)
        self._note(item, Settlement(Fate.APPLIED))
        return document

    async def _pass_on(self, item: Envelope) -> None:
        """Keep a decision on a control, for the validation service here and, at the ministry, for the other federations."""
        adjustment, hlc = adjustment_of_content(item.content), item.content.hlc
        if await self._work.adjustments.add(adjustment, hlc):
            self._work.publish(AdjustmentReceived(adjustment))
            await send_adjustments(self._work, self._here, [(adjustment, hlc)])
        self._note(item, Settlement(Fate.APPLIED))

    def _settle(self, reception: Reception, item: Item) -> None:
        if isinstance(item, Withheld):
            self._note(item, Settlement(Fate.WITHHELD))
            return
        if not reception.admits(item):
            self._note(item, Settlement(Fate.DROPPED, reason="NOT_ENTITLED"))
            self._work.publish(UnentitledItemDropped(self._cursor.origin, item.seq))
            return
        key, body = fact_of_content(item.content).key, item.content.body
        held = self._facts.get(key, SharedFact(key))
        settlement = reception.settle(item, held, now_ms=self._now_ms, is_lane_parked=body in self._parked)
        if settlement.fact is not None:
            self._facts[key] = settlement.fact
            self._changed.add(key)
        if settlement.fate is Fate.PARKED:
            self._parked.add(body)
            self._work.publish(LaneParked(self._cursor.origin, body, item.seq, settlement.reason))
        self._note(item, settlement)

    def _note(self, item: Item, settlement: Settlement) -> None:
        self._frontier = self._frontier.appended(item.leaf)
        is_kept = isinstance(item, Envelope) and settlement.fate is not Fate.DROPPED
        self._received.append(
            Received(
                seq=item.seq,
                fate=settlement.fate,
                reason=settlement.reason,
                body=item.content.body if isinstance(item, Envelope) and is_kept else "",
                content=item.to_bytes() if is_kept else None,
                root=self._frontier.root,
            )
        )


def _putting_back(envelopes: list[Envelope]) -> list[Envelope]:
    """Return those that may put back a value of another server; few do."""
    return [one for one in envelopes if any("@" in server for server, _ in one.content.vector.entries)]


def _keys(envelopes: list[Envelope]) -> list[FactKey]:
    """Return which facts the envelopes are about; what cannot be read is dropped later, by the entitlement check."""
    keys = []
    for envelope in envelopes:
        siren, _, rest = envelope.content.object_id.partition("/")
        year, _, concept = rest.partition("/")
        if year.isdecimal() and len(year) <= 4:
            keys.append(FactKey(siren, int(year), concept))
    return keys
