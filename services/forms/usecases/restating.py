"""Refuses, in the transaction that writes, what changes a figure signed the year before without saying why (F-21)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from chassis.errors import Violation
from formsets import FormSet
from services.forms.domain.carrying import LastYear
from services.forms.domain.cell import Cell
from services.forms.domain.comment import restated
from services.forms.domain.filing import Filing
from services.forms.domain.importing import Change, ImportPreview, Problem, Sentences
from services.forms.domain.restating import unexplained
from services.forms.usecases.past_versions import version_of
from services.forms.usecases.ports import FormSets, UnitOfWork


async def refused_restatements(
    work: UnitOfWork, form_sets: FormSets, form_set: FormSet, filing: Filing, changes: Iterable[tuple[str, str]]
) -> list[Violation]:
    """Return why values cannot be written; nothing is read unless a cell of an earlier year is among them.

    Args:
        work: the transaction.
        form_sets: the form sets of this server.
        form_set: that of the filing.
        filing: the filing.
        changes: address and value, where they would be kept.
    """
    of_earlier_years = [(a, value) for a, value in changes if form_set.has_cell(a) and form_set.is_prefilled(a)]
    if not of_earlier_years:
        return []
    before = await work.filings.find(filing.body.siren, filing.document, filing.year - 1)
    if before is None or not before.signed_version:
        return []
    past = await version_of(work, form_sets, before, before.signed_version)
    signed = LastYear(past.form_set, past.cells)
    explained = restated(form_set, await work.comments.flagged(filing.id))
    return unexplained(form_set, signed, explained, of_earlier_years)


def values_of(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """Return the address and value of each cell."""
    return [(cell.address, cell.value) for cell in cells]


async def without_restatements(
    work: UnitOfWork, form_sets: FormSets, form_set: FormSet, filing: Filing, preview: ImportPreview
) -> ImportPreview:
    """Return a preview in which the lines that restate a figure without saying why are problems, like any refused line."""
    to_write = {change.kept_at: change.value for change in preview.changes if change.is_open_to_choice}
    found = await refused_restatements(work, form_sets, form_set, filing, to_write.items())
    if not found:
        return preview
    refused = {one.field: one for one in found}
    kept = [c for c in preview.changes if c.kept_at not in refused or not c.is_open_to_choice]
    problems = [_problem(c, refused[c.kept_at]) for c in preview.changes if c not in kept]
    return replace(preview, changes=tuple(kept), problems=_in_order([*preview.problems, *problems]))


def _problem(change: Change, refusal: Violation) -> Problem:
    assert refusal.fr is not None
    assert refusal.en is not None
    fr, en = (Sentences(one.what, one.where, one.how) for one in (refusal.fr, refusal.en))
    return Problem(change.line, "valeur", change.address, refusal.reason, change.text, fr, en, change.extra)


def _in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
