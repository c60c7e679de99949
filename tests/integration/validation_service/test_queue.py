"""The queue on PostgreSQL: no run twice at once, none lost, and nothing kept of a worker that lost its lease."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.database.engine import open_engine, sessions_of
from chassis.errors import Unavailable
from chassis.settings import DatabaseSettings
from services.validation.domain.errors import LeaseLost, RunUnknown
from services.validation.domain.run import Run, RunKind, RunState
from services.validation.store.runs import OLDEST_WAIT_SQL
from services.validation.store.unit_of_work import ValidationUnitOfWork
from services.validation.usecases.run_queue import Advance, GetQueueStatus, ObserveQueue, TakeRun
from tests.support.clocks import FrozenClock
from tests.support.hosting import a_caller, a_stack
from tests.support.postgres import TestDatabase
from tests.support.validation_fakes import Waits

LEASE = timedelta(seconds=60)
STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})

OpenWork = Callable[[], ValidationUnitOfWork]


class Queue:
    """The queue with a clock that the test moves."""

    def __init__(self, open_work: OpenWork, clock: FrozenClock) -> None:
        self.open_work, self.clock, self.gauge = open_work, clock, Waits()

    async def add(self, number: int) -> Run:
        run = Run(UUID(int=number), RunKind.REJUDGE, {"year": 2024}, self.clock.now())
        async with self.open_work() as work:
            await work.runs.add(run)
            await work.commit()
        return run

    async def take(self) -> Run | None:
        async with self.open_work() as work:
            run = await work.runs.take(self.clock.now(), self.clock.now() + LEASE)
            await work.commit()
        return run

    async def finish(self, run: Run, **result: Any) -> None:
        async with self.open_work() as work:
            await work.runs.finish(run, result, self.clock.now())
            await work.commit()

    async def get(self, number: int) -> Run:
        async with self.open_work() as work:
            return await work.runs.get(UUID(int=number))

    def doing(self, what: Callable[[Run, Advance], Any]) -> TakeRun:
        class Work:
            async def __call__(self, run: Run, advance: Advance) -> Mapping[str, Any]:
                found: Mapping[str, Any] = await what(run, advance)
                return found

        return TakeRun(self.open_work, {RunKind.REJUDGE: Work()}, self.gauge, self.clock, LEASE, UUID(int=99))


@pytest.fixture
async def queue(database: TestDatabase) -> AsyncIterator[Queue]:
    engine = open_engine(
        DatabaseSettings(url=SecretStr(database.apart("queue").fresh("validation")), pool_size=10), "validation"
    )
    clock = FrozenClock()
    yield Queue(partial(ValidationUnitOfWork, sessions_of(engine), clock, a_stack().identifiers), clock)
    await engine.dispose()


async def test_twenty_workers_share_ten_runs_without_taking_one_twice(queue: Queue) -> None:
    for number in range(1, 11):
        await queue.add(number)

    taken = await asyncio.gather(*(queue.take() for _ in range(20)))
    found = [run.id.int for run in taken if run]
    while (more := await queue.take()) is not None:  # a row that was held by another is skipped: it is there next time
        found.append(more.id.int)

    assert sorted(found) == list(range(1, 11))


async def test_a_run_goes_back_to_the_queue_when_its_lease_runs_out(queue: Queue) -> None:
    await queue.add(1)
    first = await queue.take()
    assert await queue.take() is None

    queue.clock.advance(seconds=61)
    second = await queue.take()

    assert first is not None
    assert second is not None
    assert (second.id, second.token, second.attempts) == (first.id, first.token + 1, 2)


async def test_what_a_zombie_says_under_an_old_token_is_refused(queue: Queue) -> None:
    await queue.add(1)
    zombie = await queue.take()
    queue.clock.advance(seconds=61)
    living = await queue.take()
    assert zombie is not None
    assert living is not None

    with pytest.raises(LeaseLost):
        await queue.finish(zombie, changed=999)
    async with queue.open_work() as work:
        with pytest.raises(LeaseLost):
            await work.runs.advance(zombie, {"after": "x"}, 5, queue.clock.now() + LEASE)
        with pytest.raises(LeaseLost):
            await work.runs.give_up(zombie, "x", queue.clock.now())
    await queue.finish(living, changed=3)
    with pytest.raises(LeaseLost):
        await queue.finish(zombie, changed=999)

    kept = await queue.get(1)
    assert (kept.state, kept.result, kept.failure) == (RunState.DONE, {"changed": 3}, "")


async def test_progress_renews_the_lease_and_the_next_worker_goes_on_from_it(queue: Queue) -> None:
    await queue.add(1)
    seen = []

    async def dies_after_a_page(run: Run, advance: Advance) -> Mapping[str, Any]:
        seen.append(dict(run.progress))
        if run.attempts > 1:
            return {"changed": 1}
        queue.clock.advance(seconds=59)
        await advance({"after": "page-1"}, 20)
        queue.clock.advance(seconds=59)
        assert await queue.take() is None
        raise asyncio.CancelledError  # the process is killed

    with pytest.raises(asyncio.CancelledError):
        await queue.doing(dies_after_a_page)()
    queue.clock.advance(seconds=2)
    assert await queue.doing(dies_after_a_page)()

    assert seen == [{}, {"after": "page-1", "seconds": 59.0}]
    assert (await queue.get(1)).state is RunState.DONE


async def test_a_run_that_fails_waits_and_is_given_up_in_the_end(queue: Queue) -> None:
    await queue.add(1)

    async def fails(run: Run, advance: Advance) -> Mapping[str, Any]:
        raise Unavailable("forms ne répond pas.")

    for _ in range(5):
        assert await queue.doing(fails)()
        assert not await queue.doing(fails)(), "it waits before the next attempt"
        queue.clock.advance(seconds=60)

    kept = await queue.get(1)
    assert (kept.state, kept.failure) == (RunState.FAILED, "UNAVAILABLE: forms ne répond pas.")
    assert not await queue.doing(fails)()


async def test_a_run_that_kills_every_worker_is_given_up(queue: Queue) -> None:
    await queue.add(1)
    for _ in range(5):
        assert await queue.take() is not None
        queue.clock.advance(seconds=61)

    async def never(run: Run, advance: Advance) -> Mapping[str, Any]:
        raise AssertionError("it must not run again")

    assert await queue.doing(never)()
    assert (await queue.get(1)).state is RunState.FAILED


async def test_place_estimate_and_wait_are_shown(queue: Queue) -> None:
    status = GetQueueStatus(queue.open_work, queue.clock)
    for number in (1, 2, 3):
        await queue.add(number)
    queue.clock.advance(seconds=30)

    async def takes_eight_seconds(run: Run, advance: Advance) -> Mapping[str, Any]:
        queue.clock.advance(seconds=8)
        await advance({"left": 0}, 100)
        return {}

    before = await status(STAFF, UUID(int=3))
    await queue.doing(takes_eight_seconds)()
    after = await status(STAFF, UUID(int=3))
    over = await status(STAFF, UUID(int=1))

    assert (before.place, before.seconds) == (3, 15.0)
    assert (after.place, after.seconds) == (2, 16.0)
    assert (over.place, over.seconds, over.run.state) == (0, 0.0, RunState.DONE)
    assert queue.gauge.waits == [30.0]
    with pytest.raises(RunUnknown):
        await status(STAFF, UUID(int=9))


async def test_the_wait_is_seen_while_the_only_worker_is_busy_and_autoscaling_sees_the_same(queue: Queue) -> None:
    observe = ObserveQueue(queue.open_work, queue.gauge, queue.clock)
    for number in (1, 2, 3):
        await queue.add(number)

    async def goes_on_for_a_minute(run: Run, advance: Advance) -> Mapping[str, Any]:
        queue.clock.advance(seconds=60)
        await observe()
        return {}

    await observe()
    await queue.doing(goes_on_for_a_minute)()
    async with queue.open_work() as work:
        session = work._session
        await session.execute(text("UPDATE validation.runs SET queued_at = now() - interval '59.5 seconds'"))
        asked = await session.scalar(text(OLDEST_WAIT_SQL))
        await session.execute(text("UPDATE validation.runs SET started_at = now()"))
        none = await session.scalar(text(OLDEST_WAIT_SQL))

    assert queue.gauge.seen == [(3, 0.0), (2, 60.0)]
    assert (asked, none) == (60, 0)


async def test_several_runs_are_read_without_what_they_found_and_one_with_it(queue: Queue) -> None:
    await queue.add(1)
    await queue.add(2)
    first = await queue.take()
    assert first is not None
    await queue.finish(first, changed=3)

    async with queue.open_work() as work:
        second, listed = await work.runs.latest(10)
        await work.runs.pace(second)
        found = await work.runs.get(first.id)

    assert (listed.id, listed.state, listed.result) == (first.id, RunState.DONE, {})
    assert found.result == {"changed": 3}, "though the same session had it without"
