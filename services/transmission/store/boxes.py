"""The boxes, every version of each."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.transmission.domain.box import Box
from services.transmission.domain.errors import BoxChanged
from services.transmission.store.rows import BoxRow


class SqlBoxes:
    """The ``Boxes`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def of_filing(self, body: str, filing_id: str) -> Sequence[Box]:
        """Return the present version of each touched box."""
        rows = await self._session.scalars(
            select(BoxRow)
            .where(BoxRow.body == body, BoxRow.filing_id == filing_id)
            .ext(distinct_on(BoxRow.recipient))
            .order_by(BoxRow.recipient, BoxRow.version.desc())
        )
        return [_to_domain(row) for row in rows]

    async def add(self, box: Box) -> None:
        """Keep a new version; the primary key refuses a version that somebody else made meanwhile."""
        try:
            await self._session.execute(insert(BoxRow).values(**_to_row(box)))
        except IntegrityError as error:
            raise BoxChanged(metadata={"recipient": box.recipient}) from error


def _to_row(box: Box) -> dict[str, object]:
    return {
        "body": box.body,
        "filing_id": box.filing_id,
        "recipient": box.recipient,
        "version": box.version,
        "is_ticked": box.is_ticked,
        "chosen_by": box.chosen_by,
        "chosen_at": box.chosen_at,
    }


def _to_domain(row: BoxRow) -> Box:
    return Box(row.body, row.filing_id, row.recipient, row.is_ticked, row.version, row.chosen_by, row.chosen_at)
