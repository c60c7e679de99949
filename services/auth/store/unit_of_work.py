"""One transaction of this service, with its repositories."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.unit_of_work import SqlUnitOfWork
from chassis.identifiers import Identifiers
from services.auth.store.bodies import SqlBodies
from services.auth.store.journal import SqlJournal
from services.auth.store.members import SqlMembers
from services.auth.store.partners import SqlPartners
from services.auth.usecases.ports import Bodies, Journal, Members, Partners


class SqlAuth(SqlUnitOfWork):
    """The ``UnitOfWork`` port on PostgreSQL."""

    members: Members
    partners: Partners
    bodies: Bodies
    journal: Journal

    def __init__(self, sessions: Sessions, clock: Clock, identifiers: Identifiers) -> None:
        super().__init__(sessions, clock, identifiers)

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction."""
        self.members = SqlMembers(session)
        self.partners = SqlPartners(session)
        self.bodies = SqlBodies(session)
        self.journal = SqlJournal(session)
