"""The dispatches, and the feeds that they make."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.unit_of_work import remember_once
from services.transmission.domain.dispatch import Dispatch, SignedFiling
from services.transmission.domain.filing import FilingIdentity
from services.transmission.store.rows import AppliedRequestRow, DispatchRow, FeedHeadRow

_MAKE_AVAILABLE = text(
    """
    WITH queued AS (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:recipients AS text[])) AS queued(id, recipient)
    ), head AS (
        INSERT INTO feed_heads AS known (recipient, sequence)
        SELECT recipient, 1 FROM queued ORDER BY recipient
        ON CONFLICT (recipient) DO UPDATE SET sequence = known.sequence + 1
        RETURNING recipient, sequence
    )
    UPDATE dispatches SET sequence = head.sequence, available_at = :at
    FROM queued JOIN head USING (recipient)
    WHERE dispatches.id = queued.id
    """
)
"""One statement for all recipients of a version (one dispatch each). Sorted, so that two such never lock crosswise."""


class SqlDispatches:
    """The ``Dispatches`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def lock_filing(self, filing_id: str) -> None:
        """Take the filing's advisory lock until the transaction ends."""
        key = func.hashtextextended(f"transmission.filing:{filing_id}", 0)
        await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def remember_event(self, event_id: str) -> bool:
        """Record the event; False when it is recorded already."""
        return await remember_once(self._session, AppliedRequestRow, "DispatchFiling", event_id, self._clock)

    async def of_filing(self, filing_id: str) -> Sequence[Dispatch]:
        """Return every dispatch of the filing, by version."""
        rows = await self._session.scalars(
            select(DispatchRow)
            .where(DispatchRow.filing_id == filing_id)
            .order_by(DispatchRow.version, DispatchRow.recipient)
        )
        return [_to_domain(row) for row in rows]

    async def find(self, recipient: str, dispatch_id: UUID) -> Dispatch | None:
        """Return the recipient's dispatch, locked."""
        mine = select(DispatchRow).where(DispatchRow.id == dispatch_id, DispatchRow.recipient == recipient)
        row = await self._session.scalar(mine.with_for_update())
        return _to_domain(row) if row else None

    async def add(self, dispatches: Sequence[Dispatch]) -> None:
        """Keep queued dispatches."""
        if dispatches:
            await self._session.execute(insert(DispatchRow), [_to_row(dispatch) for dispatch in dispatches])

    async def save(self, dispatch: Dispatch) -> None:
        """Keep what changed; first instants are never replaced, and a supersession never goes back."""
        row = DispatchRow
        await self._session.execute(
            update(row)
            .where(row.id == dispatch.id)
            .values(
                superseded_by=func.greatest(row.superseded_by, dispatch.superseded_by),
                delivered_at=func.coalesce(row.delivered_at, dispatch.delivered_at),
                acknowledged_at=func.coalesce(row.acknowledged_at, dispatch.acknowledged_at),
            )
            .execution_options(synchronize_session=False)
        )

    async def make_available(self, dispatches: Sequence[Dispatch]) -> None:
        """Give each dispatch the next sequence of its recipient's feed."""
        if dispatches:
            values = {
                "ids": [dispatch.id for dispatch in dispatches],
                "recipients": [dispatch.recipient for dispatch in dispatches],
                "at": self._clock.now(),
            }
            await self._session.execute(_MAKE_AVAILABLE, values)

    async def feed(self, recipient: str, after: int, limit: int, document: str | None) -> Sequence[Dispatch]:
        """Read one page along the index."""
        rows = await self._session.scalars(feed_query(recipient, after, limit, document))
        return [_to_domain(row) for row in rows]

    async def last_sequence(self, recipient: str) -> int:
        """Read the feed's head."""
        head = select(FeedHeadRow.sequence).where(FeedHeadRow.recipient == recipient)
        return await self._session.scalar(head) or 0


def feed_query(recipient: str, after: int, limit: int, document: str | None) -> Select[DispatchRow]:
    """Return the query of a page: it walks the index ``feed``, or ``feed_of_document`` when narrowed to one.

    What it costs follows the size of the page, never that of the campaign (F24).
    """
    query = select(DispatchRow).where(DispatchRow.recipient == recipient, DispatchRow.sequence > after)
    if document is not None:
        query = query.where(DispatchRow.document == document)
    return query.order_by(DispatchRow.sequence).limit(limit)


def _to_row(dispatch: Dispatch) -> dict[str, object]:
    filing = dispatch.filing
    identity = filing.identity
    return {
        "id": dispatch.id,
        "recipient": dispatch.recipient,
        "sequence": dispatch.sequence,
        "filing_id": identity.filing_id,
        "version": filing.version,
        "body": identity.body,
        "body_name": identity.body_name,
        "family": identity.family,
        "document": identity.document,
        "year": identity.year,
        "form_set": identity.form_set,
        "departement": identity.departement,
        "container_digest": filing.container_digest,
        "content_digest": filing.content_digest,
        "receipt_number": filing.receipt_number,
        "signed_at": filing.signed_at,
        "rule": dispatch.rule,
        "level": dispatch.level,
        "replaces": dispatch.replaces,
        "superseded_by": dispatch.superseded_by,
        "queued_at": dispatch.queued_at,
        "available_at": dispatch.available_at,
        "delivered_at": dispatch.delivered_at,
        "acknowledged_at": dispatch.acknowledged_at,
    }


def _to_domain(row: DispatchRow) -> Dispatch:
    identity = FilingIdentity(
        row.filing_id, row.body, row.body_name, row.family, row.document, row.year, row.form_set, row.departement
    )
    filing = SignedFiling(
        identity, row.version, row.container_digest, row.content_digest, row.receipt_number, row.signed_at
    )
    return Dispatch(
        id=row.id,
        recipient=row.recipient,
        filing=filing,
        rule=row.rule,
        level=row.level,
        queued_at=row.queued_at,
        replaces=row.replaces,
        superseded_by=row.superseded_by,
        sequence=row.sequence,
        available_at=row.available_at,
        delivered_at=row.delivered_at,
        acknowledged_at=row.acknowledged_at,
    )
