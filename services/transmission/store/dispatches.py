"""The dispatches."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.unit_of_work import remember_once
from services.transmission.domain.dispatch import Dispatch, Replaced, SignedFiling
from services.transmission.domain.filing import FilingIdentity
from services.transmission.store.rows import DispatchRow


class SqlDispatches:
    """The ``Dispatches`` port on PostgreSQL."""

    def __init__(self, session: AsyncSession, clock: Clock) -> None:
        self._session, self._clock = session, clock

    async def lock_filing(self, filing_id: str) -> None:
        """Take the filing's advisory lock until the transaction ends."""
        key = func.hashtextextended(f"transmission.filing:{filing_id}", 0)
        await self._session.execute(select(func.pg_advisory_xact_lock(key)))

    async def remember_event(self, method: str, event_id: str) -> bool:
        """Record the event; False when it is recorded already."""
        return await remember_once(self._session, method, event_id, self._clock)

    async def of_filing(self, filing_id: str) -> Sequence[Dispatch]:
        """Return every dispatch of the filing, by version."""
        rows = await self._session.scalars(
            select(DispatchRow)
            .where(DispatchRow.filing_id == filing_id)
            .order_by(DispatchRow.version, DispatchRow.recipient)
        )
        return [to_dispatch(row) for row in rows]

    async def find(self, recipient: str, dispatch_id: UUID) -> Dispatch | None:
        """Return the recipient's dispatch, locked."""
        mine = select(DispatchRow).where(DispatchRow.id == dispatch_id, DispatchRow.recipient == recipient)
        row = await self._session.scalar(mine.with_for_update())
        return to_dispatch(row) if row else None

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
                suspended_at=func.coalesce(row.suspended_at, dispatch.suspended_at),
                withdrawn_at=func.coalesce(row.withdrawn_at, dispatch.withdrawn_at),
            )
            .execution_options(synchronize_session=False)
        )


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
        "replaces": dispatch.replaces.dispatch_id if dispatch.replaces else None,
        "replaced_version": dispatch.replaces.version if dispatch.replaces else None,
        "replaced_digest": dispatch.replaces.content_digest if dispatch.replaces else None,
        "superseded_by": dispatch.superseded_by,
        "queued_at": dispatch.queued_at,
        "available_at": dispatch.available_at,
        "delivered_at": dispatch.delivered_at,
        "acknowledged_at": dispatch.acknowledged_at,
        "suspended_at": dispatch.suspended_at,
        "withdrawn_at": dispatch.withdrawn_at,
    }


def to_dispatch(row: DispatchRow) -> Dispatch:
    """Read a dispatch back; one that yesterday's release wrote names what it replaces by its identifier only."""
    identity = FilingIdentity(
        row.filing_id, row.body, row.body_name, row.family, row.document, row.year, row.form_set, row.departement
    )
    filing = SignedFiling(
        identity, row.version, row.container_digest, row.content_digest, row.receipt_number, row.signed_at
    )
    replaces = Replaced(row.replaces, row.replaced_version or 0, row.replaced_digest or "") if row.replaces else None
    return Dispatch(
        id=row.id,
        recipient=row.recipient,
        filing=filing,
        rule=row.rule,
        level=row.level,
        queued_at=row.queued_at,
        replaces=replaces,
        superseded_by=row.superseded_by,
        sequence=row.sequence,
        available_at=row.available_at,
        delivered_at=row.delivered_at,
        acknowledged_at=row.acknowledged_at,
        suspended_at=row.suspended_at,
        withdrawn_at=row.withdrawn_at,
    )
