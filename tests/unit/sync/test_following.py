"""The worker that follows a peer: it waits longer after each failure, and never gives up."""

from typing import Any

import pytest

from chassis.errors import Unavailable
from services.sync.domain.errors import BatchRefused, Refusal
from services.sync.workers.following import WAIT_MS, BackOff, Following
from tests.support.clocks import FrozenClock


class Script:
    """Stands for the use cases: does what it is told, notes what it was asked."""

    def __init__(self, *results: int | Exception) -> None:
        self.results = list(results)
        self.waits: list[int] = []
        self.notes: list[str] = []

    async def catch_up(self, peer: str, wait_ms: int) -> int:
        del peer
        self.waits.append(wait_ms)
        result = self.results.pop(0) if self.results else 0
        if isinstance(result, Exception):
            raise result
        return result

    async def release(self, peer: str) -> int:
        del peer
        return 0

    async def note(self, peer: str, failure: str) -> None:
        del peer
        self.notes.append(failure)


def following(script: Script, clock: FrozenClock | None = None) -> Following:
    catch_up: Any = script.catch_up
    release: Any = script.release
    note: Any = script.note
    return Following("MIN", catch_up, release, note, BackOff(lambda: 1.0), clock or FrozenClock())


@pytest.mark.parametrize(
    ("is_refused", "expected"), [(True, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]), (False, [1, 2, 4, 5, 5])]
)
def test_waits_double_up_to_a_limit(is_refused: bool, expected: list[float]) -> None:
    back_off = BackOff(lambda: 1.0)

    assert [back_off.next(is_refused=is_refused) for _ in expected] == expected


def test_jitter_spreads_waits_over_half_of_them() -> None:
    assert BackOff(lambda: 0.0).next(is_refused=True) == 0.5


def test_ten_thousand_failures_do_not_stop_the_waits() -> None:
    back_off = BackOff(lambda: 1.0)

    assert {back_off.next(is_refused=True) for _ in range(10_000)} >= {300.0}


async def test_a_success_is_followed_at_once_by_the_next_exchange_which_waits_for_news() -> None:
    script = Script(500, 3, 0, 0)
    worker = following(script)

    assert [await worker.step() for _ in range(4)] == [0, 0, 0, 0]
    assert script.waits == [0, 0, 0, WAIT_MS]
    assert script.notes == ["", "", "", ""]


async def test_failures_of_every_kind_are_noted_and_waited_out() -> None:
    script = Script(Unavailable("away"), BatchRefused(Refusal.GAP), RuntimeError("a defect"), 0)
    worker = following(script)

    waits = [await worker.step() for _ in range(4)]

    assert waits == [1, 2, 4, 0]
    assert script.notes == ["UNAVAILABLE: away", "BATCH_GAP: Lot refusé : GAP.", "RuntimeError", ""]


async def test_the_first_exchange_after_a_failure_does_not_wait_for_news() -> None:
    script = Script(0, Unavailable("away"), 0)
    worker = following(script)

    for _ in range(3):
        await worker.step()

    assert script.waits == [0, WAIT_MS, 0]


async def test_a_quarter_of_an_hour_without_exchange_raises_an_alarm(capsys: pytest.CaptureFixture[str]) -> None:
    clock = FrozenClock()
    worker = following(Script(Unavailable("away"), Unavailable("away")), clock)

    await worker.step()
    before = capsys.readouterr().out
    clock.advance(minutes=15)
    await worker.step()

    assert "quarter of an hour" not in before
    assert "quarter of an hour" in capsys.readouterr().out
