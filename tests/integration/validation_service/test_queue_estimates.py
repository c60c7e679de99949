"""The estimate beside what then happened: simulated workers, filings of uneven cost, a clock that jumps (F38)."""

import asyncio
import heapq
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from chassis.database.engine import open_engine, sessions_of
from chassis.settings import DatabaseSettings
from services.validation.domain.run import Run, RunKind, RunState
from services.validation.store.unit_of_work import ValidationUnitOfWork
from services.validation.usecases.run_queue import Advance, GetQueueStatus, TakeRun
from tests.support.clocks import FrozenClock
from tests.support.hosting import a_caller, a_stack
from tests.support.postgres import TestDatabase
from tests.support.validation_fakes import Waits

STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
PAGE = 10
TOLERANCE = 0.25
NOISE_SECONDS = 1.0
"""A page of the slower kind: what is kept of a run is as of its last page."""
FILINGS = {"ER": 300, "QDIS": 80}
SECONDS = {RunKind.REJUDGE: 0.03, RunKind.PREVIEW: 0.06}


@dataclass
class VirtualTime:
    """Time passes when everybody sleeps: the clock jumps to whoever wakes first."""

    clock: FrozenClock
    awake: int
    _sleepers: list[tuple[datetime, int, "asyncio.Future[None]"]] = field(default_factory=list)
    _order: Any = field(default_factory=count)

    async def sleep(self, seconds: float) -> None:
        """Sleep in this time."""
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.clock.now() + timedelta(seconds=seconds), next(self._order), waking))
        self.leave()
        await waking

    def leave(self) -> None:
        """Sleep, or go home."""
        self.awake -= 1
        if not self.awake and self._sleepers:
            at, _, waking = heapq.heappop(self._sleepers)
            self.clock.advance(seconds=max((at - self.clock.now()).total_seconds(), 0))
            self.awake += 1
            waking.set_result(None)


@dataclass
class Campaigns:
    """A queue of campaigns, workers who work it off, and somebody who asks how long it will take."""

    open_work: Any
    clock: FrozenClock
    workers: int
    chance: random.Random
    asked: list[tuple[Run, datetime, float]] = field(default_factory=list)
    ended_at: dict[UUID, datetime] = field(default_factory=dict)
    _numbers: Any = field(default_factory=partial(count, 1))

    async def queue(self, kind: RunKind, document: str) -> Run:
        """Queue a run."""
        run = Run(UUID(int=next(self._numbers)), kind, {"document": document, "year": 2024}, self.clock.now())
        async with self.open_work() as work:
            await work.runs.add(run)
            await work.commit()
        return run

    async def burst(self, runs: int) -> list[Run]:
        """Queue many at once, of each kind and document."""
        kinds = [(kind, document) for kind in SECONDS for document in FILINGS]
        return [await self.queue(*self.chance.choice(kinds)) for _ in range(runs)]

    async def ask(self, *runs: Run) -> None:
        """Note what is said of runs that are not over."""
        status = GetQueueStatus(self.open_work, self.clock)
        for run in runs:
            standing = await status(STAFF, run.id)
            if standing.place:
                self.asked.append((run, self.clock.now(), standing.seconds))

    async def work_off(self, *watched: Run, every: float = 7.0) -> None:
        """Have the workers do all that is queued, and ask about the watched ones at intervals."""
        time = VirtualTime(self.clock, self.workers + 1)
        await asyncio.gather(
            *(self._worker(number, time) for number in range(self.workers)), self._ask(watched, time, every)
        )

    async def _ask(self, watched: tuple[Run, ...], time: VirtualTime, every: float) -> None:
        for _ in range(6 if watched else 0):
            await time.sleep(every)
            await self.ask(*watched)
        time.leave()

    async def _worker(self, number: int, time: VirtualTime) -> None:
        judging = dict.fromkeys(SECONDS, partial(self._judge, time))
        take = TakeRun(self.open_work, judging, Waits(), self.clock, timedelta(seconds=60), UUID(int=1_000 + number))  # type: ignore[arg-type]
        await time.sleep(number * 0.1)
        while await take():
            pass
        time.leave()

    async def _judge(self, time: VirtualTime, run: Run, advance: Advance) -> Mapping[str, Any]:
        filings, done = FILINGS[run.subject["document"]], 0
        while done < filings:
            page = min(PAGE, filings - done)
            done += page
            await time.sleep(sum(SECONDS[run.kind] * self.chance.uniform(0.4, 1.6) for _ in range(page)))
            await advance({"left": filings - done}, done)
        self.ended_at[run.id] = self.clock.now()
        return {}

    def wrong(self) -> list[tuple[int, float, float]]:
        """Run, what was said, what it took: where the two are further apart than may be."""
        took = [(run, said, (self.ended_at[run.id] - at).total_seconds()) for run, at, said in self.asked]
        return [
            (run.id.int, said, real)
            for run, said, real in took
            if abs(said - real) > max(TOLERANCE * real, NOISE_SECONDS)
        ]


@pytest.mark.parametrize(("workers", "seed"), [(1, 1), (3, 2)])
async def test_what_is_said_in_a_rush_is_right_within_a_quarter(
    database: TestDatabase, workers: int, seed: int
) -> None:
    engine = open_engine(
        DatabaseSettings(url=SecretStr(database.apart("queue").fresh("validation")), pool_size=10), "validation"
    )
    clock = FrozenClock()
    open_work = partial(ValidationUnitOfWork, sessions_of(engine), clock, a_stack().identifiers)
    campaigns = Campaigns(open_work, clock, workers, random.Random(seed))
    for kind in SECONDS:
        for document in FILINGS:
            await campaigns.queue(kind, document)
    await campaigns.work_off()
    rush = await campaigns.burst(12)

    await campaigns.ask(*rush)
    await campaigns.work_off(*rush)
    async with open_work() as work:
        states = {(await work.runs.get(run.id)).state for run in rush}
    await engine.dispose()

    assert states == {RunState.DONE}
    assert len(campaigns.asked) > 30
    assert campaigns.wrong() == []


async def test_a_first_run_of_all_is_judged_by_its_own_pace_from_its_first_page_on(database: TestDatabase) -> None:
    engine = open_engine(
        DatabaseSettings(url=SecretStr(database.apart("queue").fresh("validation")), pool_size=10), "validation"
    )
    clock = FrozenClock()
    open_work = partial(ValidationUnitOfWork, sessions_of(engine), clock, a_stack().identifiers)
    campaigns = Campaigns(open_work, clock, 1, random.Random(4))
    first = await campaigns.queue(RunKind.REJUDGE, "ER")

    await campaigns.work_off(first, every=1.3)
    await engine.dispose()

    assert len(campaigns.asked) == 6
    assert campaigns.wrong() == []
