"""Lets a person choose between the two values of a shared fact."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from formsets import FormSet
from services.forms.domain.activity import Activity
from services.forms.domain.addressing import place_of
from services.forms.domain.cell import Cell
from services.forms.domain.errors import NoConflict
from services.forms.domain.filing import Filing
from services.forms.domain.undoing import EditKind
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, Facts, FormSets, OpensWork
from services.forms.usecases.undo_step import keep_step


class ResolveConflict:
    """Writes the person's choice, a step like any other; it dominates both sides on every server, until it is undone.

    Sync is told within the transaction, because it may refuse (another value came meanwhile). If this server dies
    between the two, sync tells the choice back as it tells any fact, so both end up with it.
    """

    def __init__(
        self,
        open_work: OpensWork,
        controls: Controls,
        facts: Facts,
        form_sets: FormSets,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._open_work, self._controls, self._facts = open_work, controls, facts
        self._form_sets, self._clock, self._identifiers = form_sets, clock, identifiers

    async def __call__(self, caller: Caller, filing_id: UUID, address: str, value: str, request_id: str) -> Cell:
        """Return the cell after the choice.

        Raises:
            FilingUnknown: no such filing for this caller.
            NoConflict: the cell is not in conflict, or the value is neither of the two.
            FilingNotEditable: wrong step, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.edit", filing)
            filing.require_editable(self._clock.now())
            form_set = self._form_sets.load(filing.form_set)
            cells = await work.cells.of(filing_id)
            cell, concept = _in_conflict(form_set, filing, cells, address)
            now = self._clock.now()
            chosen = cell.chosen(value, caller.name, now)
            await self._facts.resolve(request_id, filing, concept, value, caller.name)
            await write_cells(work, self._controls, form_set, filing, cells, [chosen], caller.name, now)
            activity = Activity(
                filing_id,
                now,
                caller.name,
                str(EditKind.CONFLICT_RESOLVED),
                f"{address} : valeur « {value or 'vide'} » choisie.",
                f"{address}: value “{value or 'empty'}” chosen.",
            )
            await keep_step(work, self._identifiers.next(), EditKind.CONFLICT_RESOLVED, activity, cells, [chosen])
            await work.commit()
        return chosen


def _in_conflict(form_set: FormSet, filing: Filing, cells: dict[str, Cell], address: str) -> tuple[Cell, str]:
    cell = cells.get(place_of(form_set, filing.document, address).address)
    concept = form_set.concept_of(cell.address) if cell else None
    if cell is None or concept is None:
        raise NoConflict("Cette case n'est pas en conflit.")
    return cell, concept.code
