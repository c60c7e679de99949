"""What another form set does to the cells of a filing."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

import formsets
from formsets import FormSet
from services.forms.domain.cell import Source
from services.forms.domain.filing import Document
from services.forms.domain.form_set_change import (
    Fate,
    Why,
    change_form_set,
    emptied,
    set_aside,
    take_back,
)
from tests.support.form_sets import rewritten
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    GIVEN,
    ONE_WAY,
    QDIS_ONLY,
    SHARED,
    a_cell,
    a_filing,
    a_source,
    an_other_value,
)

OLD, NEW = formsets.load("2024.1"), formsets.load("2025.1")


def change(before, after, *cells, document=Document.ER):
    return change_form_set(before, after, document, 2024, cells)


def whys(found):
    return {one.cell.address: one.why for one in found.to_choose}


def test_2025_1_carries_every_cell_but_the_two_it_closes():
    addresses = [a for a in OLD.cells("ER") if OLD.accepts_input(a)]

    found = change(OLD, NEW, *(a_cell(address, "1") for address in addresses))

    assert whys(found) == {"CP.380.n": Why.CLOSED, "CP.570.n": Why.CLOSED}
    assert len(found.carried) == len(addresses) - 2
    assert found.gained == ()


def test_going_back_gains_the_two_cells_that_were_closed():
    assert change(NEW, OLD).gained == ("CP.380.n", "CP.570.n")


def test_each_kind_of_change_is_told_by_its_name():
    after = rewritten(OLD, dropped=["BA.020"], retyped=["BA.110"], computed=["BP.180"], closed=["CP.010.n"])
    cells = [a_cell(a, "5") for a in ("BA.020.brut", "BA.110.amort", "BP.180.n", "CP.010.n", AMOUNT)]

    found = change(OLD, after, *cells)

    assert whys(found) == {
        "BA.020.brut": Why.DROPPED,
        "BA.110.amort": Why.RETYPED,
        "BP.180.n": Why.COMPUTED,
        "CP.010.n": Why.CLOSED,
    }
    assert found.carried == (AMOUNT,)
    assert "BP.180.n" in found.gained


def test_a_value_that_still_reads_is_carried_though_its_type_changed():
    after = rewritten(OLD, retyped=["BA.110"])
    assert change(OLD, after, a_cell("BA.110.amort", "2024-12-31")).carried == ("BA.110.amort",)


def test_the_questionnaire_carries_what_the_er_gave_it():
    cells = [a_cell(address, "3") for address in (SHARED, ONE_WAY, GIVEN, QDIS_ONLY)]
    assert change(OLD, NEW, *cells, document=Document.QDIS).to_choose == ()


def test_the_questionnaire_sets_aside_a_fact_that_is_shared_no_more():
    after = rewritten(OLD, dropped=["BP.180"])
    assert whys(change(OLD, after, a_cell(SHARED, "3"), document=Document.QDIS)) == {SHARED: Why.DROPPED}


def test_an_empty_cell_is_neither_carried_nor_to_choose():
    found = change(OLD, NEW, a_cell("CP.380.n", "", version=3))
    assert (found.carried, found.to_choose) == ((), ())


LINES = st.lists(st.sampled_from(["BA.010", "BA.020", "BA.110", "BP.180", "BP.220", "CP.010"]), unique=True)
FILLED = st.dictionaries(
    st.sampled_from(["BA.010.brut", "BA.020.brut", "BA.110.amort", "BP.180.n", "BP.220.n", "CP.010.n", "CP.380.n"]),
    st.sampled_from(["", "0", "12"]),
)


CHANGES = st.fixed_dictionaries({"dropped": LINES, "retyped": LINES, "computed": LINES, "closed": LINES})
FEW_FORMS = replace(OLD, forms=tuple(form for form in OLD.forms if form.code in {"BA", "BP", "CP"}))


def changed_by(changes) -> FormSet:
    return rewritten(FEW_FORMS, **{**changes, "closed": [f"{code}.n" for code in changes["closed"]]})


@settings(deadline=None, max_examples=25)
@given(FILLED, CHANGES, st.sampled_from(list(Document)))
def test_every_value_is_carried_or_listed_once(filled, changes, document):
    cells = [a_cell(address, value) for address, value in filled.items()]

    found = change(FEW_FORMS, changed_by(changes), *cells, document=document)

    listed = [*found.carried, *(one.cell.address for one in found.unfit)]
    assert sorted(listed) == sorted(address for address, value in filled.items() if value)


@settings(deadline=None, max_examples=25)
@given(FILLED, CHANGES)
def test_taking_a_change_back_restores_every_value(filled, changes):
    after, cells = changed_by(changes), {address: a_cell(address, value) for address, value in filled.items()}
    by = a_source("Alex Agent")
    unfit = change(FEW_FORMS, after, *cells.values()).unfit
    now = {**cells, **{one.cell.address: emptied(one.cell, by) for one in unfit}}
    aside = [set_aside(FILING_ID, FILING_ID, one) for one in unfit]

    back = take_back(after, FEW_FORMS, a_filing(), now, aside, by)

    assert {a: c.value for a, c in {**now, **{c.address: c for c in back.changed}}.items()} == filled
    assert back.unfit == ()
    assert [one.fate for one in back.returned] == [Fate.RETURNED] * len(aside)


def test_an_edit_made_since_stays_where_both_form_sets_know_the_cell():
    by: Source = a_source("Alex Agent")
    typed = a_cell(AMOUNT, "200", version=2)

    back = take_back(NEW, OLD, a_filing(), {AMOUNT: typed}, [], by)

    assert (back.changed, back.to_choose) == ((), ())


def test_what_was_written_since_in_a_cell_unknown_before_is_set_aside():
    before = rewritten(OLD, dropped=["BA.020"])

    back = take_back(OLD, before, a_filing(), {"BA.020.brut": a_cell("BA.020.brut", "8")}, [], a_source())

    assert [(one.cell.value, one.why) for one in back.to_choose] == [("8", Why.DROPPED)]
    assert [cell.value for cell in back.changed] == [""]


def test_a_zero_in_a_cell_that_is_closed_now_needs_no_choice_and_comes_back():
    zero, five = a_cell("CP.380.n", "0"), a_cell("CP.570.n", "5")

    found = change(OLD, NEW, zero, five)

    assert whys(found) == {"CP.570.n": Why.CLOSED}
    aside = [set_aside(FILING_ID, FILING_ID, one) for one in found.unfit]
    assert {one.address: one.fate for one in aside} == {"CP.380.n": Fate.DROPPED, "CP.570.n": Fate.WAITING}
    now = {cell.address: emptied(cell, a_source("Alex Agent")) for cell in (zero, five)}
    back = take_back(NEW, OLD, a_filing(), now, aside, a_source("Alex Agent"))
    assert {cell.address: cell.value for cell in back.changed} == {"CP.380.n": "0", "CP.570.n": "5"}


def test_a_zero_that_another_server_contradicts_needs_a_choice():
    zero = a_cell("CP.380.n", "0", conflict=an_other_value())

    assert [one.cell.address for one in change(OLD, NEW, zero).to_choose] == ["CP.380.n"]


def test_a_zero_in_a_cell_that_is_gone_or_of_another_kind_needs_a_choice():
    after = rewritten(OLD, dropped=["BA.020"], retyped=["BA.110"])

    found = change(OLD, after, a_cell("BA.020.brut", "0"), a_cell("BA.110.amort", "0"))

    assert len(found.to_choose) == 2
