"""PDFs attached to a filing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import malformed
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.attachment import (
    MOST_FILES,
    Attachment,
    clean_name,
    require_clean,
    require_flawless,
    require_pdf,
)
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.errors import AttachmentRefused, AttachmentUnknown
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import READ, STAFF, require_on, require_on_either
from services.forms.usecases.ports import Controls, FormSets, OpensWork, Pdfs, UnitOfWork, VirusScanner


class AttachFile:
    """A newer file replaces the one of its kind, but for `OTHER`. What would be signed changes: a snapshot grows stale."""

    def __init__(
        self,
        open_work: OpensWork,
        controls: Controls,
        form_sets: FormSets,
        pdfs: Pdfs,
        clock: Clock,
        identifiers: Identifiers,
        scanner: VirusScanner | None = None,
    ) -> None:
        """Take what is needed; without a scanner nobody looks for viruses, and what is attached says so."""
        self._open_work, self._controls, self._form_sets, self._pdfs = open_work, controls, form_sets, pdfs
        self._clock, self._identifiers, self._scanner = clock, identifiers, scanner

    async def __call__(
        self, caller: Caller, filing_id: UUID, kind: AttachmentKind, file_name: str, content: bytes
    ) -> Attachment:
        """Keep a PDF; the same content under the same kind again changes nothing.

        Raises:
            FilingUnknown: no such filing for this caller.
            AttachmentRefused: not a PDF, too large, damaged, encrypted, with more in it than pages, with a virus, not scanned though
                a scanner is set, or one too many.
            Unavailable: this machine cannot look into files safely.
            FilingNotEditable: signed, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, "filing.edit", filing)
            filing.require_attachable(self._clock.now())
        require_pdf(content)
        require_flawless(await self._pdfs.flaws(content))
        scanned_at = await self._scanned(content)
        file_name = clean_name(file_name)
        digest = sha256(content).hexdigest()
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            filing.require_attachable(self._clock.now())
            present = await work.attachments.of(filing_id)
            if same := next((one for one in present if (one.kind, one.digest) == (kind, digest)), None):
                if scanned_at is not None:
                    await work.attachments.note_scan(digest, scanned_at)
                    await work.commit()
                return replace(same, scanned_at=scanned_at or same.scanned_at)
            if len(present) >= MOST_FILES:
                what = ("Trop de pièces jointes.", "Too many attachments.")
                how = (f"Au plus {MOST_FILES} par dossier.", f"At most {MOST_FILES} a filing.")
                raise AttachmentRefused([malformed("content", "TOO_MANY", what, how)])
            now = self._clock.now()
            attachment = Attachment(
                self._identifiers.next(), filing_id, kind, file_name, digest, len(content), caller.name, now, scanned_at
            )
            await work.attachments.add(attachment, content)
            if kind is not AttachmentKind.OTHER:
                await work.attachments.remove([one.id for one in present if one.kind is kind])
            form_set, cells = self._form_sets.load(filing.form_set), await work.cells.of(filing_id)
            await write_cells(work, self._controls, form_set, filing, cells, (), caller.name, now)
            fr, en = f"Pièce jointe : « {file_name} » ({kind}).", f"File attached: “{file_name}” ({kind})."
            await work.activities.add(Activity(filing_id, now, caller.name, "FILE_ATTACHED", fr, en))
            await work.commit()
        return attachment

    async def _scanned(self, content: bytes) -> datetime | None:
        """When a scanner found nothing, None when none is set; asked while no transaction is open."""
        if self._scanner is None:
            return None
        require_clean(await self._scanner.scan(content))
        return self._clock.now()


class ListAttachments:
    """Lists the PDFs of a filing."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID) -> list[Attachment]:
        """Return them by kind, oldest first; to an officer those that were signed, whatever was attached since.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            return await _visible(work, caller, filing_id)


class GetAttachment:
    """Returns one PDF."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID, attachment_id: UUID) -> tuple[Attachment, bytes]:
        """Return the attachment and its content.

        Raises:
            FilingUnknown: no such filing for this caller.
            AttachmentUnknown: no such attachment of this filing, or one that was not signed, for an officer.
        """
        async with self._open_work() as work:
            visible = {one.id: one for one in await _visible(work, caller, filing_id)}
            if attachment_id not in visible:
                raise AttachmentUnknown
            attachment = visible[attachment_id]
            return attachment, await work.attachments.content(attachment.digest)


async def with_scans(work: UnitOfWork, attachments: Sequence[Attachment]) -> list[Attachment]:
    """Attachments as they were frozen, with what is known today of the scan of their contents."""
    scans = await work.attachments.scans({one.digest for one in attachments})
    return [replace(one, scanned_at=scans.get(one.digest)) for one in attachments]


async def _visible(work: UnitOfWork, caller: Caller, filing_id: UUID) -> list[Attachment]:
    filing = await work.filings.get(filing_id)
    if require_on_either(caller, READ, STAFF, filing):
        signed = (await work.snapshots.get_signed(filing_id, filing.signed_version)).attachments
        return await with_scans(work, signed)
    return await work.attachments.of(filing_id)
