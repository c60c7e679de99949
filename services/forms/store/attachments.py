"""`SqlAttachments`: the PDFs of filings; equal contents are kept once."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import delete, select
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
        row = {"digest": attachment.digest, "content": content}
        await self._session.execute(upsert(AttachmentContentRow).values(row).on_conflict_do_nothing())
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
        rows = await self._session.scalars(
            select(AttachmentRow)
            .where(AttachmentRow.filing_id == filing_id)
            .order_by(AttachmentRow.kind, AttachmentRow.number)
        )
        return [_to_domain(row) for row in rows]

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


def _to_domain(row: AttachmentRow) -> Attachment:
    return Attachment(
        row.id, row.filing_id, AttachmentKind(row.kind), row.file_name, row.digest, row.size, row.author, row.at
    )
