from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.sync.domain.batch import MAX_ENVELOPES, Batch, Item, Withheld
from services.sync.domain.envelope import Envelope, Epoch, content_of_fact
from services.sync.domain.errors import BatchRefused, Refusal
from services.sync.domain.fact import Fact, FactKey, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.merkle import EMPTY_ROOT, Frontier
from services.sync.domain.stream import Cursor, EpochNotice, Head, Lanes
from services.sync.domain.version_vector import VersionVector
from tests.unit.sync.simulator import Keys

NOW = datetime(2025, 7, 1, tzinfo=UTC)
EPOCH = Epoch(1, "ab")
CURSOR = Cursor("MIN", EPOCH, "FED-OPH")
VERIFIER = Keys("FED-OPH")


class Stream:
    """The origin's side, with what it would have stored."""

    def __init__(
        self, count: int = 0, *, epoch: Epoch = EPOCH, origin: str = "MIN", peer: str = "FED-OPH", salt: str = ""
    ) -> None:
        self.head = Head(origin, epoch, peer)
        self.envelopes: list[Envelope] = []
        self.roots = [EMPTY_ROOT]
        for number in range(count):
            self.append(f"{salt}{number}")

    def append(self, value: str) -> None:
        key = FactKey("123456789", 2024, "PRD.LOYERS_CONV")
        fact = Fact(key, value, VersionVector((("MIN", 1),)), HybridTime(1), "u", "MIN", Source.TYPED)
        self.head, envelope = self.head.appended(content_of_fact(fact), entitlement="e", blind="b")
        self.envelopes.append(envelope)
        self.roots.append(self.head.frontier.root)

    def batch(self, first: int = 1, last: int | None = None, *, now: datetime = NOW, key: str | None = None) -> Batch:
        end = len(self.envelopes) if last is None else last
        items: list[Item] = list(self.envelopes[first - 1 : end])
        return self.head.batch(items, size=end, root=self.roots[end], now=now, signer=Keys(key or self.head.origin))


def accept(cursor: Cursor, batch: Batch, **changes: object) -> Cursor:
    arguments: dict[str, object] = {"identity": "MIN", "verifier": VERIFIER, "now": NOW, **changes}
    return cursor.accept(batch, **arguments)  # type: ignore[arg-type]


def refusal(cursor: Cursor, batch: Batch, **changes: object) -> Refusal:
    with pytest.raises(BatchRefused) as caught:
        accept(cursor, batch, **changes)
    assert caught.value.code == f"BATCH_{caught.value.refusal.value}"
    return caught.value.refusal


def test_consecutive_batches_move_the_cursor_and_the_roots_agree() -> None:
    stream = Stream(5)

    cursor = accept(accept(CURSOR, stream.batch(1, 3)), stream.batch(4, 5))

    assert (cursor.size, cursor.frontier.root) == (5, stream.head.frontier.root)


def test_an_empty_batch_says_where_the_stream_stands_and_moves_nothing() -> None:
    stream = Stream(2)
    cursor = accept(CURSOR, stream.batch())

    assert accept(cursor, stream.batch(3, 2)) == cursor


def test_a_withheld_item_keeps_its_place() -> None:
    stream = Stream(3)
    whole = stream.batch()
    second = whole.items[1]
    assert isinstance(second, Envelope)
    batch = replace(whole, items=(whole.items[0], Withheld(2, second.leaf), whole.items[2]))

    assert accept(CURSOR, batch).frontier.root == stream.head.frontier.root


def test_a_gap_is_refused() -> None:
    assert refusal(CURSOR, Stream(5).batch(3, 5)) is Refusal.GAP


def test_a_replay_and_an_overlap_are_refused() -> None:
    stream = Stream(5)
    cursor = accept(CURSOR, stream.batch(1, 3))

    assert refusal(cursor, stream.batch(1, 3)) is Refusal.REPLAYED
    assert refusal(cursor, stream.batch(1, 2)) is Refusal.REPLAYED
    assert refusal(cursor, stream.batch(3, 5)) is Refusal.REPLAYED


def test_the_identity_of_the_connection_must_be_the_origin() -> None:
    assert refusal(CURSOR, Stream(1).batch(), identity="FED-ESH") is Refusal.WRONG_ORIGIN
    assert refusal(CURSOR, Stream(1, origin="FED-ESH").batch(), identity="MIN") is Refusal.WRONG_ORIGIN
    assert refusal(CURSOR, Stream(1, origin="FED-ESH").batch(), identity="FED-ESH") is Refusal.WRONG_ORIGIN


def test_a_batch_for_another_peer_is_refused() -> None:
    assert refusal(CURSOR, Stream(1, peer="FED-ESH").batch()) is Refusal.NOT_FOR_US


def test_a_bad_signature_is_refused() -> None:
    assert refusal(CURSOR, Stream(1).batch(key="FED-ESH")) is Refusal.BAD_SIGNATURE
    batch = Stream(2).batch()
    longer = replace(batch, checkpoint=replace(batch.checkpoint, size=3))
    assert refusal(CURSOR, longer) is Refusal.BAD_SIGNATURE


