"""What was reported of the versions of filings."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.transmission.domain.routing import KnownVersions
from services.transmission.store.rows import VersionRow


class SqlVersions:
    """The ``Versions`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_filing(self, filing_id: str) -> KnownVersions:
        """Return what is known."""
        rows = (await self._session.scalars(select(VersionRow).where(VersionRow.filing_id == filing_id))).all()
        return KnownVersions(
            latest=max((row.version for row in rows if row.routed_at is not None), default=0),
            reopened={row.version: row.reopened_at for row in rows if row.reopened_at is not None},
        )

    async def mark_routed(self, filing_id: str, version: int, at: datetime) -> None:
        """Record that a version was routed; the first instant is kept."""
        row = upsert(VersionRow).values(filing_id=filing_id, version=version, routed_at=at)
        first = func.coalesce(VersionRow.routed_at, row.excluded.routed_at)
        await self._session.execute(
            row.on_conflict_do_update(index_elements=["filing_id", "version"], set_={"routed_at": first})
        )

    async def mark_reopened(self, filing_id: str, version: int, at: datetime) -> None:
        """Record that a version was reopened; the first instant is kept."""
        row = upsert(VersionRow).values(filing_id=filing_id, version=version, reopened_at=at)
        first = func.coalesce(VersionRow.reopened_at, row.excluded.reopened_at)
        await self._session.execute(
            row.on_conflict_do_update(index_elements=["filing_id", "version"], set_={"reopened_at": first})
        )
