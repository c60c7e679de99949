"""Identifiers sort by the instant they were made at."""

from datetime import UTC, datetime

from chassis.identifiers import TimeSortableIdentifiers
from tests.support.clocks import FrozenClock


def test_a_later_identifier_is_greater():
    clock = FrozenClock()
    identifiers = TimeSortableIdentifiers(clock)
    made = []
    for _ in range(50):
        made.append(identifiers.next())
        clock.advance(milliseconds=1)

    assert made == sorted(made)
    assert [str(one) for one in made] == sorted(str(one) for one in made)


def test_an_identifier_tells_its_instant():
    at = datetime(2025, 6, 2, 9, 0, 0, 123_000, tzinfo=UTC)

    made = TimeSortableIdentifiers(FrozenClock(at)).next()

    assert made.int >> 80 == int(at.timestamp() * 1000)


def test_an_identifier_is_a_uuid_of_version_7():
    made = TimeSortableIdentifiers(FrozenClock(), lambda count: b"\xff" * count).next()

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"


def test_a_thousand_identifiers_of_one_instant_differ():
    identifiers = TimeSortableIdentifiers(FrozenClock())

    assert len({identifiers.next() for _ in range(1000)}) == 1000
