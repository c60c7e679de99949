"""What a hostile or unlucky peer may send, against the real tables: refused whole, dropped or parked; never half applied."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from chassis.database.engine import Sessions
from chassis.identifiers import TimeSortableIdentifiers
from services.sync.domain.adjustment import Adjustment, adjustment_of_content, content_of_adjustment
from services.sync.domain.batch import Batch, Item
from services.sync.domain.concept import Concept, Nature
from services.sync.domain.entitlement import Membership, MembershipDocument
from services.sync.domain.envelope import Content, Envelope, Epoch, content_of_fact
from services.sync.domain.errors import BatchRefused, ReceiptRejected, Refusal, UnknownPeer
from services.sync.domain.fact import Fact, FactKey, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.merkle import EMPTY_ROOT
from services.sync.domain.receipt import Receipt
from services.sync.domain.stream import Cursor, EpochNotice, Head
from services.sync.domain.version_vector import VersionVector
from services.sync.store.hints import PostgresHints
from services.sync.store.unit_of_work import SqlSync
from services.sync.usecases.apply_batch import ApplyBatch
from services.sync.usecases.catch_up import CatchUp
from services.sync.usecases.ports import Pulled
from services.sync.usecases.pull_batch import PullBatch
from services.sync.usecases.release_lanes import ReleaseLanes
from services.sync.usecases.sending import Here
from services.sync.usecases.take_receipt import TakeReceipt
from tests.support.clocks import FrozenClock
from tests.unit.sync.simulator import Keys

BODY = "123456789"
STRANGER = "999999999"
KEY = FactKey(BODY, 2024, "PAT.SURFACE")
CATALOGUE = {
    KEY.concept: Concept(KEY.concept, Nature.INPUT, has_alias=True),
    "PAT.LOG_GERES": Concept("PAT.LOG_GERES", Nature.COMPUTED, has_alias=False),
}
NOW = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
EPOCH = Epoch(1, "ab")
HERE = Here("MIN", "MIN", CATALOGUE)
DOCUMENT = MembershipDocument("MIN", "FED-OPH", 1, frozenset({"OPH"}), (Membership(BODY, "OPH", 2020),))


def a_fact(value: str, count: int = 1, key: FactKey = KEY, **other: object) -> Fact:
    vector = VersionVector((("FED-OPH", count),))
    fact = Fact(key, value, vector, HybridTime(NOW_MS + count), "u", "FED-OPH", Source.TYPED)
    return replace(fact, **other)  # type: ignore[arg-type]


class Peer:
    """The stream of FED-OPH to the ministry, as that server would sign it."""

    def __init__(self, epoch: Epoch = EPOCH) -> None:
        self.head = Head("FED-OPH", epoch, "MIN")

    def batch(self, *said: Fact | Adjustment, key: str = "FED-OPH", now: datetime = NOW) -> Batch:
        items: list[Item] = []
        for one in said:
            self.head, envelope = self.head.appended(self.content(one), entitlement=DOCUMENT.digest(), blind="b")
            items.append(envelope)
        root = self.head.frontier.root if self.head.size else EMPTY_ROOT
        return self.head.batch(items, size=self.head.size, root=root, now=now, signer=Keys(key))

    @staticmethod
    def content(said: Fact | Adjustment) -> Content:
        return content_of_fact(said) if isinstance(said, Fact) else content_of_adjustment(said, HybridTime(NOW_MS))


class Ministry:
    """The receiving side on real tables, with a clock that stands still."""

    def __init__(self, sessions: Sessions) -> None:
        self.clock = FrozenClock(NOW)
        self.sessions = sessions
        ids = TimeSortableIdentifiers(self.clock)
        self.open = partial(SqlSync, sessions, self.clock, ids, "MIN", lambda: "c" * 32)
        self.apply = ApplyBatch(self.open, HERE, Keys("MIN"), Keys("MIN"), self.clock)

    async def begin(self) -> "Ministry":
        async with self.open() as work:
            await work.memberships.put(DOCUMENT)
            await work.cursors.save(Cursor("FED-OPH", EPOCH, "MIN"))
            await work.commit()
        return self

    async def refusal(self, batch: Batch, origin: str = "FED-OPH") -> Refusal:
        with pytest.raises(BatchRefused) as caught:
            await self.apply(origin, batch)
        return caught.value.refusal

    async def value(self, key: FactKey = KEY) -> str | None:
        async with self.open() as work:
            fact = (await work.facts.of_keys([key])).get(key)
        return fact.current.value if fact and fact.current else None

    async def rows(self, query: str) -> list[tuple[object, ...]]:
        async with self.sessions() as session:
            return [tuple(row) for row in await session.execute(text(query))]

    async def size(self) -> int:
        async with self.open() as work:
            cursor = await work.cursors.find("FED-OPH")
        return cursor.size if cursor else -1


@pytest.fixture
async def ministry(sessions: Sessions) -> Ministry:
    return await Ministry(sessions).begin()


async def test_a_good_batch_is_applied_and_answered_with_a_signed_receipt(ministry: Ministry) -> None:
    peer = Peer()

    receipt = await ministry.apply("FED-OPH", peer.batch(a_fact("1"), a_fact("2", 2)))

    assert (await ministry.value(), await ministry.size()) == ("2", 2)
    root = peer.head.frontier.root
    assert receipt.is_proof(identity="MIN", origin="FED-OPH", epoch=EPOCH, root=root, verifier=Keys("FED-OPH"))
    assert await ministry.rows("SELECT kind, payload->'concepts' FROM outbox_events") == [
        ("FactsChanged", [KEY.concept])
    ]


async def test_a_batch_with_a_bad_signature_is_refused(ministry: Ministry) -> None:
    assert await ministry.refusal(Peer().batch(a_fact("1"), key="FED-ESH")) is Refusal.BAD_SIGNATURE
    assert await ministry.size() == 0


async def test_a_batch_of_another_origin_is_refused(ministry: Ministry) -> None:
    batch = Peer().batch(a_fact("1"))

    other = replace(batch, checkpoint=replace(batch.checkpoint, origin="FED-ESH"))

    assert await ministry.refusal(other) is Refusal.WRONG_ORIGIN
    assert await ministry.refusal(batch, origin="FED-ESH") is Refusal.EPOCH_UNKNOWN


async def test_a_replayed_batch_is_refused_and_changes_nothing(ministry: Ministry) -> None:
    peer = Peer()
    first, second = peer.batch(a_fact("1")), peer.batch(a_fact("2", 2))
    await ministry.apply("FED-OPH", first)
    await ministry.apply("FED-OPH", second)

    assert await ministry.refusal(first) is Refusal.REPLAYED
    assert await ministry.refusal(second) is Refusal.REPLAYED
    assert (await ministry.value(), await ministry.size()) == ("2", 2)


async def test_a_gap_is_refused_and_never_skipped(ministry: Ministry) -> None:
    peer = Peer()
    peer.batch(a_fact("1"))

    assert await ministry.refusal(peer.batch(a_fact("2", 2))) is Refusal.GAP
    assert await ministry.size() == 0


async def test_an_old_epoch_is_refused_after_a_new_one(ministry: Ministry) -> None:
    async with ministry.open() as work:
        await work.cursors.save(Cursor("FED-OPH", Epoch(2, "cd"), "MIN"))
        await work.commit()

    assert await ministry.refusal(Peer().batch(a_fact("1"))) is Refusal.EPOCH_RETIRED


async def test_a_second_history_freezes_the_stream_for_good(ministry: Ministry) -> None:
    peer, liar = Peer(), Peer()
    await ministry.apply("FED-OPH", peer.batch(a_fact("1")))
    liar.batch(a_fact("8"))

    assert await ministry.refusal(liar.batch(a_fact("9", 2))) is Refusal.FORKED
    assert await ministry.refusal(peer.batch(a_fact("2", 2))) is Refusal.FROZEN
    assert await ministry.rows("SELECT kind FROM incidents") == [("StreamFrozen",)]


async def test_an_old_state_with_another_root_is_a_fork_too(ministry: Ministry) -> None:
    peer, liar = Peer(), Peer()
    await ministry.apply("FED-OPH", peer.batch(a_fact("1"), a_fact("2", 2)))

    assert await ministry.refusal(liar.batch(a_fact("8"))) is Refusal.FORKED


async def test_a_body_that_the_peer_does_not_have_is_dropped_unread_and_reported(ministry: Ministry) -> None:
    canary = a_fact("CANARY-4711", key=FactKey(STRANGER, 2024, KEY.concept))

    await ministry.apply("FED-OPH", Peer().batch(canary, a_fact("1")))

    assert await ministry.value() == "1"
    assert await ministry.rows("SELECT seq, fate, body, content FROM inbox WHERE seq = 1") == [(1, "dropped", "", None)]
    assert await ministry.rows("SELECT kind, facts->>'seq' FROM incidents") == [("UnentitledItemDropped", "1")]
    assert await ministry.rows("SELECT 1 FROM fact_versions WHERE siren = '999999999'") == []


async def test_a_concept_that_only_the_ministry_writes_is_dropped(ministry: Ministry) -> None:
    await ministry.apply("FED-OPH", Peer().batch(a_fact("1", key=FactKey(BODY, 2024, "PAT.LOG_GERES"))))

    assert await ministry.rows("SELECT fate FROM inbox") == [("dropped",)]


async def test_what_cannot_be_applied_parks_its_body_only_and_is_tried_again(ministry: Ministry) -> None:
    other = FactKey("111111111", 2024, KEY.concept)
    members = (*DOCUMENT.members, Membership(other.siren, "OPH", 2020))
    async with ministry.open() as work:
        await work.memberships.put(replace(DOCUMENT, version=2, members=members))
        await work.commit()
    ahead = a_fact("1", hlc=HybridTime(NOW_MS + 90_000))

    await ministry.apply("FED-OPH", Peer().batch(ahead, a_fact("2", 2), a_fact("5", key=other)))

    assert (await ministry.value(), await ministry.value(other)) == (None, "5")
    assert await ministry.rows("SELECT fate, reason FROM inbox ORDER BY seq") == [
        ("parked", "CLOCK_TOO_FAR_AHEAD"),
        ("parked", "BEHIND_A_PARKED_ENVELOPE"),
        ("applied", ""),
    ]
    release = ReleaseLanes(ministry.open, HERE, ministry.clock)
    assert await release("FED-OPH") == 2
    ministry.clock.advance(minutes=1)
    assert await release("FED-OPH") == 0
    assert await ministry.value() == "2"


async def test_a_peer_whose_clock_runs_ahead_is_refused_until_it_is_right(ministry: Ministry) -> None:
    batch = Peer().batch(a_fact("1"), now=NOW + timedelta(minutes=2))

    assert await ministry.refusal(batch) is Refusal.CLOCK_AHEAD


@pytest.mark.parametrize("table", ["inbox", "fact_versions", "cursors", "outbox_events", "receipts"])
async def test_a_failure_at_any_statement_leaves_nothing_behind_and_the_next_try_succeeds(
    ministry: Ministry, sessions: Sessions, table: str
) -> None:
    batch = Peer().batch(a_fact("1"))
    async with sessions.begin() as session:
        await session.execute(
            text(
                "CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'injected' USING ERRCODE = '42501'; END $$"
            )
        )
        await session.execute(
            text(f"CREATE TRIGGER injected BEFORE INSERT OR UPDATE ON {table} EXECUTE FUNCTION fail_once()")
        )
    try:
        with pytest.raises(ProgrammingError):
            await ministry.apply("FED-OPH", batch)
        assert (await ministry.value(), await ministry.size()) == (None, 0)
        assert await ministry.rows("SELECT 1 FROM inbox UNION ALL SELECT 1 FROM receipts") == []
    finally:
        async with sessions.begin() as session:
            await session.execute(text("DROP FUNCTION fail_once() CASCADE"))

    await ministry.apply("FED-OPH", batch)
    assert await ministry.value() == "1"


def a_decision(origin: str = "FED-OPH", document: str = "QDIS") -> Adjustment:
    return Adjustment("a-1", origin, document, 2024, "2024.1", "Q-02", "R", "Instruction de campagne.", "Alex", NOW)


@pytest.mark.parametrize(
    "forged",
    [
        a_decision(document="ER"),
        a_decision(origin="FED-ESH"),
        a_decision(origin="MIN", document="ER"),
        a_decision(document="whole"),
    ],
    ids=["the ministry's document", "another federation's", "the ministry's own word", "nobody's document"],
)
async def test_a_peer_that_decides_on_what_is_not_its_own_is_dropped_and_reported(
    ministry: Ministry, forged: Adjustment
) -> None:
    await ministry.apply("FED-OPH", Peer().batch(forged, a_fact("1")))

    assert await ministry.value() == "1"
    assert await ministry.rows("SELECT fate, reason, content FROM inbox WHERE seq = 1") == [
        ("dropped", "NOT_ENTITLED", None)
    ]
    assert await ministry.rows("SELECT kind, facts->>'origin' FROM incidents") == [("UnentitledItemDropped", "FED-OPH")]
    assert await ministry.rows("SELECT 1 FROM adjustments") == []
    assert await ministry.rows("SELECT kind FROM outbox_events") == [("FactsChanged",)]


async def test_a_decision_told_twice_is_told_to_validation_once(ministry: Ministry) -> None:
    await ministry.apply("FED-OPH", Peer().batch(a_decision(), a_fact("1"), a_decision()))

    assert await ministry.rows("SELECT fate FROM inbox ORDER BY seq") == [("applied",)] * 3
    assert await ministry.rows("SELECT lane FROM outbox_events WHERE kind = 'AdjustmentReceived'") == [
        ("controls/FED-OPH",)
    ]


class ScriptedPeers:
    """Answers pulls from a list."""

    def __init__(self, *answers: Pulled) -> None:
        self._answers = list(answers)

    async def pull(self, peer: str, epoch: str, first: int, wait_ms: int) -> Pulled:
        return self._answers.pop(0)

    async def acknowledge(self, peer: str, receipt: Receipt) -> None:
        return None


def pulled(batch: Batch) -> Pulled:
    items = [item.to_bytes() for item in batch.items]
    return Pulled(items, batch.checkpoint.signed_bytes(), batch.signature)


def announced(epoch: Epoch) -> Pulled:
    notice = EpochNotice("FED-OPH", epoch, None)
    return Pulled([], notice.signed_bytes(), Keys("FED-OPH").sign(notice.signed_bytes()))


def flips(content: bytes) -> Iterable[bytes]:
    for at in range(0, len(content), max(1, len(content) // 40)):
        yield content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


async def test_every_flipped_bit_of_an_answer_is_refused_and_the_whole_answer_then_accepted(ministry: Ministry) -> None:
    good = pulled(Peer().batch(a_fact("1"), a_fact("2", 2)))
    damaged = [Pulled([bad, good.envelopes[1]], good.statement, good.signature) for bad in flips(good.envelopes[0])]
    damaged += [Pulled(good.envelopes, bad, good.signature) for bad in flips(good.statement)]
    damaged += [Pulled(good.envelopes, good.statement, bad) for bad in flips(good.signature)]
    damaged += [Pulled(good.envelopes[:1], good.statement, good.signature)]
    catch_up = CatchUp(ministry.open, HERE, ScriptedPeers(*damaged, good), ministry.apply, Keys("MIN"))

    for _ in damaged:
        with pytest.raises(BatchRefused):
            await catch_up("FED-OPH", 0)
    assert await ministry.size() == 0
    assert await catch_up("FED-OPH", 0) == 2


async def test_a_restored_peer_is_followed_into_its_new_epoch_and_told_everything_again(ministry: Ministry) -> None:
    await ministry.apply("FED-OPH", Peer().batch(a_fact("1")))
    new = Epoch(2, "cd")
    batch = pulled(Peer(new).batch(a_fact("1")))
    catch_up = CatchUp(ministry.open, HERE, ScriptedPeers(announced(new), batch), ministry.apply, Keys("MIN"))

    await catch_up("FED-OPH", 0)
    assert await catch_up("FED-OPH", 0) == 1

    assert await ministry.value() == "1"
    assert await ministry.rows("SELECT peer, size FROM stream_heads") == [("FED-OPH", 1)]


async def test_a_peer_met_for_the_first_time_or_restored_is_told_what_was_decided_before(ministry: Ministry) -> None:
    own = a_decision("MIN", "ER")
    async with ministry.open() as work:
        await work.adjustments.add(own, HybridTime(NOW_MS))
        await work.adjustments.add(a_decision(), HybridTime(NOW_MS))
        await work.commit()
    peers = ScriptedPeers(announced(Epoch(2, "cd")))

    await CatchUp(ministry.open, HERE, peers, ministry.apply, Keys("MIN"))("FED-OPH", 0)

    async with ministry.open() as work:
        sent = [Envelope.from_bytes(one.content).content for one in await work.streams.read("FED-OPH", 1, 9)]
    assert [adjustment_of_content(one) for one in sent] == [own], "and not what it decided itself"


def serving(ministry: Ministry) -> PullBatch:
    async def no_connection() -> None:
        raise OSError

    hints = PostgresHints(no_connection)  # type: ignore[arg-type]
    return PullBatch(ministry.open, HERE, Keys("MIN"), hints, ministry.clock)


async def test_a_server_that_we_exchange_nothing_with_gets_nothing(ministry: Ministry) -> None:
    with pytest.raises(UnknownPeer):
        await serving(ministry)("FED-ESH", "", 1, 0)


async def test_what_was_numbered_before_a_withdrawal_is_withheld_when_it_is_read(ministry: Ministry) -> None:
    async with ministry.open() as work:
        work.streams.append("FED-OPH", [content_of_fact(a_fact("CANARY-4711"))], DOCUMENT)
        await work.commit()
    async with ministry.open() as work:
        await work.memberships.put(replace(DOCUMENT, version=2, members=()))
        epoch = (await work.streams.epoch()).to_text()
        await work.commit()

    batch = await serving(ministry)("FED-OPH", epoch, 1, 0)

    assert isinstance(batch, Batch)
    assert [item.to_bytes().split(b"\n")[0] for item in batch.items] == [b"harmonia.sync/1/withheld"]
    assert b"CANARY" not in batch.items[0].to_bytes()
    cursor = Cursor("MIN", batch.checkpoint.epoch, "FED-OPH")
    assert cursor.accept(batch, identity="MIN", verifier=Keys("MIN"), now=NOW).size == 1


async def test_a_receipt_about_a_state_we_never_had_is_rejected(ministry: Ministry) -> None:
    async with ministry.open() as work:
        epoch = await work.streams.epoch()
    receipt = Receipt("FED-OPH", "MIN", epoch, 7, bytes(32), NOW).signed(Keys("FED-OPH"))

    with pytest.raises(ReceiptRejected):
        await TakeReceipt(ministry.open, HERE, Keys("MIN"))("FED-OPH", receipt)
