"""Workers of the queue as real processes: one killed in the middle, one that sleeps past its lease and wakes too late."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from chassis.clock import SystemClock
from chassis.database.engine import open_engine, sessions_of
from chassis.settings import DatabaseSettings
from services.validation.domain.run import Run, RunKind, RunState
from services.validation.store.unit_of_work import ValidationUnitOfWork
from tests.support.hosting import a_stack
from tests.support.postgres import TestDatabase

pytestmark = pytest.mark.slow

PAGES = 60
LEASE_SECONDS = 4.0
SLOW, FAST = 1.0, 0.01
"""Seconds a page takes: the first worker must not end before it is killed."""
WORKER = """
import asyncio, sys, uuid
from datetime import timedelta
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from chassis.clock import SystemClock
from chassis.database.engine import open_engine, sessions_of
from chassis.settings import DatabaseSettings
from services.validation.domain.run import RunKind
from services.validation.store.unit_of_work import ValidationUnitOfWork
from services.validation.usecases.run_queue import TakeRun
from tests.support.hosting import a_stack
from tests.support.validation_fakes import Waits

name, url, diary, pages = sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])
lease, pause = map(float, sys.argv[5:])


class Paging:
    async def __call__(self, run, advance):
        page = run.progress.get("page", 0)
        while page < pages:
            page += 1
            with diary.open("a") as file:
                file.write(f"{name} {page}\\n")
            await asyncio.sleep(pause)
            await advance({"page": page}, page)
        return {"changed": page, "by": name}


async def main():
    engine = open_engine(DatabaseSettings(url=SecretStr(url)), "validation")
    clock = SystemClock()
    open_work = partial(ValidationUnitOfWork, sessions_of(engine), clock, a_stack().identifiers)
    take = TakeRun(open_work, {RunKind.REJUDGE: Paging()}, Waits(), clock, timedelta(seconds=lease), uuid.uuid4())
    while True:
        did = await take()
        with diary.open("a") as file:
            file.write(f"{name} {'ended' if did else 'idle'}\\n")
        await asyncio.sleep(0.1)


asyncio.run(main())
"""


@dataclass
class Workshop:
    """One run in a queue, and the processes that work it off."""

    url: str
    diary: Path
    open_work: Callable[[], ValidationUnitOfWork]

    @asynccontextmanager
    async def worker(self, name: str, pause: float) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a worker until the context is left."""
        arguments = [name, self.url, str(self.diary), str(PAGES), str(LEASE_SECONDS), str(pause)]
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, *arguments)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def until(self, line: str, seconds: float = 60.0) -> None:
        """Wait until a worker has written a line."""
        async with asyncio.timeout(seconds):
            while line not in self.lines():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)

    def lines(self) -> list[str]:
        """What the workers wrote, in order."""
        return self.diary.read_text().splitlines()

    async def run(self) -> Run:
        """The run as it is kept."""
        async with self.open_work() as work:
            return await work.runs.get(UUID(int=1))


@pytest.fixture
async def workshop(database: TestDatabase, tmp_path: Path) -> AsyncIterator[Workshop]:
    url, clock = database.apart("queue").fresh("validation"), SystemClock()
    engine = open_engine(DatabaseSettings(url=SecretStr(url)), "validation")
    open_work = partial(ValidationUnitOfWork, sessions_of(engine), clock, a_stack().identifiers)
    async with open_work() as work:
        await work.runs.add(Run(UUID(int=1), RunKind.REJUDGE, {"year": 2024}, clock.now()))
        await work.commit()
    diary = tmp_path / "diary"
    diary.touch()
    yield Workshop(url, diary, open_work)
    await engine.dispose()


async def test_a_run_whose_worker_is_killed_is_gone_on_with_by_another_after_the_lease(workshop: Workshop) -> None:
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


async def test_a_worker_that_sleeps_past_its_lease_and_wakes_is_fenced_out(workshop: Workshop) -> None:
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
