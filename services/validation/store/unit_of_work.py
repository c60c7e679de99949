"""`ValidationUnitOfWork`: the repositories of one transaction, and how events become outbox payloads."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.unit_of_work import Event, SqlUnitOfWork
from services.validation.domain.adjustment import Adjustment
from services.validation.domain.events import ControlAdjusted
from services.validation.store.adjustments import SqlAdjustments
from services.validation.store.justifications import SqlJustifications
from services.validation.store.runs import SqlRuns


class ValidationUnitOfWork(SqlUnitOfWork):
    """One transaction of the validation service."""

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction."""
        self.justifications = SqlJustifications(session)
        self.adjustments = SqlAdjustments(session)
        self.runs = SqlRuns(session)

    def publish(self, event: ControlAdjusted) -> None:
        """Put an event in the outbox, in the lane of its campaign."""
        adjustment = event.adjustment
        lane = f"{adjustment.document}/{adjustment.year}"
        self.record(Event("ControlAdjusted", lane, to_payload(adjustment)))


def to_payload(adjustment: Adjustment) -> dict[str, object]:
    """Return a decision as plain JSON values; `clients/sync.py` reads them back."""
    return {
        "id": str(adjustment.id),
        "form_set": adjustment.form_set,
        "document": adjustment.document,
        "year": adjustment.year,
        "control": adjustment.control,
        "severity": adjustment.severity,
        "reason": adjustment.reason,
        "author": adjustment.author,
        "at": adjustment.at.isoformat(),
    }
