"""Keeps every change of content as a step, lists the steps, and undoes one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.cell import Cell
from services.forms.domain.errors import AlreadyUndone
from services.forms.domain.form_set_change import SetAside, follow_undo, takes, undo_drops
from services.forms.domain.undoing import AsideTrace, EditKind, EditStep, traces, undo, undo_traces, undone_marks
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork, UnitOfWork

MOST_STEPS = 200
"""Of a page of steps."""


@dataclass(frozen=True, slots=True)
class StepPage:
    """Steps, newest first."""

    steps: Sequence[EditStep]
    next: UUID | None
    """The step that the following page begins before; None when this page is the last one."""


async def keep_step(
    work: UnitOfWork,
    step_id: UUID,
    kind: EditKind,
    activity: Activity,
    before: Mapping[str, Cell],
    changed: Sequence[Cell],
    dropped: Sequence[SetAside] = (),
) -> None:
    """Keep a change of cells, or of what becomes of values set aside, as a step and as something that happened; no commit."""
    await work.activities.add(activity)
    if changed or dropped:
        at, author = activity.at, activity.author
        aside = tuple(AsideTrace(one.address, one.version, is_dropped=True) for one in dropped)
        cells = traces(before, changed)
        step = EditStep(step_id, activity.filing_id, kind, author, at, activity.fr, activity.en, cells, aside=aside)
        await work.steps.add(step)


class ListSteps:
    """Lists the steps of a filing, page by page: what is done meanwhile comes before the first page and moves no other."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(
        self, caller: Caller, filing_id: UUID, before: UUID | None = None, limit: int = MOST_STEPS
    ) -> StepPage:
        """Return the last steps, or those just before a step; at most `MOST_STEPS`, and as many when `limit` is not positive.

        Raises:
            FilingUnknown: no such filing for this caller.
            EditStepUnknown: no such step to begin before.
        """
        limit = min(limit, MOST_STEPS) if limit > 0 else MOST_STEPS
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            found = await work.steps.of(filing_id, before, limit + 1)
        page = found[:limit]
        return StepPage(page, page[-1].id if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo put back and what it left."""

    card: FilingCard
    restored: Sequence[str]
    kept: Sequence[str]


class UndoStep:
    """Puts back the cells that nobody changed since; the undo is itself a step. Shared facts are told like any change.

    A value set aside that the step had put in a cell, or dropped, waits for a choice again; two values between which it
    chose stand beside each other again, here and on the other server.
    """

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(self, caller: Caller, filing_id: UUID, step_id: UUID) -> Undone:
        """Undo a step.

        Raises:
            FilingUnknown: no such filing for this caller.
            EditStepUnknown: no such step of this filing.
            AlreadyUndone: it was undone before; undo that undo to have it back.
            FilingNotEditable: wrong step of the workflow, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.edit", filing)
            step = await work.steps.get(filing_id, step_id)
            filing.require_editable(self._clock.now())
            if step.is_undone:
                raise AlreadyUndone
            form_set = self._form_sets.load(filing.form_set)
            cells, now = await work.cells.of(filing_id), self._clock.now()
            undoings = await work.steps.undoings(filing_id)
            undoing = undo(step, undoings, cells, caller.name, now)
            # A form set published since may have closed the cell: its value waits for a choice, not for an undo.
            changed = [c for c in undoing.changed if takes(form_set, filing.document, c.address, c.value)]
            aside = await work.set_aside.of(filing_id)
            decided = undo_drops(aside, step)
            restored = [cell.address for cell in changed] + [one.address for one in decided]
            touched = [trace.address for trace in step.cells] + [trace.address for trace in step.aside]
            kept = [address for address in touched if address not in restored]
            if not restored:
                return Undone(await card_of(work, self._form_sets, filing, now), [], kept)
            if changed:
                written = await write_cells(work, self._controls, form_set, filing, cells, changed, caller.name, now)
                filing = written.filing
            await work.set_aside.save([*follow_undo(aside, step, changed), *decided])
            activity = _activity(filing_id, now, caller, await _origin(work, step), restored, kept)
            await work.activities.add(activity)
            await work.steps.add(
                EditStep(
                    self._identifiers.next(),
                    filing_id,
                    EditKind.STEP_UNDONE,
                    caller.name,
                    now,
                    activity.fr,
                    activity.en,
                    undo_traces(step, cells, changed),
                    undoes=step.id,
                    aside=_opposite(step.aside, decided),
                )
            )
            for step_id, is_undone in undone_marks(step, undoings).items():
                await work.steps.mark_undone(step_id, is_undone=is_undone)
            card = await card_of(work, self._form_sets, filing, now)
            await work.commit()
        return Undone(card, restored, kept)


def _opposite(traces: Sequence[AsideTrace], decided: Sequence[SetAside]) -> tuple[AsideTrace, ...]:
    places = {(one.address, one.version) for one in decided}
    return tuple(
        replace(trace, is_dropped=not trace.is_dropped) for trace in traces if (trace.address, trace.version) in places
    )


async def _origin(work: UnitOfWork, step: EditStep) -> tuple[EditStep, bool]:
    """Return the change that is undone in the end, and whether undoing this step brings it back."""
    origin, is_back = step, False
    while origin.undoes is not None:
        origin, is_back = await work.steps.get(step.filing_id, origin.undoes), not is_back
    return origin, is_back


def _activity(
    filing_id: UUID,
    now: datetime,
    caller: Caller,
    origin: tuple[EditStep, bool],
    restored: Sequence[str],
    kept: Sequence[str],
) -> Activity:
    step, is_back = origin
    word_fr, word_en = ("Rétabli", "Brought back") if is_back else ("Annulé", "Undone")
    return Activity(
        filing_id,
        now,
        caller.name,
        str(EditKind.STEP_UNDONE),
        *in_both(
            f"{word_fr} : {{fr}} ({{restored}} case(s) remise(s), {{kept}} gardée(s)).",
            f"{word_en}: {{en}} ({{restored}} cell(s) put back, {{kept}} kept).",
            fr=step.fr.rstrip("."),
            en=step.en.rstrip("."),
            restored=len(restored),
            kept=len(kept),
        ),
    )
