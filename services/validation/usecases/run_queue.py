"""Takes the runs of the queue up, one after the other, each under a lease that its work renews."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Failure
from chassis.identity import EVERY_SCOPE, Caller
from services.validation.domain.errors import LeaseLost
from services.validation.domain.run import MOST_ATTEMPTS, SECONDS, Pace, Run, RunKind, Standing, estimate, seconds_left
from services.validation.usecases.ports import OpensWork, QueueGauge

LIVE = timedelta(seconds=60)
MOST_LISTED = 20
"""A worker says that it is there every two seconds, or at the end of a page of filings."""
Advance = Callable[[Mapping[str, Any], int], Awaitable[None]]
"""Keeps how far the run is and how many filings are done, and renews the lease; raises LeaseLost."""


class Work(Protocol):
    """What a kind of run does."""

    async def __call__(self, run: Run, advance: Advance) -> Mapping[str, Any]:
        """Go on from the run's progress to the end, and return what was found."""
        ...


class TakeRun:
    """Takes one run up and brings it to its end. A worker whose lease ran out changes nothing more."""

    def __init__(
        self,
        open_work: OpensWork,
        work: Mapping[RunKind, Work],
        gauge: QueueGauge,
        clock: Clock,
        lease: timedelta,
        worker: UUID,
    ) -> None:
        self._open_work, self._work, self._gauge, self._clock, self._lease = open_work, work, gauge, clock, lease
        self._worker = worker

    async def __call__(self) -> bool:
        """Do the first run that is due; False when there is none."""
        run = await self._take()
        if run is None:
            return False
        with suppress(LeaseLost):  # another worker has it
            await self._bring_to_end(run)
        return True

    async def _take(self) -> Run | None:
        now = self._clock.now()
        async with self._open_work() as work:
            await work.runs.seen(self._worker, now)
            run = await work.runs.take(now, now + self._lease)
            await work.commit()
        if run is not None and run.attempts == 1:
            self._gauge.waited(run.kind, (now - run.queued_at).total_seconds())
        return run

    async def _bring_to_end(self, run: Run) -> None:
        if run.attempts > MOST_ATTEMPTS:  # its workers died without a word
            await self._set_aside(run, "NEVER_ENDED")
            return
        try:
            result = await self._work[run.kind](run, self._advancing(run))
        except LeaseLost:
            raise
        except Failure as failure:
            await self._set_aside(run, f"{failure.code}: {failure.message}")
            return
        except Exception as error:
            await self._set_aside(run, type(error).__name__)
            raise
        async with self._open_work() as work:
            await work.runs.finish(run, result, self._clock.now())
            await work.commit()

    def _advancing(self, run: Run) -> Advance:
        taken_at = self._clock.now()

        async def advance(progress: Mapping[str, Any], done: int) -> None:
            now = self._clock.now()
            worked = {SECONDS: run.worked_seconds + (now - taken_at).total_seconds()}
            async with self._open_work() as work:
                await work.runs.seen(self._worker, now)
                await work.runs.advance(run, {**progress, **worked}, done, now + self._lease)
                await work.commit()

        return advance

    async def _set_aside(self, run: Run, failure: str) -> None:
        now = self._clock.now()
        async with self._open_work() as work:
            if run.is_last_attempt:
                await work.runs.give_up(run, failure[:500], now)
            else:
                await work.runs.give_back(run, failure[:500], now + run.back_off)
            await work.commit()


class ObserveQueue:
    """Shows how many runs wait and for how long; also while every worker is busy, which is when it matters."""

    def __init__(self, open_work: OpensWork, gauge: QueueGauge, clock: Clock) -> None:
        self._open_work, self._gauge, self._clock = open_work, gauge, clock

    async def __call__(self) -> None:
        """Look once."""
        async with self._open_work() as work:
            count, oldest = await work.runs.waiting_since()
        self._gauge.waiting(count, (self._clock.now() - oldest).total_seconds() if oldest else 0.0)


class ListRuns:
    """Lists the runs asked for last, so that one is found again whose page was left."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller) -> list[Run]:
        """Return twenty at most, newest first, without what they found.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require("campaign.manage", EVERY_SCOPE)
        async with self._open_work() as work:
            return await work.runs.latest(MOST_LISTED)


class GetQueueStatus:
    """Says where a run is."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, caller: Caller, run_id: UUID) -> Standing:
        """Return the run, its place and an estimate.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            RunUnknown: there is none.
        """
        caller.require("campaign.manage", EVERY_SCOPE)
        async with self._open_work() as work:
            run = await work.runs.get(run_id)
            ahead = await work.runs.up_to(run_id)
            paces: dict[object, Pace] = {}
            for one in ahead:
                if one.campaign not in paces:
                    paces[one.campaign] = await work.runs.pace(one)
            workers = await work.runs.workers(self._clock.now() - LIVE)
        left = [seconds_left(one, paces[one.campaign]) for one in ahead]
        return Standing(run, len(ahead), estimate(left, workers))
