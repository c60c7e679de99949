"""``SqlIntents``: the signing intents on PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from services.signature.domain.errors import SignatureUnderWay
from services.signature.domain.intent import IntentState, Signatory, SigningIntent
from services.signature.store.rows import IntentRow


class SqlIntents:
    """The ``Intents`` port, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, intent: SigningIntent, content: bytes) -> None:
        """Keep a prepared intent and its bytes."""
        self._session.add(_to_row(intent, content))
        await self._session.flush()

    async def find(self, intent_id: UUID) -> SigningIntent | None:
        """Return the intent."""
        row = await self._session.scalar(select(IntentRow).where(IntentRow.id == intent_id))
        return _to_domain(row) if row else None

    async def locked(self, intent_id: UUID) -> SigningIntent | None:
        """Return the intent as it is now, and hold its row until this transaction ends."""
        statement = select(IntentRow).where(IntentRow.id == intent_id).with_for_update()
        row = await self._session.scalar(statement.execution_options(populate_existing=True))
        return _to_domain(row) if row else None

    async def content(self, intent_id: UUID) -> bytes:
        """Return the bytes *B*."""
        return (await self._session.scalars(select(IntentRow.content).where(IntentRow.id == intent_id))).one()

    async def save(self, intent: SigningIntent) -> None:
        """Move the intent on; a trigger refuses to move it back or to change what it binds.

        Raises:
            SignatureUnderWay: another intent of the same filing version and role was committed meanwhile.
        """
        moved = (
            update(IntentRow)
            .where(IntentRow.id == intent.id)
            .values(
                state=intent.state.value,
                authenticated_at=intent.authenticated_at,
                committed_at=intent.committed_at,
                signed_at=intent.signed_at,
            )
        )
        try:
            await self._session.execute(moved.execution_options(synchronize_session=False))
        except IntegrityError as error:
            raise SignatureUnderWay from error

    async def settled(self, filing_id: str, version: int, role: str) -> SigningIntent | None:
        """Return the intent of this filing, version and role that left ``prepared``."""
        row = await self._session.scalar(
            select(IntentRow).where(
                IntentRow.filing_id == filing_id,
                IntentRow.filing_version == version,
                IntentRow.role == role,
                IntentRow.state != IntentState.PREPARED.value,
            )
        )
        return _to_domain(row) if row else None

    async def reusable(self, intent: SigningIntent, since: datetime) -> SigningIntent | None:
        """Return the youngest intent prepared since then by the same person for the same content."""
        row = await self._session.scalar(
            select(IntentRow)
            .where(
                IntentRow.filing_id == intent.filing_id,
                IntentRow.state == IntentState.PREPARED.value,
                IntentRow.created_at >= since,
                IntentRow.filing_version == intent.filing_version,
                IntentRow.digest == intent.digest,
                IntentRow.revision == intent.revision,
                IntentRow.signatory_subject == intent.signatory.subject,
                IntentRow.role == intent.role,
                IntentRow.key_id == intent.key_id,
                IntentRow.policy == intent.policy,
            )
            .order_by(IntentRow.created_at.desc())
            .limit(1)
        )
        return _to_domain(row) if row else None

    async def unfinished(self, before: datetime) -> Sequence[UUID]:
        """Return the intents committed before then and not signed, oldest first."""
        found = await self._session.scalars(
            select(IntentRow.id)
            .where(IntentRow.state == IntentState.COMMITTED.value, IntentRow.committed_at < before)
            .order_by(IntentRow.committed_at)
            .limit(100)
        )
        return found.all()

    async def forget(self, before: datetime) -> int:
        """Drop the intents prepared before then that nobody committed."""
        gone = await self._session.scalars(
            delete(IntentRow)
            .where(IntentRow.state == IntentState.PREPARED.value, IntentRow.created_at < before)
            .returning(IntentRow.id)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())


def _to_row(intent: SigningIntent, content: bytes) -> IntentRow:
    return IntentRow(
        id=intent.id,
        filing_id=intent.filing_id,
        filing_version=intent.filing_version,
        revision=intent.revision,
        body=intent.body,
        document=intent.document,
        year=intent.year,
        digest=intent.digest,
        content=content,
        signatory_subject=intent.signatory.subject,
        signatory_name=intent.signatory.name,
        role=intent.role,
        level=intent.level,
        key_id=intent.key_id,
        policy=intent.policy,
        state=intent.state.value,
        created_at=intent.created_at,
        authenticated_at=intent.authenticated_at,
        committed_at=intent.committed_at,
        signed_at=intent.signed_at,
    )


def _to_domain(row: IntentRow) -> SigningIntent:
    return SigningIntent(
        id=row.id,
        filing_id=row.filing_id,
        filing_version=row.filing_version,
        revision=row.revision,
        body=row.body,
        document=row.document,
        year=row.year,
        digest=row.digest,
        signatory=Signatory(row.signatory_subject, row.signatory_name),
        role=row.role,
        level=row.level,
        key_id=row.key_id,
        policy=row.policy,
        created_at=row.created_at,
        state=IntentState(row.state),
        authenticated_at=row.authenticated_at,
        committed_at=row.committed_at,
        signed_at=row.signed_at,
    )
