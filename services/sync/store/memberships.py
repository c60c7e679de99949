"""The membership documents, every version."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from services.sync.domain.entitlement import MembershipDocument
from services.sync.store.rows import MembershipRow


class SqlMemberships:
    """The ``Memberships`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def in_force(self, federation: str) -> MembershipDocument | None:
        """Return the document with the highest version."""
        rows = MembershipRow
        mine = select(rows.content).where(rows.federation == federation).order_by(rows.version.desc()).limit(1)
        content = await self._session.scalar(mine)
        return MembershipDocument.from_bytes(content) if content else None

    async def federations(self) -> Sequence[str]:
        """Return the federations there is a document about."""
        rows = MembershipRow
        return list(await self._session.scalars(select(rows.federation).distinct().order_by(rows.federation)))

    async def put(self, document: MembershipDocument) -> None:
        """Keep a version once."""
        values = {
            "federation": document.federation,
            "version": document.version,
            "content": document.to_bytes(),
            "digest": document.digest(),
            "kept_at": self._clock.now(),
        }
        await self._session.execute(insert(MembershipRow).values(**values).on_conflict_do_nothing())
