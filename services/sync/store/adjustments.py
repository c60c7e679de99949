"""The decisions on controls, of every authority."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from services.sync.domain.adjustment import Adjustment
from services.sync.domain.hlc import HybridTime
from services.sync.store.rows import AdjustmentRow


class SqlAdjustments:
    """The ``Adjustments`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def add(self, adjustment: Adjustment, hlc: HybridTime) -> bool:
        """Insert a decision once; the origin is part of what it is known by, so that no peer takes another's place."""
        values = {
            "origin": adjustment.origin,
            "id": adjustment.id,
            "content": adjustment.to_bytes(),
            "hlc": hlc.packed(),
            "kept_at": self._clock.now(),
        }
        rows = AdjustmentRow
        statement = insert(rows).values(**values).on_conflict_do_nothing().returning(rows.id)
        return (await self._session.execute(statement)).first() is not None

    async def everything(self) -> Sequence[tuple[Adjustment, HybridTime]]:
        """Return every decision by the time it was published."""
        rows = AdjustmentRow
        found = await self._session.execute(select(rows.content, rows.hlc).order_by(rows.hlc, rows.origin, rows.id))
        return [(Adjustment.from_bytes(content), HybridTime.unpacked(hlc)) for content, hlc in found]
