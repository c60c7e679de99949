"""Writes a previewed import into the filing, once: all of it, or what the person chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.choosing import require_possible
from services.forms.domain.errors import ImportStale
from services.forms.domain.form_set_change import takes
from services.forms.domain.importing import Effect, ImportChoice, ImportPreview, confirm, left_out
from services.forms.domain.undoing import EditKind
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork
from services.forms.usecases.restating import refused_restatements, values_of
from services.forms.usecases.undo_step import keep_step

MOST_NAMED = 10
"""Cells left out that the step names; the others are counted, and the file given back has them all."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote."""

    card: FilingCard
    written: int
    kept: int
    """Typed values that were protected."""
    left_out: Sequence[str] = ()
    """Cells that the person left out, in the order of the file."""


class ConfirmImport:
    """One transaction: the import is wholly there or not at all. Confirming again changes nothing."""

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(
        self, caller: Caller, filing_id: UUID, import_id: UUID, choice: ImportChoice, *, accept_partial: bool
    ) -> Imported:
        """Write what is chosen of the preview; the choice is kept with it.

        Raises:
            FilingUnknown: no such filing for this caller.
            ImportUnknown: no such preview.
            ImportChoiceRefused: a name of the choice is not of this preview, or cannot be written.
            ImportHasProblems: lines are refused and partial import was not asked for.
            ImportStale: cells to write changed since the preview, or are no longer explained as restated.
            FilingNotEditable: wrong step, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.import", filing)
            preview = await work.imports.get(filing_id, import_id)
            if preview.is_confirmed:
                card = await card_of(work, self._form_sets, filing, self._clock.now())
                return Imported(card, 0, _kept(preview, preview.choice or choice), preview.left_out)
            require_possible(preview, choice)
            filing.require_editable(self._clock.now())
            cells = await work.cells.of(filing_id)
            now = self._clock.now()
            changed = confirm(preview, cells, caller.name, now, choice, accept_partial=accept_partial)
            form_set = self._form_sets.load(filing.form_set)
            fits = (takes(form_set, filing.document, cell.address, cell.value) for cell in changed)
            if filing.revision != preview.revision and not all(fits):
                raise ImportStale("Le référentiel du dossier a changé depuis l'aperçu. Refaites l'aperçu.")
            if refused := await refused_restatements(work, self._form_sets, form_set, filing, values_of(changed)):
                said = "Un retraitement N-1 n'est plus expliqué par un commentaire. Refaites l'aperçu."
                raise ImportStale(said, violations=refused)
            written = await write_cells(work, self._controls, form_set, filing, cells, changed, caller.name, now)
            await work.imports.mark_confirmed(import_id, choice)
            kept, left = _kept(preview, choice), left_out(preview.changes, choice)
            activity = _activity(preview, caller, now, len(changed), kept, left)
            await keep_step(work, self._identifiers.next(), EditKind.FILE_IMPORTED, activity, cells, changed)
            card = await card_of(work, self._form_sets, written.filing, now)
            await work.commit()
        return Imported(card, len(changed), kept, left)


def _kept(preview: ImportPreview, choice: ImportChoice) -> int:
    return sum(1 for change in preview.changes if change.effect is Effect.PROTECTED and not choice.writes(change))


def _activity(
    preview: ImportPreview, caller: Caller, now: datetime, written: int, kept: int, left: Sequence[str]
) -> Activity:
    names, end = ", ".join(left[:MOST_NAMED]), "…" if len(left) > MOST_NAMED else "."
    more = (
        (" ; {left} case(s) laissée(s) de côté : {names}", "; {left} cell(s) left out: {names}") if left else ("", "")
    )
    return Activity(
        preview.filing_id,
        now,
        caller.name,
        str(EditKind.FILE_IMPORTED),
        *in_both(
            "{n} case(s) importée(s) de « {file} » ; {kept} valeur(s) saisie(s) gardée(s)" + more[0] + end,
            "{n} cell(s) imported from “{file}”; {kept} typed value(s) kept" + more[1] + end,
            n=written,
            file=preview.file_name,
            kept=kept,
            left=len(left),
            names=names,
        ),
    )
