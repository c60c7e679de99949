"""Partners on PostgreSQL."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.auth.domain.partner import Partner
from services.auth.store.rows import PartnerRow


class SqlPartners:
    """The ``Partners`` port."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_subject(self, subject: str) -> Partner | None:
        """Return the partner whose credential logs in as this subject."""
        return await self._where(PartnerRow.subject == subject)

    async def of_code(self, code: str) -> Partner | None:
        """Return the partner of this code."""
        return await self._where(PartnerRow.code == code)

    async def put(self, partner: Partner) -> None:
        """Keep the partner, in place of the one of the same code."""
        values = {
            "code": partner.code,
            "name": partner.name,
            "client_id": partner.client_id,
            "subject": partner.subject,
            "registered_at": partner.registered_at,
            "is_active": partner.is_active,
        }
        kept = {name: value for name, value in values.items() if name not in {"code", "registered_at"}}
        statement = insert(PartnerRow).values(values).on_conflict_do_update(index_elements=["code"], set_=kept)
        await self._session.execute(statement)

    async def _where(self, condition: ColumnElement[bool]) -> Partner | None:
        row = await self._session.scalar(select(PartnerRow).where(condition))
        return _to_domain(row) if row is not None else None


def _to_domain(row: PartnerRow) -> Partner:
    return Partner(row.code, row.name, row.client_id, row.subject, row.registered_at, row.is_active)
