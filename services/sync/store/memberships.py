"""The membership documents, every version."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.prepared import Prepared
from services.sync.domain.entitlement import MembershipDocument
from services.sync.store.rows import MembershipRow

_IN_FORCE = Prepared(
    select(MembershipRow.content)
    .where(MembershipRow.federation == bindparam("federation"))
    .order_by(MembershipRow.version.desc())
    .limit(1)
)
_ALL_IN_FORCE = Prepared(
    select(MembershipRow.federation, MembershipRow.content)
    .ext(distinct_on(MembershipRow.federation))
    .order_by(MembershipRow.federation, MembershipRow.version.desc())
)
_FEDERATIONS = Prepared(select(MembershipRow.federation).distinct().order_by(MembershipRow.federation))


class SqlMemberships:
    """The ``Memberships`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def in_force(self, federation: str) -> MembershipDocument | None:
        """Return the document with the highest version."""
        found = await _IN_FORCE.rows(self._session, federation=federation)
        return MembershipDocument.from_bytes(found[0].content) if found else None

    async def all_in_force(self) -> dict[str, MembershipDocument]:
        """Return the document with the highest version of each federation."""
        found = await _ALL_IN_FORCE.rows(self._session)
        return {row.federation: MembershipDocument.from_bytes(row.content) for row in found}

    async def federations(self) -> Sequence[str]:
        """Return the federations there is a document about."""
        return [row.federation for row in await _FEDERATIONS.rows(self._session)]

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
