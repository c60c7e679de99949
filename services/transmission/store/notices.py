"""What recipients were told."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.transmission.domain.notice import Notice, NoticeKind, NoticeReason
from services.transmission.store.dispatches import to_dispatch
from services.transmission.store.rows import DispatchRow, NoticeRow


class SqlNotices:
    """The ``Notices`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, notices: Sequence[Notice]) -> None:
        """Keep notices that have no place in a feed yet."""
        if notices:
            await self._session.execute(insert(NoticeRow), [_to_row(notice) for notice in notices])

    async def save(self, notice: Notice) -> None:
        """Keep that a notice was taken into account; the first instant is never replaced."""
        row = NoticeRow
        await self._session.execute(
            update(row)
            .where(row.id == notice.id)
            .values(acknowledged_at=func.coalesce(row.acknowledged_at, notice.acknowledged_at))
            .execution_options(synchronize_session=False)
        )

    async def of_filing(self, filing_id: str) -> Sequence[Notice]:
        """Return every notice of a filing, in the order of its feed."""
        found = select(NoticeRow, DispatchRow).join(DispatchRow, DispatchRow.id == NoticeRow.dispatch_id)
        rows = await self._session.execute(
            found.where(DispatchRow.filing_id == filing_id).order_by(NoticeRow.recipient, NoticeRow.sequence)
        )
        return [to_notice(notice, dispatch) for notice, dispatch in rows]

    async def find(self, recipient: str, notice_id: UUID) -> Notice | None:
        """Return the recipient's notice, locked."""
        mine = select(NoticeRow, DispatchRow).join(DispatchRow, DispatchRow.id == NoticeRow.dispatch_id)
        mine = mine.where(NoticeRow.id == notice_id, NoticeRow.recipient == recipient)
        found = (await self._session.execute(mine.with_for_update(of=NoticeRow))).first()
        return to_notice(*found) if found else None


def _to_row(notice: Notice) -> dict[str, object]:
    return {
        "id": notice.id,
        "recipient": notice.recipient,
        "sequence": notice.sequence,
        "dispatch_id": notice.dispatch.id,
        "document": notice.dispatch.filing.identity.document,
        "kind": str(notice.kind),
        "reason": str(notice.reason),
        "since": notice.since,
        "available_at": notice.available_at,
        "acknowledged_at": notice.acknowledged_at,
    }


def to_notice(row: NoticeRow, about: DispatchRow) -> Notice:
    """Read a notice back, with the dispatch it is about as that is now."""
    return Notice(
        id=row.id,
        kind=NoticeKind(row.kind),
        reason=NoticeReason(row.reason),
        dispatch=to_dispatch(about),
        since=row.since,
        sequence=row.sequence,
        available_at=row.available_at,
        acknowledged_at=row.acknowledged_at,
    )
