"""What every change of a filing does at its end, in the same transaction: evaluate, save, tell the other servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from formsets import FormSet
from services.forms.domain.cell import Cell
from services.forms.domain.comment import restated
from services.forms.domain.evaluation import Evaluation, PreviousYear, moved_between
from services.forms.domain.events import SharedFactsChanged
from services.forms.domain.filing import Document, Filing
from services.forms.domain.sharing import computed_facts, facts_of
from services.forms.usecases.ports import Controls, UnitOfWork


@dataclass(frozen=True, slots=True)
class Written:
    """A filing after a change."""

    filing: Filing
    evaluation: Evaluation
    """When the change was small, only with the failed controls about cells that changed or moved, or that were asked about."""
    moved: Mapping[str, str]
    """Computed cells whose value changed; empty text for one that is empty now."""


def inputs_and_given(
    form_set: FormSet, filing: Filing, cells: Mapping[str, Cell]
) -> tuple[dict[str, str], dict[str, str]]:
    """Split filled cells into typed or imported inputs, and computed facts given by the server that holds their operands."""
    inputs: dict[str, str] = {}
    given: dict[str, str] = {}
    for cell in cells.values():
        if not cell.value:
            continue
        is_given = filing.document is Document.QDIS and form_set.is_computed(cell.address)
        (given if is_given else inputs)[cell.address] = cell.value
    return inputs, given


async def previous_year_of(work: UnitOfWork, form_set: FormSet, filing: Filing) -> PreviousYear | None:
    """Return what the body signed the year before for the same document, None when it signed nothing here."""
    signed = await work.snapshots.signed_before(filing)
    if signed is None:
        return None
    version, cells = signed
    return PreviousYear(version, cells, restated(form_set, await work.comments.flagged(filing.id)))


async def evaluate(
    work: UnitOfWork, controls: Controls, form_set: FormSet, filing: Filing, cells: Mapping[str, Cell]
) -> Evaluation:
    """Evaluate a filing as it is, beside what was signed the year before."""
    inputs, given = inputs_and_given(form_set, filing, cells)
    return await controls.evaluate(filing, inputs, given, await previous_year_of(work, form_set, filing))


async def failing(
    work: UnitOfWork, controls: Controls, form_set: FormSet, filing: Filing, about: frozenset[str]
) -> Evaluation:
    """Evaluate a filing as it is, where the failed controls about some cells are all that is asked for."""
    found = await _recheck(controls, filing, (), await previous_year_of(work, form_set, filing), about)
    return found or await evaluate(work, controls, form_set, filing, await work.cells.of(filing.id))


async def write_cells(
    work: UnitOfWork,
    controls: Controls,
    form_set: FormSet,
    filing: Filing,
    cells: Mapping[str, Cell] | None,
    changed: Sequence[Cell],
    author: str,
    at: datetime,
    about: frozenset[str] = frozenset(),
) -> Written:
    """Save changed cells, the computed cells and verdict that follow, and the shared facts to publish; no commit.

    Without changed cells it saves what a move or a justification changes: the filing itself, and its evaluation.

    Args:
        work: the transaction.
        controls: what judges.
        form_set: of the filing.
        filing: as it is, or as a move made it.
        cells: every cell before the change; None to read them here when validation needs the whole filing.
        changed: the cells that changed.
        author: who changed them.
        at: when.
        about: cells whose failed controls are asked for, beside those that change.
    """
    previous = await previous_year_of(work, form_set, filing)
    evaluation = await _recheck(controls, filing, changed, previous, about) if changed else None
    if evaluation is not None:
        return await _save(work, form_set, filing, changed, evaluation.computed, evaluation, author, at)
    before = cells if cells is not None else await work.cells.of(filing.id)
    present = {**before, **{cell.address: cell for cell in changed}}
    evaluation = await controls.evaluate(filing, *inputs_and_given(form_set, filing, present), previous)
    moved = moved_between(await work.cells.computed(filing.id), evaluation.computed)
    return await _save(work, form_set, filing, changed, moved, evaluation, author, at)


async def refresh(
    work: UnitOfWork,
    controls: Controls,
    form_set: FormSet,
    filing: Filing,
    cells: Mapping[str, Cell],
    author: str,
    at: datetime,
) -> Written:
    """Evaluate anew; what the rules say differently since the last time is saved as a new revision; no commit."""
    return await keep(work, form_set, filing, await evaluate(work, controls, form_set, filing, cells), author, at)


async def keep(
    work: UnitOfWork, form_set: FormSet, filing: Filing, evaluation: Evaluation, author: str, at: datetime
) -> Written:
    """Save what an evaluation of the filing as it is says differently since the last time; no commit."""
    moved = moved_between(await work.cells.computed(filing.id), evaluation.computed)
    if not moved and (filing.verdict, filing.rule_set) == (evaluation.verdict, evaluation.rule_set):
        return Written(filing, evaluation, moved)
    return await _save(work, form_set, filing, (), moved, evaluation, author, at)


async def _recheck(
    controls: Controls,
    filing: Filing,
    changed: Sequence[Cell],
    previous: PreviousYear | None,
    about: frozenset[str],
) -> Evaluation | None:
    if not filing.report:
        return None
    values = {cell.address: cell.value for cell in changed}
    return await controls.recheck(filing, values, previous, about.union(values))


async def _save(
    work: UnitOfWork,
    form_set: FormSet,
    filing: Filing,
    changed: Sequence[Cell],
    moved: Mapping[str, str],
    evaluation: Evaluation,
    author: str,
    at: datetime,
) -> Written:
    filing = filing.edited(at, evaluation.verdict, evaluation.rule_set, evaluation.report)
    await work.cells.save(filing.id, changed)
    await work.cells.move_computed(filing.id, moved)
    await work.filings.save(filing)
    # A trial tells nobody anything.
    facts = [] if filing.is_trial else facts_of(form_set, filing.document, changed)
    if filing.document is Document.ER and not filing.is_trial:
        facts += computed_facts(form_set, moved, author, at)
    if facts:
        work.publish(SharedFactsChanged(filing.id, filing.body.siren, filing.year, tuple(facts)))
    return Written(filing, evaluation, moved)
