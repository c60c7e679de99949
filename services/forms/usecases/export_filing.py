"""Gives a filing, as it is now or as it was signed, as a file in a published format."""

from dataclasses import replace
from uuid import UUID

from chassis.identity import Caller
from services.forms.domain.errors import FormSetNoLongerShipped
from services.forms.domain.export import ExportContent, ExportedFile, ExportFormat, export_content
from services.forms.domain.filing import Filing
from services.forms.usecases.past_versions import form_set_of
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import ExportFiles, FormSets, OpensWork, UnitOfWork
from services.forms.usecases.sign_filing import content_of


class ExportFiling:
    """Reads a filing and writes it in one format; changes nothing."""

    def __init__(self, open_work: OpensWork, files: ExportFiles, form_sets: FormSets) -> None:
        self._open_work, self._files, self._form_sets = open_work, files, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID, chosen: ExportFormat, version: int) -> ExportedFile:
        """Return the file.

        Args:
            caller: who asks.
            filing_id: the filing.
            chosen: the format.
            version: a signed version, from 1; 0 for the filing as it is now.

        Raises:
            FilingUnknown: no such filing for this caller, or no such signed version.
            TrialOnly: it is a trial: its file could be taken for the real one.
            FormSetNoLongerShipped: the version was signed under a form set that this server does not have any more.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            filing.require_real()
            content = await (self._signed(work, filing, version) if version else self._present(work, filing))
        return await self._files.write(content, chosen)

    async def _present(self, work: UnitOfWork, filing: Filing) -> ExportContent:
        form_set = self._form_sets.load(filing.form_set)
        cells, computed = await work.cells.of(filing.id), await work.cells.computed(filing.id)
        written = content_of(form_set, filing.document, cells, computed)
        return export_content(filing, form_set, written, cells, 0, filing.changed_at)

    async def _signed(self, work: UnitOfWork, filing: Filing, version: int) -> ExportContent:
        snapshot = await work.snapshots.get_signed(filing.id, version)
        labelled = form_set_of(self._form_sets, filing, snapshot)
        if labelled.has_other_labels:
            raise FormSetNoLongerShipped
        as_signed = replace(filing, verdict=snapshot.verdict)
        return export_content(as_signed, labelled.form_set, snapshot.cells, {}, version, snapshot.frozen_at)
