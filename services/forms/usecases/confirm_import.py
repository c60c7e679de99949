"""Writes a previewed import into the filing, once."""

from dataclasses import dataclass
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.errors import ImportStale
from services.forms.domain.form_set_change import takes
from services.forms.domain.importing import Effect, confirm
from services.forms.domain.undoing import EditKind
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork
from services.forms.usecases.restating import refused_restatements, values_of
from services.forms.usecases.undo_step import keep_step


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote."""

    card: FilingCard
    written: int
    kept: int
    """Typed values that were protected."""


class ConfirmImport:
    """One transaction: the import is wholly there or not at all. Confirming again changes nothing."""

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(
        self, caller: Caller, filing_id: UUID, import_id: UUID, *, accept_partial: bool, overwrite_typed: bool
    ) -> Imported:
        """Write the lines of the preview.

        Raises:
            FilingUnknown: no such filing for this caller.
            ImportUnknown: no such preview.
            ImportHasProblems: lines are refused and partial import was not asked for.
            ImportStale: cells to write changed since the preview, or are no longer explained as restated.
            FilingNotEditable: wrong step, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.import", filing)
            preview = await work.imports.get(filing_id, import_id)
            kept = 0 if overwrite_typed else sum(1 for c in preview.changes if c.effect is Effect.PROTECTED)
            if preview.is_confirmed:
                return Imported(await card_of(work, self._form_sets, filing, self._clock.now()), 0, kept)
            filing.require_editable(self._clock.now())
            cells = await work.cells.of(filing_id)
            now = self._clock.now()
            changed = confirm(
                preview, cells, caller.name, now, accept_partial=accept_partial, overwrite_typed=overwrite_typed
            )
            form_set = self._form_sets.load(filing.form_set)
            fits = (takes(form_set, filing.document, cell.address, cell.value) for cell in changed)
            if filing.revision != preview.revision and not all(fits):
                raise ImportStale("Le référentiel du dossier a changé depuis l'aperçu. Refaites l'aperçu.")
            if await refused_restatements(work, self._form_sets, form_set, filing, values_of(changed)):
                raise ImportStale("Un retraitement N-1 n'est plus expliqué par un commentaire. Refaites l'aperçu.")
            written = await write_cells(work, self._controls, form_set, filing, cells, changed, caller.name, now)
            await work.imports.mark_confirmed(import_id)
            activity = Activity(
                filing_id,
                now,
                caller.name,
                "FILE_IMPORTED",
                *in_both(
                    "{n} case(s) importée(s) de « {file} » ; {kept} valeur(s) saisie(s) gardée(s).",
                    "{n} cell(s) imported from “{file}”; {kept} typed value(s) kept.",
                    n=len(changed),
                    file=preview.file_name,
                    kept=kept,
                ),
            )
            await keep_step(work, self._identifiers.next(), EditKind.FILE_IMPORTED, activity, cells, changed)
            card = await card_of(work, self._form_sets, written.filing, now)
            await work.commit()
        return Imported(card, len(changed), kept)
