"""Undoing saves and imports through the use cases."""

from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.errors import Forbidden
from services.forms.domain.cell import Origin
from services.forms.domain.errors import AlreadyUndone, EditStepUnknown, FilingNotEditable, FilingUnknown
from services.forms.domain.filing import Step, Verdict
from services.forms.domain.importing import ImportChoice
from services.forms.usecases.save_cells import TypedCell
from tests.support.form_sets import SAMPLE
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    SHARED,
    SIREN,
    TOTALLED,
    CannedControls,
    a_cell,
    a_filing,
    a_forms,
)
from tests.support.hosting import a_caller

READER = a_caller("Lou Lecteur", on={SIREN: ["filing.read"]})
STRANGER = a_caller("Sacha Ailleurs", on={"111111111": ["filing.read", "filing.edit"]})


async def save(forms, *typed):
    return await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(*one) for one in typed])


async def import_sample(forms, **choice):
    preview = await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", SAMPLE.read_bytes())
    chosen = ImportChoice(**{"overwrites_typed": True, **choice})
    return await forms.use.confirm_import(forms.caller, FILING_ID, preview.id, chosen, accept_partial=True)


async def undo(forms, step_id=None):
    return await forms.use.undo_step(forms.caller, FILING_ID, step_id or forms.last_step.id)


async def test_a_save_is_a_step_and_undoing_it_a_step_too():
    forms = a_forms()
    await forms.keep(a_filing())
    await save(forms, (AMOUNT, "12", 0))

    done = await undo(forms)

    steps = (await forms.use.list_steps(READER, FILING_ID)).steps
    assert [(str(step.kind), len(step.cells), step.is_undone) for step in steps] == [
        ("STEP_UNDONE", 1, False),
        ("CELLS_SAVED", 1, True),
    ]
    assert (done.restored, done.kept, forms.values()) == ([AMOUNT], [], {})
    assert TOTALLED not in {a for a, v in forms.store.kept.computed[FILING_ID].items() if v not in ("", "0")}
    assert forms.kinds() == ["CELLS_SAVED", "STEP_UNDONE"]


async def test_the_history_says_what_is_undone_in_the_end_and_what_is_brought_back():
    forms = a_forms()
    await forms.keep(a_filing())
    await save(forms, (AMOUNT, "5", 0))

    said = []
    for _ in range(3):
        await undo(forms)
        said.append((forms.last_step.fr, forms.last_step.en))

    typed = (f"1 case saisie : {AMOUNT}", f"1 cell typed: {AMOUNT}")
    counts = ("(1 case remise, 0 gardée).", "(1 cell put back, 0 kept).")
    assert said[0] == (f"Annulé : {typed[0]} {counts[0]}", f"Undone: {typed[1]} {counts[1]}")
    assert said[1] == (f"Rétabli : {typed[0]} {counts[0]}", f"Brought back: {typed[1]} {counts[1]}")
    assert said[2] == said[0]


async def test_undoing_a_shared_fact_is_told_like_any_change():
    forms = a_forms()
    await forms.keep(a_filing(), a_cell(SHARED, "5", origin=Origin.SYNCHRONISED))
    await save(forms, (SHARED, "7", 1))

    await undo(forms)

    told = [(fact.address, fact.value) for event in forms.store.kept.events for fact in event.facts]
    assert [one for one in told if one[0] == SHARED] == [(SHARED, "7"), (SHARED, "5")]


async def test_a_step_is_undone_once():
    forms = a_forms()
    await forms.keep(a_filing())
    await save(forms, (AMOUNT, "12", 0))
    step = forms.last_step.id
    await undo(forms, step)

    with pytest.raises(AlreadyUndone):
        await undo(forms, step)


async def test_undoing_an_undo_brings_the_value_back_and_the_step_can_be_undone_again():
    forms = a_forms()
    await forms.keep(a_filing())
    await save(forms, (AMOUNT, "10", 0))
    await save(forms, (AMOUNT, "11", 1))
    step = forms.last_step.id
    await undo(forms, step)

    done = await undo(forms)

    assert (done.restored, done.kept, forms.values()) == ([AMOUNT], [], {AMOUNT: "11"})
    steps = (await forms.use.list_steps(READER, FILING_ID)).steps
    assert [one.is_undone for one in steps] == [False, True, False, False]
    await undo(forms, step)
    assert forms.values() == {AMOUNT: "10"}


async def test_undoing_a_step_whose_every_cell_changed_since_changes_nothing():
    forms = a_forms()
    await forms.keep(a_filing())
    await save(forms, (AMOUNT, "12", 0))
    step = forms.last_step.id
    await save(forms, (AMOUNT, "13", 1))
    revision = forms.filing.revision

    done = await undo(forms, step)

    assert (done.restored, done.kept, forms.filing.revision) == ([], [AMOUNT], revision)
    assert not forms.store.kept.steps[step].is_undone


async def test_a_step_is_undone_where_the_filing_may_be_edited():
    forms = a_forms()
    await forms.keep(a_filing())
    await save(forms, (AMOUNT, "12", 0))
    forms.store.kept.filings[FILING_ID] = a_filing(step=Step.SIGNATURE)

    with pytest.raises(FilingNotEditable):
        await undo(forms)


async def test_only_who_may_edit_undoes_and_only_what_is_there():
    forms = a_forms()
    await forms.keep(a_filing())
    await save(forms, (AMOUNT, "12", 0))
    step = forms.last_step.id

    with pytest.raises(EditStepUnknown):
        await undo(forms, UUID(int=99))
    with pytest.raises(Forbidden):
        await forms.use.undo_step(READER, FILING_ID, step)
    with pytest.raises(FilingUnknown):
        await forms.use.undo_step(STRANGER, FILING_ID, step)
    with pytest.raises(FilingUnknown):
        await forms.use.list_steps(STRANGER, FILING_ID)


async def test_an_import_undone_may_be_imported_again():
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN))
    await forms.keep(a_filing())
    first = await import_sample(forms, overwrites_typed=False)
    await undo(forms)

    again = await import_sample(forms, overwrites_typed=False)

    assert (again.written, again.kept) == (first.written, 0)


VALUES = st.sampled_from(["0", "1", "250000", "3.5"])
PLACES = ["BA.010.brut", "BA.020.brut", "BA.110.amort", "BP.180.n", "CP.010.n", "EF.010.n"]


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(PLACES), VALUES), st.dictionaries(st.sampled_from(PLACES), VALUES))
async def test_an_import_undone_restores_exactly_even_after_edits_of_other_cells(before, after):
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN))
    await forms.keep(a_filing(), *(a_cell(address, value) for address, value in before.items()))
    start = forms.values()
    await import_sample(forms)
    step = forms.last_step
    cells = forms.store.kept.cells[FILING_ID]
    edits = [(a, v, cells[a].version if a in cells else 0) for a, v in after.items()]
    await save(forms, *edits)
    edited = {a for a, v, _ in edits if cells.get(a) is None or cells[a].value != v}

    done = await undo(forms, step.id)

    imported = {trace.address for trace in step.cells}
    assert set(done.kept) == imported & edited
    expected = {**start, **{a: v for a, v, _ in edits if a in edited}}
    untouched = {a: v for a, v in expected.items() if a not in edited}
    assert {a: v for a, v in forms.values().items() if a not in edited} == untouched
