"""`SqlAdjustments`: the adjustments port on PostgreSQL."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.validation.domain.adjustment import Adjustment
from services.validation.store.rows import AdjustmentRow


class SqlAdjustments:
    """Adjustments in the table `adjustments`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, adjustment: Adjustment) -> None:
        """Add one."""
        self._session.add(
            AdjustmentRow(
                form_set=adjustment.form_set,
                document=adjustment.document,
                year=adjustment.year,
                control=adjustment.control,
                severity=adjustment.severity,
                reason=adjustment.reason,
                author=adjustment.author,
                adjusted_at=adjustment.at,
            )
        )

    async def in_force(self, document: str, year: int) -> list[Adjustment]:
        """Return the last decision on each control of a campaign, by control id."""
        rows = await self._session.scalars(
            select(AdjustmentRow)
            .where(AdjustmentRow.document == document, AdjustmentRow.year == year)
            .ext(distinct_on(AdjustmentRow.control))
            .order_by(AdjustmentRow.control, AdjustmentRow.number.desc())
        )
        return [_to_domain(row) for row in rows]


def _to_domain(row: AdjustmentRow) -> Adjustment:
    return Adjustment(
        row.form_set, row.document, row.year, row.control, row.severity, row.reason, row.author, row.adjusted_at
    )
