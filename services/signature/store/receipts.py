"""``SqlReceipts``: receipts and containers on PostgreSQL."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.signature.domain.intent import Signatory
from services.signature.domain.log import LogEntry
from services.signature.domain.receipt import InclusionProof, Receipt
from services.signature.store.rows import ContainerRow, ReceiptCounterRow, ReceiptRow


class SqlReceipts:
    """The ``Receipts`` port, inside one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def next_sequence(self, document: str, year: int) -> int:
        """Return the next number, from 1; the counter's row is held until this transaction ends."""
        counter = insert(ReceiptCounterRow).values(document=document, year=year, last=1)
        counted = counter.on_conflict_do_update(
            index_elements=["document", "year"], set_={"last": ReceiptCounterRow.last + 1}
        )
        return (await self._session.scalars(counted.returning(ReceiptCounterRow.last))).one()

    async def add(self, receipt: Receipt, container: bytes) -> None:
        """Keep a receipt and its container for good."""
        self._session.add(_to_row(receipt))
        self._session.add(ContainerRow(intent_id=receipt.intent_id, content=container))
        await self._session.flush()

    async def of_intent(self, intent_id: UUID) -> Receipt | None:
        """Return the receipt of an intent."""
        row = await self._session.scalar(select(ReceiptRow).where(ReceiptRow.intent_id == intent_id))
        return _to_domain(row) if row else None

    async def of_filing(self, filing_id: str, version: int) -> Receipt | None:
        """Return the receipt of a version; of the latest one for version 0."""
        wanted = select(ReceiptRow).where(ReceiptRow.filing_id == filing_id)
        if version:
            wanted = wanted.where(ReceiptRow.filing_version == version)
        row = await self._session.scalar(wanted.order_by(ReceiptRow.filing_version.desc()).limit(1))
        return _to_domain(row) if row else None

    async def container(self, intent_id: UUID) -> bytes:
        """Return the container of an intent's receipt."""
        return (
            await self._session.scalars(select(ContainerRow.content).where(ContainerRow.intent_id == intent_id))
        ).one()


def _to_row(receipt: Receipt) -> ReceiptRow:
    return ReceiptRow(
        number=receipt.number,
        intent_id=receipt.intent_id,
        filing_id=receipt.filing_id,
        filing_version=receipt.filing_version,
        body=receipt.body,
        document=receipt.document,
        year=receipt.year,
        signatory_subject=receipt.signatory.subject,
        signatory_name=receipt.signatory.name,
        role=receipt.role,
        signed_at=receipt.signed_at,
        digest=receipt.digest,
        container_digest=receipt.container_digest,
        level=receipt.level,
        assurance=receipt.assurance,
        policy=receipt.policy,
        server=receipt.server,
        entry=receipt.entry.fields,
        salt=receipt.salt,
        log_index=receipt.proof.index,
        log_size=receipt.proof.size,
        log_hashes=list(receipt.proof.hashes),
        checkpoint=receipt.proof.checkpoint,
    )


def _to_domain(row: ReceiptRow) -> Receipt:
    return Receipt(
        number=row.number,
        intent_id=row.intent_id,
        filing_id=row.filing_id,
        filing_version=row.filing_version,
        body=row.body,
        document=row.document,
        year=row.year,
        signatory=Signatory(row.signatory_subject, row.signatory_name),
        role=row.role,
        signed_at=row.signed_at,
        digest=row.digest,
        container_digest=row.container_digest,
        level=row.level,
        assurance=row.assurance,
        policy=row.policy,
        server=row.server,
        entry=LogEntry(**row.entry),
        salt=row.salt,
        proof=InclusionProof(row.log_index, row.log_size, tuple(row.log_hashes), row.checkpoint),
    )
