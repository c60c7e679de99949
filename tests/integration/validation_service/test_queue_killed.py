"""Workers of the queue as real processes: one killed in the middle, one that sleeps past its lease and wakes too late."""

import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from chassis.clock import SystemClock
from chassis.database.engine import sessions_of
from services.validation.domain.run import Run, RunKind, RunState
from services.validation.store.unit_of_work import ValidationUnitOfWork
from tests.support.hosting import a_stack
from tests.support.postgres import TestDatabase
from tests.support.workshop import Workshop, an_engine

pytestmark = pytest.mark.slow

PAGES = 60
SLOW, FAST = 1.0, 0.01
"""Seconds a page takes: the first worker must not end before it is killed."""
WORKER = f"""
import asyncio, sys, uuid
from functools import partial

from chassis.clock import SystemClock
from chassis.database.engine import sessions_of
from services.validation.domain.run import RunKind
from services.validation.store.unit_of_work import ValidationUnitOfWork
from services.validation.usecases.run_queue import TakeRun
from tests.support.hosting import a_stack
from tests.support.validation_fakes import Waits
from tests.support.workshop import Shift, an_engine

shift = Shift(*sys.argv[1:])


class Paging:
    async def __call__(self, run, advance):
        page = run.progress.get("page", 0)
        while page < {PAGES}:
            page += 1
            shift.note(page)
            await asyncio.sleep(shift.pause)
            await advance({{"page": page}}, page)
        return {{"changed": page, "by": shift.name}}


async def main():
    clock = SystemClock()
    sessions = sessions_of(an_engine(shift.url, "validation"))
    open_work = partial(ValidationUnitOfWork, sessions, clock, a_stack().identifiers)
    await shift.work(TakeRun(open_work, {{RunKind.REJUDGE: Paging()}}, Waits(), clock, shift.lease, uuid.uuid4()))


asyncio.run(main())
"""


class Queue(Workshop):
    """One run in a queue, and the processes that work it off."""

    async def run(self) -> Run:
        """The run as it is kept."""
        async with self.open_work() as work:
            return await work.runs.get(UUID(int=1))


@pytest.fixture
async def workshop(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Queue]:
    url, clock = database.apart("queue").fresh("validation"), SystemClock()
    engine = an_engine(url, "validation")
    open_work = partial(ValidationUnitOfWork, sessions_of(engine), clock, a_stack().identifiers)
    async with open_work() as work:
        await work.runs.add(Run(UUID(int=1), RunKind.REJUDGE, {"year": 2024}, clock.now()))
        await work.commit()
    yield Queue(WORKER, url, tmp_path / "diary", open_work)
    await engine.dispose()


async def test_a_run_whose_worker_is_killed_is_gone_on_with_by_another_after_the_lease(workshop: Queue) -> None:
    async with workshop.worker("first", SLOW) as first:
        await workshop.until("first 1")
        async with workshop.worker("second", FAST):
            await workshop.until("second idle")
            first.send_signal(signal.SIGKILL)
            await first.wait()
            kept = (await workshop.run()).done
            await workshop.until("second ended")

    done, lines = await workshop.run(), workshop.lines()
    begun = next(line for line in lines if line.startswith("second ") and line[7:].isdigit())
    assert (done.state, done.result, done.token) == (RunState.DONE, {"changed": PAGES, "by": "second"}, 2)
    assert 0 < kept < PAGES
    assert begun == f"second {kept + 1}", "from the last page that was kept"


async def test_a_worker_that_sleeps_past_its_lease_and_wakes_is_fenced_out(workshop: Queue) -> None:
    async with workshop.worker("sleeper", SLOW) as sleeper:
        await workshop.until("sleeper 3")
        sleeper.send_signal(signal.SIGSTOP)
        async with workshop.worker("second", FAST):
            await workshop.until("second ended")
        done, before = await workshop.run(), workshop.lines()
        sleeper.send_signal(signal.SIGCONT)
        await workshop.until("sleeper ended")

    assert (done.state, done.result) == (RunState.DONE, {"changed": PAGES, "by": "second"})
    assert await workshop.run() == done, "what the sleeper said when it woke changed nothing"
    woken = [line for line in workshop.lines()[len(before) :] if line.startswith("sleeper")]
    assert woken in (["sleeper ended", *woken[1:]], [woken[0], "sleeper ended", *woken[2:]]), (
        "at the first word refused"
    )
