"""Bodies on PostgreSQL."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.domain.body import Body, Family
from services.auth.store.rows import BodyRow


class SqlBodies:
    """The ``Bodies`` port."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, siren: str) -> Body | None:
        """Return one body."""
        row = await self._session.get(BodyRow, siren)
        return _to_domain(row) if row is not None else None

    async def named(self, sirens: Collection[str]) -> Sequence[Body]:
        """Return the bodies of these SIREN that are known, by name."""
        found = select(BodyRow).where(BodyRow.siren.in_(list(sirens))).order_by(BodyRow.name, BodyRow.siren)
        return [_to_domain(row) for row in await self._session.scalars(found)]

    async def every(self) -> Sequence[Body]:
        """Return every body, by name."""
        return [
            _to_domain(row)
            for row in await self._session.scalars(select(BodyRow).order_by(BodyRow.name, BodyRow.siren))
        ]

    async def put(self, body: Body) -> None:
        """Keep the body, in place of the one of the same SIREN."""
        changed = {"name": body.name, "family": body.family.value, "departement": body.departement}
        statement = insert(BodyRow).values(siren=body.siren, **changed)
        await self._session.execute(statement.on_conflict_do_update(index_elements=["siren"], set_=changed))


def _to_domain(row: BodyRow) -> Body:
    return Body(row.siren, row.name, Family(row.family), row.departement)
