"""What every change of a filing does at its end, in the same transaction: evaluate, save, tell the other servers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from formsets import FormSet
from services.forms.domain.cell import Cell
from services.forms.domain.comment import restated
from services.forms.domain.evaluation import Evaluation, PreviousYear
from services.forms.domain.events import SharedFactsChanged
from services.forms.domain.filing import Document, Filing
from services.forms.domain.sharing import computed_facts, facts_of
from services.forms.usecases.ports import Controls, UnitOfWork


@dataclass(frozen=True, slots=True)
class Written:
    """A filing after a change."""

    filing: Filing
    evaluation: Evaluation
    before: Mapping[str, str]
    """Computed cells before."""

    @property
    def moved(self) -> dict[str, str]:
        """Computed cells whose value changed; empty text for one that is empty now."""
        after, before = self.evaluation.computed, self.before
        return {a: after.get(a, "") for a in before.keys() | after.keys() if before.get(a, "") != after.get(a, "")}


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
    return PreviousYear(signed, restated(form_set, await work.comments.flagged(filing.id)))


async def evaluate(
    work: UnitOfWork, controls: Controls, form_set: FormSet, filing: Filing, cells: Mapping[str, Cell]
) -> Evaluation:
    """Evaluate a filing as it is, beside what was signed the year before."""
    inputs, given = inputs_and_given(form_set, filing, cells)
    return await controls.evaluate(filing, inputs, given, await previous_year_of(work, form_set, filing))


async def write_cells(
    work: UnitOfWork,
    controls: Controls,
    form_set: FormSet,
    filing: Filing,
    cells: Mapping[str, Cell],
    changed: Sequence[Cell],
    author: str,
    at: datetime,
) -> Written:
    """Save changed cells, the computed cells and verdict that follow, and the shared facts to publish; no commit.

    Without changed cells it saves what a move or a justification changes: the filing itself, and its evaluation.
    """
    present = {**cells, **{cell.address: cell for cell in changed}}
    evaluation = await evaluate(work, controls, form_set, filing, present)
    before = await work.cells.computed(filing.id)
    return await _save(work, form_set, filing, changed, before, evaluation, author, at)


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
    evaluation = await evaluate(work, controls, form_set, filing, cells)
    before = await work.cells.computed(filing.id)
    is_as_kept = (filing.verdict, filing.rule_set, dict(before)) == (
        evaluation.verdict,
        evaluation.rule_set,
        dict(evaluation.computed),
    )
    if is_as_kept:
        return Written(filing, evaluation, before)
    return await _save(work, form_set, filing, (), before, evaluation, author, at)


async def _save(
    work: UnitOfWork,
    form_set: FormSet,
    filing: Filing,
    changed: Sequence[Cell],
    before: Mapping[str, str],
    evaluation: Evaluation,
    author: str,
    at: datetime,
) -> Written:
    filing = filing.edited(at, evaluation.verdict, evaluation.rule_set)
    await work.cells.save(filing.id, changed)
    await work.cells.save_computed(filing.id, evaluation.computed)
    await work.filings.save(filing)
    # A trial tells nobody anything.
    facts = [] if filing.is_trial else facts_of(form_set, filing.document, changed)
    if filing.document is Document.ER and not filing.is_trial:
        facts += computed_facts(form_set, before, evaluation.computed, author, at)
    if facts:
        work.publish(SharedFactsChanged(filing.id, filing.body.siren, filing.year, tuple(facts)))
    return Written(filing, evaluation, before)
