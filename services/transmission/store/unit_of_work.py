"""`TransmissionUnitOfWork`: the repositories of one transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.unit_of_work import SqlUnitOfWork
from services.transmission.store.boxes import SqlBoxes
from services.transmission.store.dispatches import SqlDispatches
from services.transmission.store.feeds import SqlFeeds
from services.transmission.store.journal import SqlJournal
from services.transmission.store.matrices import SqlMatrices
from services.transmission.store.notices import SqlNotices
from services.transmission.store.versions import SqlVersions
from services.transmission.usecases.ports import Boxes, Dispatches, Feeds, Journal, Matrices, Notices, Versions


class TransmissionUnitOfWork(SqlUnitOfWork):
    """One transaction of the transmission service."""

    matrices: Matrices
    boxes: Boxes
    dispatches: Dispatches
    versions: Versions
    notices: Notices
    feeds: Feeds
    journal: Journal

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction."""
        self.matrices = SqlMatrices(session)
        self.boxes = SqlBoxes(session)
        self.dispatches = SqlDispatches(session, self._clock)
        self.versions = SqlVersions(session)
        self.notices = SqlNotices(session)
        self.feeds = SqlFeeds(session, self._clock)
        self.journal = SqlJournal(session)
