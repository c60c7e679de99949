"""`SqlAdjustments`: the adjustments port on PostgreSQL."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.validation.domain.adjustment import Adjustment
from services.validation.store.rows import AdjustmentRow

# By its own time and not by number: decisions of other servers may arrive in another order than they were taken.
_LATEST = (
    select(AdjustmentRow)
    .where(AdjustmentRow.document == bindparam("document"), AdjustmentRow.year == bindparam("year"))
    .ext(distinct_on(AdjustmentRow.control, AdjustmentRow.authority))
    .order_by(
        AdjustmentRow.control,
        AdjustmentRow.authority,
        AdjustmentRow.adjusted_at.desc(),
        AdjustmentRow.id.desc(),
    )
)
_OF_CAMPAIGN = Prepared(_LATEST)
_IN_FORCE = Prepared(_LATEST.where(AdjustmentRow.authority == bindparam("authority")))


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
        if authority is None:
            return []
        rows = await _IN_FORCE.rows(self._session, document=document, year=year, authority=authority)
        return [_to_domain(row) for row in rows]

    async def of_campaign(self, document: str, year: int) -> list[Adjustment]:
        """Return every authority's last decision on each control of a campaign, by control id, then authority."""
        rows = await _OF_CAMPAIGN.rows(self._session, document=document, year=year)
        return [_to_domain(row) for row in rows]


def _to_domain(row: AdjustmentRow) -> Adjustment:
    about = row.form_set, row.document, row.year, row.control, row.severity
    return Adjustment(*about, row.reason, row.author, row.adjusted_at, row.id, row.authority)
