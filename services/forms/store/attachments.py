"""`SqlAttachments`: the PDFs of filings; equal contents are kept once."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.forms.domain.attachment import Attachment
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.errors import AttachmentUnknown
from services.forms.store.rows import AttachmentContentRow, AttachmentRow


class SqlAttachments:
    """Attachments in `attachments`, contents by digest in `attachment_contents`."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, attachment: Attachment, content: bytes) -> None:
        """Keep an attachment and its content."""
        row = {"digest": attachment.digest, "content": content, "scanned_at": attachment.scanned_at}
        await self._session.execute(upsert(AttachmentContentRow).values(row).on_conflict_do_nothing())
        if attachment.scanned_at is not None:
            await self.note_scan(attachment.digest, attachment.scanned_at)
        self._session.add(
            AttachmentRow(
                id=attachment.id,
                filing_id=attachment.filing_id,
                kind=str(attachment.kind),
                file_name=attachment.file_name,
                digest=attachment.digest,
                size=attachment.size,
                author=attachment.author,
                at=attachment.at,
            )
        )
        await self._session.flush()

    async def remove(self, attachment_ids: Collection[UUID]) -> None:
        """Take attachments off their filing; contents stay, since a signed version may list them."""
        await self._session.execute(delete(AttachmentRow).where(AttachmentRow.id.in_(attachment_ids)))

    async def of(self, filing_id: UUID) -> list[Attachment]:
        """Return the attachments of a filing, by kind, oldest first."""
        rows = await self._session.execute(
            select(AttachmentRow, AttachmentContentRow.scanned_at)
            .join(AttachmentContentRow, AttachmentContentRow.digest == AttachmentRow.digest)
            .where(AttachmentRow.filing_id == filing_id)
            .order_by(AttachmentRow.kind, AttachmentRow.number)
        )
        return [_to_domain(row, scanned_at) for row, scanned_at in rows]

    async def scans(self, digests: Collection[str]) -> dict[str, datetime]:
        """Return when nothing was found in these contents."""
        found = await self._session.execute(
            select(AttachmentContentRow.digest, AttachmentContentRow.scanned_at).where(
                AttachmentContentRow.digest.in_(digests), AttachmentContentRow.scanned_at.is_not(None)
            )
        )
        return {digest: at for digest, at in found if at is not None}

    async def note_scan(self, digest: str, at: datetime) -> None:
        """Say that nothing was found in a content."""
        await self._session.execute(
            update(AttachmentContentRow).where(AttachmentContentRow.digest == digest).values(scanned_at=at)
        )

    async def content(self, digest: str) -> bytes:
        """Return a content by its digest.

        Raises:
            AttachmentUnknown: there is none.
        """
        found = await self._session.scalar(
            select(AttachmentContentRow.content).where(AttachmentContentRow.digest == digest)
        )
        if found is None:
            raise AttachmentUnknown
        return found


def _to_domain(row: AttachmentRow, scanned_at: datetime | None) -> Attachment:
    return Attachment(
        id=row.id,
        filing_id=row.filing_id,
        kind=AttachmentKind(row.kind),
        file_name=row.file_name,
        digest=row.digest,
        size=row.size,
        author=row.author,
        at=row.at,
        scanned_at=scanned_at,
    )
