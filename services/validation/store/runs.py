"""`SqlRuns`: the queue on PostgreSQL. Two workers never get the same run: rows are skipped while another holds them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.validation.domain.errors import LeaseLost, RunUnknown
from services.validation.domain.run import Run, RunKind, RunState
from services.validation.store.rows import RunRow

LAST_RUNS = 20
"""How many finished runs an estimate looks at."""
_TO_DO = (RunState.WAITING, RunState.RUNNING)


class SqlRuns:
    """Runs in the table `runs`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, run: Run) -> None:
        """Put a run at the end of the queue."""
        row = RunRow(
            id=run.id,
            kind=run.kind,
            subject=dict(run.subject),
            state=run.state,
            token=run.token,
            attempts=run.attempts,
            progress={},
            done=0,
            result={},
            failure="",
            queued_at=run.queued_at,
            not_before=run.queued_at,
        )
        self._session.add(row)

    async def get(self, run_id: UUID) -> Run:
        """Return a run.

        Raises:
            RunUnknown: there is none.
        """
        return _to_domain(await self._row(run_id))

    async def take(self, now: datetime, until: datetime) -> Run | None:
        """Give out the first run that is due, under a new token and a lease; None when none is."""
        row = await self._session.scalar(
            select(RunRow)
            .where(RunRow.state.in_(_TO_DO), RunRow.not_before <= now)
            .order_by(RunRow.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if row is None:
            return None
        row.state, row.token, row.attempts = RunState.RUNNING, row.token + 1, row.attempts + 1
        row.not_before, row.started_at = until, row.started_at or now
        await self._session.flush()
        return _to_domain(row)

    async def advance(self, run: Run, progress: Mapping[str, Any], done: int, until: datetime) -> None:
        """Keep how far a run is, and hold it longer.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        await self._change(run, progress=dict(progress), done=done, not_before=until)

    async def finish(self, run: Run, result: Mapping[str, Any], at: datetime) -> None:
        """Keep what a run found.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        await self._change(run, state=RunState.DONE, result=dict(result), finished_at=at, failure="")

    async def give_back(self, run: Run, failure: str, not_before: datetime) -> None:
        """Put a run that failed back in its place.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        await self._change(run, state=RunState.WAITING, failure=failure, not_before=not_before)

    async def give_up(self, run: Run, failure: str, at: datetime) -> None:
        """End a run that failed too often.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        await self._change(run, state=RunState.FAILED, failure=failure, finished_at=at)

    async def place(self, run_id: UUID) -> int:
        """Return the place of a run among those to do, from 1; 0 for one that is over."""
        row = await self._row(run_id)
        if row.state not in _TO_DO:
            return 0
        before = select(func.count()).where(RunRow.state.in_(_TO_DO), RunRow.number <= row.number)
        return await self._session.scalar(before) or 0

    async def mean_seconds(self, kind: RunKind) -> float | None:
        """Return how long the last runs of a kind took, None before the first."""
        last = (
            select(func.extract("epoch", RunRow.finished_at - RunRow.started_at).label("seconds"))
            .where(RunRow.state == RunState.DONE, RunRow.kind == kind)
            .order_by(RunRow.finished_at.desc())
            .limit(LAST_RUNS)
            .subquery()
        )
        mean = await self._session.scalar(select(func.avg(last.c.seconds)))
        return None if mean is None else float(mean)

    async def waiting_since(self) -> tuple[int, datetime | None]:
        """Return how many runs wait that nobody has begun, and since when the oldest does."""
        found = await self._session.execute(
            select(func.count(), func.min(RunRow.queued_at)).where(
                RunRow.state == RunState.WAITING, RunRow.started_at.is_(None)
            )
        )
        count, oldest = found.one()
        return count, oldest

    async def _row(self, run_id: UUID) -> RunRow:
        row = await self._session.scalar(select(RunRow).where(RunRow.id == run_id))
        if row is None:
            raise RunUnknown("Ce traitement n'existe pas.")
        return row

    async def _change(self, run: Run, **values: object) -> None:
        changed = await self._session.execute(
            update(RunRow)
            .where(RunRow.id == run.id, RunRow.token == run.token, RunRow.state == RunState.RUNNING)
            .values(**values)
            .returning(RunRow.number)
        )
        if changed.first() is None:
            raise LeaseLost("Un autre processus a repris ce traitement.")


def _to_domain(row: RunRow) -> Run:
    return Run(
        id=row.id,
        kind=RunKind(row.kind),
        subject=row.subject,
        queued_at=row.queued_at,
        state=RunState(row.state),
        token=row.token,
        attempts=row.attempts,
        progress=row.progress,
        done=row.done,
        started_at=row.started_at,
        finished_at=row.finished_at,
        result=row.result,
        failure=row.failure,
    )