def test_another_epoch_is_refused_as_past_or_unknown() -> None:
    assert refusal(CURSOR, Stream(1, epoch=Epoch(2, "cd")).batch()) is Refusal.EPOCH_UNKNOWN
    assert refusal(CURSOR, Stream(1, epoch=Epoch(1, "cd")).batch()) is Refusal.EPOCH_RETIRED


def test_more_than_500_envelopes_are_refused() -> None:
    assert refusal(CURSOR, Stream(MAX_ENVELOPES + 1).batch()) is Refusal.TOO_LARGE
    assert accept(CURSOR, Stream(MAX_ENVELOPES).batch()).size == MAX_ENVELOPES


def test_a_clock_more_than_a_minute_ahead_is_refused() -> None:
    assert refusal(CURSOR, Stream(1).batch(now=NOW + timedelta(seconds=61))) is Refusal.CLOCK_AHEAD
    assert accept(CURSOR, Stream(1).batch(now=NOW + timedelta(seconds=60))).size == 1


def test_damage_on_the_way_is_told_from_a_fork() -> None:
    batch = Stream(3).batch()
    other = Stream(3, salt="x").batch()

    assert refusal(CURSOR, replace(batch, items=batch.items[:2])) is Refusal.DAMAGED
    assert refusal(CURSOR, replace(batch, items=(*batch.items[:2], other.items[2]))) is Refusal.DAMAGED
    assert refusal(CURSOR, replace(batch, items=(batch.items[1], batch.items[0], batch.items[2]))) is Refusal.DAMAGED
    assert refusal(CURSOR, replace(batch, items=(*batch.items[:2], Withheld(3, bytes(32))))) is Refusal.DAMAGED


def test_two_histories_of_one_stream_are_a_fork() -> None:
    cursor = accept(CURSOR, Stream(3).batch())
    other = Stream(4, salt="x")

    assert refusal(cursor, other.batch(4, 4)) is Refusal.FORKED
    assert refusal(cursor, other.batch(4, 3)) is Refusal.FORKED
    assert refusal(cursor, other.batch(1, 2), seen_root=Stream(2).head.frontier.root) is Refusal.FORKED


def test_a_frozen_stream_takes_nothing_more() -> None:
    assert refusal(CURSOR.frozen(), Stream(1).batch()) is Refusal.FROZEN


def notice(epoch: Epoch, origin: str = "MIN", key: str = "MIN") -> EpochNotice:
    unsigned = EpochNotice(origin, epoch, EPOCH)
    return replace(unsigned, signature=Keys(key).sign(unsigned.signed_bytes()))


def test_a_new_epoch_starts_again_from_one_and_retires_the_old() -> None:
    cursor = accept(CURSOR, Stream(3).batch())

    renewed = cursor.renewed(notice(Epoch(2, "cd")), identity="MIN", verifier=VERIFIER)

    assert renewed == Cursor("MIN", Epoch(2, "cd"), "FED-OPH", Frontier())
    assert refusal(renewed, Stream(4).batch(4, 4)) is Refusal.EPOCH_RETIRED
    assert accept(renewed, Stream(1, epoch=Epoch(2, "cd")).batch()).size == 1


def test_the_present_epoch_announced_again_changes_nothing() -> None:
    assert CURSOR.renewed(notice(EPOCH), identity="MIN", verifier=VERIFIER) == CURSOR


@pytest.mark.parametrize(
    ("word", "identity", "expected"),
    [
        (notice(Epoch(2, "cd")), "FED-ESH", Refusal.WRONG_ORIGIN),
        (notice(Epoch(2, "cd"), key="FED-ESH"), "MIN", Refusal.BAD_SIGNATURE),
        (notice(Epoch(1, "cd")), "MIN", Refusal.FORKED),
    ],
)
def test_an_epoch_is_followed_only_on_its_origins_word(word: EpochNotice, identity: str, expected: Refusal) -> None:
    with pytest.raises(BatchRefused) as caught:
        CURSOR.renewed(word, identity=identity, verifier=VERIFIER)
    assert caught.value.refusal is expected


def test_an_earlier_epoch_is_never_returned_to() -> None:
    later = CURSOR.renewed(notice(Epoch(3, "cd")), identity="MIN", verifier=VERIFIER)

    with pytest.raises(BatchRefused, match="RETIRED"):
        later.renewed(notice(Epoch(2, "ee")), identity="MIN", verifier=VERIFIER)


def test_a_parked_lane_holds_one_body_and_gives_back_its_envelopes_in_order() -> None:
    lanes = Lanes().parked("100000001", 4).parked("100000001", 9).parked("100000002", 5)

    rest, numbers = lanes.released("100000001")

    assert (numbers, rest.is_parked("100000001"), rest.is_parked("100000002")) == ((4, 9), False, True)
