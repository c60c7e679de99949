"""`SqlRuns`: the queue on PostgreSQL. Two workers never get the same run: rows are skipped while another holds them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, inspect, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer

from services.validation.domain.errors import LeaseLost, RunUnknown
from services.validation.domain.run import USUAL_PACE, Pace, Run, RunKind, RunState
from services.validation.store.rows import RunRow, WorkerRow

LAST_RUNS = 50
"""How many finished runs an estimate looks at."""
OLDEST_WAIT_SQL = (
    "SELECT COALESCE(CEIL(EXTRACT(EPOCH FROM now() - min(queued_at))), 0)::bigint "
    "FROM validation.runs WHERE state = 'waiting' AND started_at IS NULL"
)
"""What autoscaling asks PostgreSQL (`tools/render_k8s.py`): the seconds that the gauge of the oldest run shows."""
_TO_DO = (RunState.WAITING, RunState.RUNNING)
_WITHOUT_RESULT = defer(RunRow.result, raiseload=True)
"""What a run found may be thousands of lines: who asks for several runs asks how they are."""


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

    async def latest(self, limit: int) -> list[Run]:
        """Return the runs asked for last, newest first, without what they found."""
        newest_first = select(RunRow).options(_WITHOUT_RESULT).order_by(RunRow.number.desc()).limit(limit)
        return [_to_domain(row) for row in await self._session.scalars(newest_first)]

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

    async def up_to(self, run_id: UUID) -> Sequence[Run]:
        """Return the runs to do up to this one, itself last, in the order of the queue; none when it is over."""
        row = await self._row(run_id)
        if row.state not in _TO_DO:
            return []
        before = select(RunRow).where(RunRow.state.in_(_TO_DO), RunRow.number <= row.number).order_by(RunRow.number)
        return [_to_domain(one) for one in await self._session.scalars(before.options(_WITHOUT_RESULT))]

    async def pace(self, run: Run) -> Pace:
        """Return what the last runs of its kind took, on its campaign if there was one, else on any."""
        last = await self._session.scalars(
            select(RunRow)
            .options(_WITHOUT_RESULT)
            .where(RunRow.state == RunState.DONE, RunRow.kind == run.kind, RunRow.done > 0)
            .order_by(RunRow.finished_at.desc())
            .limit(LAST_RUNS)
        )
        runs = [_to_domain(row) for row in last]
        alike = [one for one in runs if one.campaign == run.campaign] or runs
        if not alike:
            return USUAL_PACE
        filings = sum(one.done for one in alike)
        return Pace(sum(one.worked_seconds for one in alike) / filings, filings / len(alike))

    async def seen(self, worker: UUID, now: datetime) -> None:
        """Note that a worker works the queue off, and forget those that have not for a day."""
        statement = insert(WorkerRow).values(id=worker, seen_at=now)
        await self._session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now}))
        await self._session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - timedelta(days=1)))

    async def workers(self, since: datetime) -> int:
        """Return how many workers were seen since then."""
        counted = select(func.count()).select_from(WorkerRow).where(WorkerRow.seen_at >= since)
        return await self._session.scalar(counted) or 0

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
        result={} if "result" in inspect(row).unloaded else row.result,
        failure=row.failure,
    )
