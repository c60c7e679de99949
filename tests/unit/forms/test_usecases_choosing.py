"""Importing what a person chose of a file, and undoing it; walking the pages of steps."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from formsets.verdicts import verdict_told
from services.forms.domain.cell import Origin
from services.forms.domain.errors import EditStepUnknown, ImportChoiceRefused, ImportStale
from services.forms.domain.filing import Verdict
from services.forms.domain.importing import ImportChoice
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import AMOUNT, FILING_ID, SHARED, CannedControls, a_cell, a_filing, a_forms

FILE = {AMOUNT: "12", "BA.010.amort": "3", "BA.020.brut": "7", SHARED: "9"}
CONTENT = ("code;colonne;valeur;nature\n" + "".join(f"{a[:6]};{a[7:]};{v};mienne\n" for a, v in FILE.items())).encode()


def a_choice(taken=(), left=(), **changes):
    return ImportChoice(frozenset(taken), frozenset(left), **changes)


async def begun(*cells):
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN))
    await forms.keep(a_filing(), *cells)
    return forms


async def preview(forms):
    return (await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", CONTENT)).id


async def confirm(forms, import_id, choice):
    return await forms.use.confirm_import(forms.caller, FILING_ID, import_id, choice, accept_partial=False)


def held_in(forms):
    return forms.store.kept.cells.get(FILING_ID, {})


async def save(forms, address, text):
    held = held_in(forms).get(address)
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(address, text, held.version if held else 0)])


async def test_what_is_left_out_is_not_written_and_is_reported_in_the_receipt_and_the_step():
    forms = await begun()

    done = await confirm(forms, await preview(forms), a_choice(left=["BP", "BA.010.amort"]))

    assert (done.written, done.kept, done.left_out) == (2, 0, ("BA.010.amort", SHARED))
    assert forms.values() == {AMOUNT: "12", "BA.020.brut": "7"}
    assert [trace.address for trace in forms.last_step.cells] == [AMOUNT, "BA.020.brut"]
    assert forms.last_step.fr == (
        f"2 cases importées de « er.csv » ; 0 valeur saisie gardée ; 2 cases laissées de côté : BA.010.amort, {SHARED}."
    )
    assert forms.last_step.en == (
        f"2 cells imported from “er.csv”; 0 typed values kept; 2 cells left out: BA.010.amort, {SHARED}."
    )


async def test_the_step_names_the_first_cells_left_out_and_counts_the_others():
    forms = await begun()
    rows = [
        f"BA.{line};{column};5" for line in ("010", "020", "030", "110", "120", "130") for column in ("brut", "amort")
    ]
    content = "\n".join(["code;colonne;valeur", *rows]).encode()
    made = await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", content)

    await confirm(forms, made.id, a_choice(left=["BA"], taken=["BA.130.amort"]))

    assert forms.last_step.fr.endswith(
        "11 cases laissées de côté : " + ", ".join(row.replace(";5", "").replace(";", ".") for row in rows[:10]) + "…"
    )


async def test_what_is_left_out_stays_in_the_file_given_back_under_its_own_state():
    forms = await begun(a_cell(value="100"), a_cell("BA.020.brut", "1"))
    import_id = await preview(forms)
    await confirm(forms, import_id, a_choice(taken=[AMOUNT], left=["BP"]))

    french = await forms.use.get_import_error_file(forms.caller, FILING_ID, import_id, "fr")
    english = await forms.use.get_import_error_file(forms.caller, FILING_ID, import_id, "en")

    titles = french.content.decode("utf-8-sig").splitlines()[0].split(";")
    assert titles[4] == f"verdict du dossier : {verdict_told(forms.filing.verdict, 'fr').word}"
    rows = [row.split(";")[:6] for row in french.content.decode("utf-8-sig").splitlines()[1:]]
    assert rows == [
        ["BA.010", "brut", "12", "mienne", "", "à remplacer"],
        ["BA.010", "amort", "3", "mienne", "", "à remplir"],
        ["BA.020", "brut", "7", "mienne", "", "saisie gardée"],
        ["BP.180", "n", "9", "mienne", "", "laissée de côté"],
    ]
    assert "left out by choice" in english.content.decode("utf-8-sig")


async def test_a_typed_correction_is_replaced_alone_when_its_cell_is_taken():
    forms = await begun(a_cell(value="100"), a_cell("BA.020.brut", "1"))

    done = await confirm(forms, await preview(forms), a_choice(taken=[AMOUNT]))

    assert (done.written, done.kept, done.left_out) == (3, 1, ())
    assert forms.values() == {**FILE, "BA.020.brut": "1"}
    assert forms.cell().source.origin is Origin.IMPORTED


async def test_confirming_again_says_what_was_left_out_the_first_time_and_changes_nothing():
    forms = await begun()
    import_id = await preview(forms)
    await confirm(forms, import_id, a_choice(left=["BA"]))

    again = await confirm(forms, import_id, a_choice(left=["BP"]))

    assert (again.written, again.left_out) == (0, (AMOUNT, "BA.010.amort", "BA.020.brut"))
    assert forms.values() == {SHARED: "9"}


async def test_a_refused_choice_writes_nothing():
    forms = await begun()
    import_id = await preview(forms)

    with pytest.raises(ImportChoiceRefused) as failure:
        await confirm(forms, import_id, a_choice(taken=["BA.030.brut"], left=["ZZ"]))

    assert [one.field for one in failure.value.violations] == ["BA.030.brut", "ZZ"]
    assert (forms.values(), forms.kinds()) == ({}, [])


async def test_a_cell_changed_since_the_preview_can_be_left_out_and_the_rest_written():
    forms = await begun()
    import_id = await preview(forms)
    await save(forms, AMOUNT, "55")

    with pytest.raises(ImportStale):
        await confirm(forms, import_id, a_choice())
    await confirm(forms, import_id, a_choice(left=[AMOUNT]))

    assert forms.values() == {**FILE, AMOUNT: "55"}


async def test_all_that_is_left_out_writes_nothing_and_says_so():
    forms = await begun()

    done = await confirm(forms, await preview(forms), a_choice(left=["BA", "BP"]))

    assert (done.written, len(done.left_out), forms.values()) == (0, 4, {})
    assert forms.kinds() == ["FILE_IMPORTED"]


NAMES = ["BA", "BP", "BA.010", "BA.020", "BP.180", *FILE]
HELD = st.dictionaries(st.sampled_from(list(FILE)), st.sampled_from(["0", "3", "7", "250000"]))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    before=HELD,
    said=st.dictionaries(st.sampled_from(NAMES), st.booleans()),
    overwrites_typed=st.booleans(),
    after=st.dictionaries(st.sampled_from([*FILE, "CP.010.n"]), st.sampled_from(["1", "2"]), max_size=2),
)
async def test_a_partial_import_undone_restores_exactly_even_after_edits(before, said, overwrites_typed, after):
    forms = await begun(*(a_cell(address, value) for address, value in before.items()))
    start = dict(held_in(forms))
    choice = a_choice(
        [name for name, is_taken in said.items() if is_taken],
        [name for name, is_taken in said.items() if not is_taken],
        overwrites_typed=overwrites_typed,
    )
    done = await confirm(forms, await preview(forms), choice)
    if done.written == 0:
        assert forms.values() == before
        return
    step = forms.last_step
    imported = {trace.address for trace in step.cells}
    assert imported & set(done.left_out) == set()
    assert {a: v for a, v in forms.values().items() if a not in imported} == {
        a: v for a, v in before.items() if a not in imported
    }
    for address, text in after.items():
        await save(forms, address, text)

    undone = await forms.use.undo_step(forms.caller, FILING_ID, step.id)

    assert set(undone.restored) | set(undone.kept) == imported
    assert set(undone.kept) <= set(after)
    for address in undone.restored:
        cell, held = forms.cell(address), start.get(address)
        assert cell.value == (held.value if held else "")
        assert cell.is_blank if held is None else cell.source.origin is held.source.origin
    for address in after:
        assert address in undone.restored or forms.cell(address).value == after[address]


async def test_steps_are_walked_page_by_page_and_what_is_done_meanwhile_moves_no_page():
    forms = await begun()
    for number in range(1, 6):
        await save(forms, AMOUNT, str(number))
    listed = forms.use.list_steps

    first = await listed(forms.caller, FILING_ID, None, 2)
    await save(forms, AMOUNT, "6")
    second = await listed(forms.caller, FILING_ID, first.next, 2)
    third = await listed(forms.caller, FILING_ID, second.next, 2)

    pages = [[step.cells[0].after for step in page.steps] for page in (first, second, third)]
    assert pages == [["5", "4"], ["3", "2"], ["1"]]
    assert third.next is None


async def test_a_page_has_two_hundred_steps_at_most_and_when_nothing_is_asked():
    forms = await begun()
    for number in range(205):
        await save(forms, AMOUNT, str(number + 1))

    for limit in (0, -3, 1000):
        page = await forms.use.list_steps(forms.caller, FILING_ID, None, limit)
        assert len(page.steps) == 200
    rest = await forms.use.list_steps(forms.caller, FILING_ID, page.next)
    assert (len(rest.steps), rest.next) == (5, None)


async def test_no_page_begins_before_a_step_that_is_not_of_the_filing():
    forms = await begun()

    with pytest.raises(EditStepUnknown):
        await forms.use.list_steps(forms.caller, FILING_ID, FILING_ID)
