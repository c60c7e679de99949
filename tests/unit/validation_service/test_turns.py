"""Who goes first to the worker processes, and who is told to come back."""

import asyncio
from itertools import pairwise

import pytest

from services.validation.clients.turns import PATIENCE_SECONDS, USUAL_SECONDS, Turns
from services.validation.domain.errors import EngineBusy


class Seconds:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Office:
    """Two kinds of callers before the same places, and the order in which they were served."""

    def __init__(self, places: int = 1, longest_wait: float = 100.0) -> None:
        self.clock = Seconds()
        self.turns = Turns(places, longest_wait, self.clock)
        self.served: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []

    async def ask(self, name: str) -> "asyncio.Task[None]":
        """Ask for a place; who is of a campaign has a name that begins with c."""

        async def one() -> None:
            await self.turns.take(is_background=name.startswith("c"))
            self.served.append(name)

        task = asyncio.create_task(one())
        self._tasks.append(task)
        await asyncio.sleep(0)
        return task

    async def end_one(self, seconds: float = USUAL_SECONDS) -> None:
        started = self.clock.now
        self.clock.now += seconds
        self.turns.give_back(started)
        await asyncio.sleep(0)

    async def end_all(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def test_a_campaign_of_nine_hundred_delays_a_save_by_one_filing() -> None:
    office = Office()
    for number in range(900):
        await office.ask(f"c{number}")
    assert office.served == ["c0"]

    await office.ask("save")
    await office.end_one()

    assert office.served == ["c0", "save"]
    await office.end_one()
    assert office.served == ["c0", "save", "c1"]
    await office.end_all()


async def test_those_who_wait_are_served_in_the_order_they_came() -> None:
    office = Office(places=2)
    for name in ("a", "b", "d", "c1", "e"):
        await office.ask(name)

    for _ in range(3):
        await office.end_one()

    assert office.served == ["a", "b", "d", "e", "c1"]


async def test_a_campaign_goes_on_while_people_keep_every_place_busy_once_a_second() -> None:
    office = Office()
    await office.ask("a")
    for number in range(60):
        await office.ask(f"p{number}")
    for number in range(5):
        await office.ask(f"c{number}")

    for _ in range(45):
        await office.end_one(PATIENCE_SECONDS / 20)

    turns = [place for place, name in enumerate(office.served) if name.startswith("c")]
    assert len(turns) == 2
    assert min(later - earlier for earlier, later in pairwise(turns)) >= 20
    await office.end_all()


async def test_who_would_wait_too_long_is_told_at_once_when_to_come_back() -> None:
    office = Office(places=2, longest_wait=USUAL_SECONDS * 2.9)
    for number in range(7):
        await office.ask(f"p{number}")
    assert office.served == ["p0", "p1"]

    await office.ask("c1")
    with pytest.raises(EngineBusy) as busy:
        await (await office.ask("one too many"))

    assert busy.value.metadata == {"retry_after": "1"}
    await office.end_one()
    await office.ask("later")
    assert office.served == ["p0", "p1", "p2"]
    await office.end_all()


async def test_slow_evaluations_shorten_the_queue_and_lengthen_the_advice() -> None:
    office = Office(longest_wait=10.0)
    for number in range(30):
        await office.ask(f"p{number}")
    for _ in range(20):
        await office.end_one(seconds=4.0)

    with pytest.raises(EngineBusy) as busy:
        await (await office.ask("one too many"))

    assert int(busy.value.metadata["retry_after"]) > 30
    await office.end_all()


async def test_a_caller_who_leaves_frees_its_turn_even_when_it_comes_at_that_moment() -> None:
    office = Office()
    await office.ask("a")
    left, at_that_moment = await office.ask("left"), await office.ask("at that moment")
    await office.ask("b")

    left.cancel()
    await asyncio.sleep(0)
    office.turns.give_back(0.0)
    at_that_moment.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert office.served == ["a", "b"]
    await office.end_one()
    assert office.turns.expected_wait == 0.0
