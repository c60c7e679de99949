"""`SqlAdjustments`: the adjustments port on PostgreSQL."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.validation.domain.adjustment import Adjustment
from services.validation.store.rows import AdjustmentRow


class SqlAdjustments:
    """Adjustments in the table `adjustments`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, adjustment: Adjustment) -> bool:
        """Add one, and False when it was there already."""
        values = {
            "form_set": adjustment.form_set,
            "document": adjustment.document,
            "year": adjustment.year,
            "control": adjustment.control,
            "severity": adjustment.severity,
            "reason": adjustment.reason,
            "author": adjustment.author,
            "adjusted_at": adjustment.at,
            "id": adjustment.id,
            "authority": adjustment.authority,
        }
        statement = insert(AdjustmentRow).values(**values).on_conflict_do_nothing().returning(AdjustmentRow.number)
        return (await self._session.execute(statement)).first() is not None

    async def in_force(self, document: str, year: int, authority: str | None) -> list[Adjustment]:
        """Return an authority's last decision on each control of a campaign, by control id."""
        return [] if authority is None else await self._latest(document, year, AdjustmentRow.authority == authority)

    async def of_campaign(self, document: str, year: int) -> list[Adjustment]:
        """Return every authority's last decision on each control of a campaign, by control id, then authority."""
        return await self._latest(document, year)

    async def _latest(self, document: str, year: int, *narrower: ColumnElement[bool]) -> list[Adjustment]:
        # By its own time and not by number: decisions of other servers may arrive in another order than they were taken.
        rows = await self._session.scalars(
            select(AdjustmentRow)
            .where(AdjustmentRow.document == document, AdjustmentRow.year == year, *narrower)
            .ext(distinct_on(AdjustmentRow.control, AdjustmentRow.authority))
            .order_by(
                AdjustmentRow.control,
                AdjustmentRow.authority,
                AdjustmentRow.adjusted_at.desc(),
                AdjustmentRow.id.desc(),
            )
        )
        return [_to_domain(row) for row in rows]


def _to_domain(row: AdjustmentRow) -> Adjustment:
    about = row.form_set, row.document, row.year, row.control, row.severity
    return Adjustment(*about, row.reason, row.author, row.adjusted_at, row.id, row.authority)
