import pytest

from services.sync.domain.errors import ClockTooFarAhead
from services.sync.domain.hlc import HybridTime


def test_a_later_wall_clock_resets_the_counter() -> None:
    assert HybridTime(1_000, 7).next(1_001) == HybridTime(1_001, 0)


def test_time_never_runs_backwards_when_the_wall_clock_does() -> None:
    assert HybridTime(1_000, 7).next(400) == HybridTime(1_000, 8)


def test_a_full_counter_borrows_the_next_millisecond() -> None:
    assert HybridTime(1_000, 65_535).next(1_000) == HybridTime(1_001, 0)


def test_receiving_gives_a_time_after_both() -> None:
    assert HybridTime(1_000, 0).after(HybridTime(5_000, 3), 2_000) == HybridTime(5_000, 4)


@pytest.mark.parametrize(("ahead_ms", "is_refused"), [(60_000, False), (60_001, True)])
def test_a_time_more_than_sixty_seconds_ahead_is_refused(ahead_ms: int, is_refused: bool) -> None:
    remote = HybridTime(1_000 + ahead_ms)

    if is_refused:
        with pytest.raises(ClockTooFarAhead):
            HybridTime(0).after(remote, 1_000)
    else:
        assert HybridTime(0).after(remote, 1_000) > remote


def test_packed_times_sort_as_times_and_come_back() -> None:
    times = [HybridTime(1, 65_535), HybridTime(2, 0), HybridTime(2**48 - 1, 65_535)]

    assert sorted(times, key=HybridTime.packed) == times
    assert [HybridTime.unpacked(time.packed()) for time in times] == times


def test_a_time_beyond_48_bits_does_not_exist() -> None:
    with pytest.raises(ValueError, match="out of range"):
        HybridTime(2**48)
