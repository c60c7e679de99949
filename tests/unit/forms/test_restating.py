"""F-21: a figure signed the year before is changed as a restatement only, with a comment that says why."""

from uuid import UUID

import pytest

import formsets
from services.forms.domain.carrying import LastYear
from services.forms.domain.cell import Origin
from services.forms.domain.errors import CellsRefused, ImportHasProblems, ImportStale
from services.forms.domain.filing import Step, Verdict
from services.forms.domain.importing import ImportChoice
from services.forms.domain.restating import unexplained
from services.forms.domain.snapshot import Snapshot
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import AMOUNT, FILING_ID, FORM_SET, NOON, TOTALLED, a_cell, a_filing, a_form_set, a_forms

LAST_ID = UUID(int=77)
N1 = "BA.010.n1"
"""Prefilled from `TOTALLED` of the year before."""
HEADER = "code;colonne;valeur;note\n"


async def second_year(*cells, is_signed=True, signed=None):
    """A filing whose year before was signed with 100 in `TOTALLED`."""
    forms = a_forms()
    step, version = (Step.REVIEW, 1) if is_signed else (Step.ENTRY, 0)
    await forms.keep(a_filing(id=LAST_ID, year=2023, step=step, signed_version=version), a_cell())
    if is_signed:
        content = {AMOUNT: "100", TOTALLED: "100"} if signed is None else signed
        async with forms.store() as work:
            await work.snapshots.add(
                Snapshot(LAST_ID, 1, 1, content, Verdict.CLEAN, "r", a_form_set().digest, (), NOON)
            )
            await work.snapshots.mark_signed(LAST_ID, 1, 1)
            await work.commit()
    await forms.evaluated(a_filing(), *(cells or [a_cell(N1, "100")]))
    return forms


async def save(forms, text, address=N1):
    present = forms.store.kept.cells[FILING_ID].get(address)
    typed = TypedCell(address, text, present.version if present else 0)
    return await forms.use.save_cells(forms.caller, FILING_ID, [typed])


async def explain(forms, address=N1, *, is_flagged=True):
    await forms.use.comment_cell(forms.caller, FILING_ID, address, "Reclassé, voir annexe.", is_flagged=is_flagged)


def value(forms, address=N1):
    return forms.store.kept.cells[FILING_ID][address].value


@pytest.mark.parametrize("text", ["101", ""], ids=["changed", "emptied"])
async def test_a_signed_figure_is_not_changed_without_a_word(text):
    forms = await second_year()

    with pytest.raises(CellsRefused) as caught:
        await save(forms, text)

    (refused,) = caught.value.violations
    assert (refused.field, refused.reason, value(forms)) == (N1, "F-21", "100")
    assert refused.fr.what == "Valeur N-1 non modifiable."
    assert "au lieu de « 100 »" in refused.fr.where
    assert "“100”, signed" in refused.en.where
    assert "commentez d'abord" in refused.fr.how
    assert "flag it" in refused.en.how


async def test_one_refused_cell_refuses_the_whole_save():
    forms = await second_year()
    typed = [TypedCell(N1, "101", 1), TypedCell(AMOUNT, "7", 0)]

    with pytest.raises(CellsRefused):
        await forms.use.save_cells(forms.caller, FILING_ID, typed)
    assert AMOUNT not in forms.store.kept.cells[FILING_ID]


async def test_a_comment_with_its_flag_lets_the_figure_be_restated():
    forms = await second_year()
    await explain(forms)

    await save(forms, "101")

    assert value(forms) == "101"
    await explain(forms, is_flagged=False)
    with pytest.raises(CellsRefused):
        await save(forms, "102")
    await save(forms, "100")
    assert value(forms) == "100", "what was signed is always taken"


async def test_a_flag_without_a_word_explains_nothing():
    forms = await second_year()
    await forms.use.comment_cell(forms.caller, FILING_ID, N1, "", is_flagged=True)

    with pytest.raises(CellsRefused):
        await save(forms, "101")


@pytest.mark.parametrize(
    "year_before",
    [{"is_signed": False}, {"signed": {}}, {"signed": {AMOUNT: "100"}}],
    ids=["unsigned", "nothing", "empty"],
)
async def test_without_a_signed_figure_the_cell_is_free(year_before):
    forms = await second_year(**year_before)

    await save(forms, "101")

    assert value(forms) == "101"


async def test_other_cells_are_free():
    forms = await second_year(a_cell(N1, "100"), a_cell(AMOUNT, "5"))

    await save(forms, "6", AMOUNT)

    assert value(forms, AMOUNT) == "6"


async def preview(forms, line):
    content = (HEADER + line + "BA.020;brut;7;b\n").encode()
    return await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", content)


async def confirm(forms, made, accept_partial=False, **choice):
    choice = ImportChoice(**choice)
    return await forms.use.confirm_import(forms.caller, FILING_ID, made.id, choice, accept_partial=accept_partial)


@pytest.mark.parametrize("origin", [Origin.TYPED, Origin.LAST_YEAR])
async def test_a_file_changes_no_signed_figure_and_says_so_line_by_line(origin):
    forms = await second_year(a_cell(N1, "100", origin=origin))

    made = await preview(forms, "BA.010;n1;101;mienne\n")

    (problem,) = made.problems
    assert (problem.line, problem.code, problem.control, problem.text) == (2, N1, "F-21", "101")
    assert problem.extra == {"note": "mienne"}
    assert "au lieu de « 100 »" in problem.fr.where
    assert [change.address for change in made.changes] == ["BA.020.brut"]
    with pytest.raises(ImportHasProblems):
        await confirm(forms, made)
    await confirm(forms, made, accept_partial=True, overwrites_typed=True)
    assert (value(forms), value(forms, "BA.020.brut")) == ("100", "7")


async def test_page_file_and_call_say_the_same():
    forms = await second_year()
    with pytest.raises(CellsRefused) as caught:
        await save(forms, "101")

    (problem,) = (await preview(forms, "BA.010;n1;101;\n")).problems

    told = caught.value.violations[0]
    assert [(p.what, p.where, p.how) for p in (problem.fr, problem.en)] == [
        (p.what, p.where, p.how) for p in (told.fr, told.en)
    ]


async def test_a_file_may_repeat_what_was_signed_and_restate_what_is_explained():
    forms = await second_year(a_cell(N1, ""))

    same = await preview(forms, "BA.010;n1;100;\n")
    await explain(forms)
    restated = await preview(forms, "BA.010;n1;101;\n")

    assert (same.problems, restated.problems) == ((), ())
    await explain(forms, is_flagged=False)
    with pytest.raises(ImportStale):
        await confirm(forms, restated, overwrites_typed=True)
    await explain(forms)
    await confirm(forms, restated, overwrites_typed=True)
    assert value(forms) == "101"


async def test_an_undo_restores_what_was_there():
    forms = await second_year(a_cell(N1, ""))
    await save(forms, "100")

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)

    assert value(forms) == ""


def test_a_line_that_changed_its_meaning_is_not_compared_with():
    newer = formsets.load("2025.1")
    broken = next(a for a in newer.cells("ER") if newer.is_prefilled(a) and a.rpartition(".")[0] in newer.breaks)
    then = f"{broken.rpartition('.')[0]}.{newer.form_of(broken).default_column}"
    signed = LastYear(formsets.load(FORM_SET), {then: "5"})

    assert unexplained(newer, signed, (), [(broken, "6")]) == []
