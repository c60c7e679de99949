"""Moves a filing to another step of its life, before it is signed."""

from collections.abc import Sequence
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.filing import Step, moves_made
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.naming_cells import name_cells, named
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork


class MoveFiling:
    """Forward with the right of that step, back with a reason and the cells to look at again, if any.

    Who may validate goes from entry to the signatory in one request: both moves are made and told. The verdict is refreshed
    on the way.
    """

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(
        self, caller: Caller, filing_id: UUID, step: Step, reason: str, cells: Sequence[str] = ()
    ) -> FilingCard:
        """Return the filing at the step.

        Args:
            caller: who moves it.
            filing_id: the filing.
            step: where to.
            reason: why it goes back; empty going forward.
            cells: cells to look at again, when it goes back.

        Raises:
            FilingUnknown: no such filing for this caller.
            StepRefused: there is no such move from where the filing is.
            Forbidden: the caller lacks the permission of a move that this takes.
            ReasonMissing: going back without a reason.
            CellsRefused: a cell to look at again is not of this document.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, READ, filing)
            if filing.step is step:
                return await card_of(work, self._form_sets, filing, self._clock.now())
            made = moves_made(filing.step, step)
            for *_, permission in made:
                require_on(caller, permission, filing)
            now = self._clock.now()
            form_set, present = self._form_sets.load(filing.form_set), await work.cells.of(filing_id)
            moved = filing.moved(step, reason, now)
            asked = cells if step < filing.step else ()
            await name_cells(work, self._form_sets, filing, asked, reason.strip(), caller.name, now)
            written = await write_cells(work, self._controls, form_set, moved, present, (), caller.name, now)
            because = f" : {reason.strip()}{named(asked)}" if reason.strip() else ""
            for at, to, _ in made:
                told = f"Étape {int(at)} → étape {int(to)}{because}", f"Step {int(at)} → step {int(to)}{because}"
                kind = "FILING_MOVED" if to > at else "FILING_RETURNED"
                await work.activities.add(Activity(filing_id, now, caller.name, kind, *told))
            card = await card_of(work, self._form_sets, written.filing, now)
            await work.commit()
        return card
