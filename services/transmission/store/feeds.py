"""The feeds: dispatches and notices of one recipient in one dense sequence."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from services.transmission.domain.dispatch import Dispatch
from services.transmission.domain.feed import Entry
from services.transmission.domain.notice import Notice
from services.transmission.store.dispatches import to_dispatch
from services.transmission.store.notices import to_notice
from services.transmission.store.rows import DispatchRow, FeedHeadRow, NoticeRow

_APPEND = text(
    """
    WITH queued AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:recipients AS text[])) WITH ORDINALITY
            AS queued(id, recipient, place)
    ), head AS (
        INSERT INTO feed_heads AS known (recipient, sequence)
        SELECT recipient, count(*) FROM queued GROUP BY recipient ORDER BY recipient
        ON CONFLICT (recipient) DO UPDATE SET sequence = known.sequence + excluded.sequence
        RETURNING recipient, sequence
    ), placed AS (
        SELECT id, sequence - (rank() OVER (PARTITION BY recipient ORDER BY place DESC)) + 1 AS sequence
        FROM queued JOIN head USING (recipient)
    ), told AS (
        UPDATE notices SET sequence = placed.sequence, available_at = :at FROM placed WHERE notices.id = placed.id
    )
    UPDATE dispatches SET sequence = placed.sequence, available_at = :at FROM placed WHERE dispatches.id = placed.id
    """
)
"""One statement for all recipients, in the order given. Sorted, so that two such never lock crosswise."""


class SqlFeeds:
    """The ``Feeds`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def append(self, dispatches: Sequence[Dispatch], notices: Sequence[Notice]) -> None:
        """Give each entry the next sequence of its recipient's feed."""
        entries: list[Entry] = [*dispatches, *notices]
        if entries:
            values = {
                "ids": [entry.id for entry in entries],
                "recipients": [entry.recipient for entry in entries],
                "at": self._clock.now(),
            }
            await self._session.execute(_APPEND, values)

    async def read(self, recipient: str, after: int, limit: int, document: str | None) -> tuple[Sequence[Entry], int]:
        """Read one page along the indexes, and the feed's head.

        The head is read first: what lies up to it is committed whole, so that of two entries which arrive between the
        other statements none is passed over by one statement while the other sees the next.
        """
        head = select(FeedHeadRow.sequence).where(FeedHeadRow.recipient == recipient)
        last = await self._session.scalar(head) or 0
        dispatches = await self._session.scalars(feed_query(recipient, after, last, limit, document))
        entries: list[Entry] = [to_dispatch(row) for row in dispatches]
        notices = (await self._session.scalars(notice_query(recipient, after, last, limit, document))).all()
        if notices:
            about = select(DispatchRow).where(DispatchRow.id.in_([notice.dispatch_id for notice in notices]))
            found = {row.id: row for row in await self._session.scalars(about)}
            entries += [to_notice(notice, found[notice.dispatch_id]) for notice in notices]
        return sorted(entries, key=lambda entry: entry.sequence or 0)[:limit], last


def feed_query(recipient: str, after: int, last: int, limit: int, document: str | None) -> Select[DispatchRow]:
    """Return the query of the dispatches of a page: it walks the index ``feed``, or ``feed_of_document``.

    What it costs follows the size of the page, never that of the campaign (F24).
    """
    return _page(select(DispatchRow), DispatchRow, recipient, after, last, document).limit(limit)


def notice_query(recipient: str, after: int, last: int, limit: int, document: str | None) -> Select[NoticeRow]:
    """Return the query of the notices of a page, along ``notices_of_feed`` or ``notices_of_feed_of_document``."""
    return _page(select(NoticeRow), NoticeRow, recipient, after, last, document).limit(limit)


def _page(
    query: Select[Any],
    rows: type[DispatchRow | NoticeRow],
    recipient: str,
    after: int,
    last: int,
    document: str | None,
) -> Select[Any]:
    query = query.where(rows.recipient == recipient, rows.sequence > after, rows.sequence <= last)
    if document is not None:
        query = query.where(rows.document == document)
    return query.order_by(rows.sequence)
