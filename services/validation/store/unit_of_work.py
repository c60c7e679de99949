"""`ValidationUnitOfWork`: the repositories of one transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.unit_of_work import SqlUnitOfWork
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
