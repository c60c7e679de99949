"""`SqlJustifications`: the justifications port on PostgreSQL."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.validation.domain.justification import Justification
from services.validation.store.rows import JustificationRow


class SqlJustifications:
    """Justifications in the table `justifications`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, justification: Justification) -> None:
        """Add one."""
        self._session.add(_to_row(justification))

    async def in_force(self, filing_id: UUID) -> list[Justification]:
        """Return the latest of each control, by control id."""
        rows = await self._session.scalars(
            select(JustificationRow)
            .where(JustificationRow.filing_id == filing_id)
            .ext(distinct_on(JustificationRow.control))
            .order_by(JustificationRow.control, JustificationRow.number.desc())
        )
        return [_to_domain(row) for row in rows]


def _to_row(justification: Justification) -> JustificationRow:
    return JustificationRow(
        filing_id=justification.filing_id,
        siren=justification.siren,
        year=justification.year,
        control=justification.control,
        text=justification.text,
        author=justification.author,
        written_at=justification.written_at,
        operands_digest=justification.operands_digest,
    )


def _to_domain(row: JustificationRow) -> Justification:
    return Justification(
        row.filing_id,
        row.siren,
        row.year,
        row.control,
        row.text,
        row.author,
        row.written_at,
        row.operands_digest,
    )
