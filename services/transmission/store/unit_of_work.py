"""One transaction of this service, with its repositories."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.unit_of_work import Bookkeeping, SqlUnitOfWork
from chassis.identifiers import Identifiers
from services.transmission.store.boxes import SqlBoxes
from services.transmission.store.dispatches import SqlDispatches
from services.transmission.store.journal import SqlJournal
from services.transmission.store.matrices import SqlMatrices
from services.transmission.store.rows import AppliedRequestRow, OutboxEventRow, OutboxHeadRow
from services.transmission.usecases.ports import Boxes, Dispatches, Journal, Matrices

BOOKKEEPING = Bookkeeping(OutboxEventRow, OutboxHeadRow, AppliedRequestRow)


class SqlTransmission(SqlUnitOfWork):
    """The ``UnitOfWork`` port on PostgreSQL."""

    matrices: Matrices
    boxes: Boxes
    dispatches: Dispatches
    journal: Journal

    def __init__(self, sessions: Sessions, clock: Clock, identifiers: Identifiers) -> None:
        super().__init__(sessions, BOOKKEEPING, clock, identifiers)

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction."""
        self.matrices = SqlMatrices(session)
        self.boxes = SqlBoxes(session)
        self.dispatches = SqlDispatches(session, self._clock)
        self.journal = SqlJournal(session)
