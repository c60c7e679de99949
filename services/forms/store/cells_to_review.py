"""`SqlCellsToReview`: the cells that somebody asked the body to look at again."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import Prepared
from services.forms.domain.review import CellToReview
from services.forms.store.rows import CellRow, CellToReviewRow, FilingRow

_LEFT = Prepared(
    select(CellToReviewRow)
    .join(FilingRow, FilingRow.id == CellToReviewRow.filing_id)
    .outerjoin(
        CellRow,
        (CellRow.filing_id == CellToReviewRow.filing_id) & (CellRow.address == CellToReviewRow.address),
    )
    .where(
        CellToReviewRow.filing_id == func.any(bindparam("filings", type_=ARRAY(Uuid))),
        CellToReviewRow.value == func.coalesce(CellRow.value, FilingRow.computed[CellToReviewRow.address].astext, ""),
    )
    .order_by(CellToReviewRow.address)
)


class SqlCellsToReview:
    """Cells in the table `cells_to_review`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def ask(self, cells: Iterable[CellToReview]) -> None:
        """Add cells; one that is there takes the new reason."""
        for cell in cells:
            await self._session.merge(
                CellToReviewRow(
                    filing_id=cell.filing_id,
                    address=cell.address,
                    value=cell.value,
                    reason=cell.reason,
                    author=cell.author,
                    at=cell.at,
                )
            )
        await self._session.flush()

    async def settle(self, filing_id: UUID, address: str = "") -> None:
        """Take a cell off, or all those of a filing."""
        statement = delete(CellToReviewRow).where(CellToReviewRow.filing_id == filing_id)
        await self._session.execute(statement.where(CellToReviewRow.address == address) if address else statement)

    async def left(self, filing_ids: Collection[UUID]) -> list[CellToReview]:
        """Return those that hold what they held when they were named, typed or computed, in order of address."""
        rows = await _LEFT.rows(self._session, filings=list(filing_ids))
        return [CellToReview(one.filing_id, one.address, one.value, one.reason, one.author, one.at) for one in rows]
