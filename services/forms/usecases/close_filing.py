"""The authority closes a reviewed filing, and archives a closed one; the system archives those that are due."""

from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.clock import Clock, day_in_paris
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.filing import Filing, Step
from services.forms.usecases.permitting import require_transmitted
from services.forms.usecases.ports import OpensWork, UnitOfWork

CLOSE = "filing.close"
SYSTEM = "Harmonia"
"""Author of what nobody did."""
PAGE = 100
_ARCHIVED = "Dossier archivé : lecture seule, consultable cinq ans.", "Filing archived: read-only, readable five years."


class CloseFiling:
    """Step 4 to step 5."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, caller: Caller, filing_id: UUID) -> Filing:
        """Return the filing closed; closing it again changes nothing.

        Raises:
            FilingUnknown: no such filing, or it was never transmitted.
            Forbidden: the caller lacks `filing.close`.
            StepRefused: it is not at step 4, or not found reliable.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_transmitted(caller, CLOSE, filing)
            if filing.step is Step.CLOSED:
                return filing
            now = self._clock.now()
            closed = filing.closed(now)
            await work.filings.save(closed)
            told = "Dossier clôturé (étape 5).", "Filing closed (step 5)."
            await work.activities.add(Activity(filing_id, now, caller.name, "FILING_CLOSED", *told))
            await work.commit()
        return closed


class ArchiveFiling:
    """Step 5 to step 6."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, caller: Caller, filing_id: UUID) -> Filing:
        """Return the filing archived; archiving it again changes nothing.

        Raises:
            FilingUnknown: no such filing, or it was never transmitted.
            Forbidden: the caller lacks `filing.close`.
            StepRefused: it is not at step 5.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_transmitted(caller, CLOSE, filing)
            if filing.step is Step.ARCHIVED:
                return filing
            archived = await _archive(work, filing, caller.name, self._clock.now())
            await work.commit()
        return archived


class ArchiveDueFilings:
    """What the system does on its own: closed filings are archived some days after the last day of their campaign."""

    def __init__(self, open_work: OpensWork, clock: Clock, after: timedelta) -> None:
        self._open_work, self._clock, self._after = open_work, clock, after

    async def __call__(self) -> int:
        """Archive what is due, a transaction each, and return how many; asked again, nothing is left."""
        ended_before = day_in_paris(self._clock.now()) - self._after
        archived = 0
        while due := await self._due(ended_before):
            for filing_id in due:
                archived += await self._archive(filing_id)
        return archived

    async def _due(self, ended_before: date) -> list[UUID]:
        async with self._open_work() as work:
            return await work.filings.closed_in_campaigns_ended_before(ended_before, PAGE)

    async def _archive(self, filing_id: UUID) -> bool:
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            if filing.step is not Step.CLOSED:
                return False
            await _archive(work, filing, SYSTEM, self._clock.now())
            await work.commit()
        return True


async def _archive(work: UnitOfWork, filing: Filing, author: str, at: datetime) -> Filing:
    """Save it archived, with a line of what happened; no commit."""
    archived = filing.archived(at)
    await work.filings.save(archived)
    await work.activities.add(Activity(filing.id, at, author, "FILING_ARCHIVED", *_ARCHIVED))
    return archived
