"""Last year's answers: carried, shown beside, or never; nothing filled is overwritten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import formsets
from services.forms.domain.carrying import LastYear, carry
from services.forms.domain.cell import Origin, PutBack
from services.forms.domain.filing import Document
from tests.support.form_sets import remarked
from tests.support.forms import NOON, a_cell, a_form_set, a_source, an_other_value


def carried(values, cells=(), form_set=None, **options):
    last_year = LastYear(a_form_set(), values)
    present = {cell.address: cell for cell in cells}
    return carry(form_set or a_form_set(), Document.ER, last_year, present, "Alix", NOON, **options)


@pytest.mark.parametrize(
    ("address", "mark"),
    [
        ("ID.010.v", "carry"),
        ("ID.160.v", "beside"),
        ("ID.270.v", "never"),
        ("BA.010.brut", "beside"),
        ("BA.010.net", "never"),
        ("BA.010.n1", "carry"),
        ("AF.190.n", "carry"),
        ("PR.190.debut", "never"),
        ("ED.120.debut", "carry"),
    ],
)
def test_each_cell_is_marked(address, mark):
    assert a_form_set().last_year_mark(address) == mark


def test_a_cell_does_what_its_form_set_marks_whatever_its_line_is():
    marked = remarked(a_form_set(), {"BA.010": {"brut": "carry"}, "ID.010": {"v": "never"}, "ID.020": {"v": "beside"}})

    found = carried({"BA.010.brut": "5", "ID.010.v": "OPH", "ID.020.v": "Office"}, form_set=marked)

    assert [cell.address for cell in found.carried] == ["BA.010.brut"]
    assert found.beside == {"ID.020.v": "Office"}


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("ID.010.v", "ID.010.v"),
        ("BA.010.net", "BA.010.n1"),
        ("CC.020.tot", "CC.020.n1"),
        ("BP.180.n", "BP.180.n1"),
        ("AF.180.n", "AF.190.n"),
        ("AF.190.n", "AF.200.n"),
        ("PR.110.fin", "PR.110.debut"),
        ("ED.120.fin", "ED.120.debut"),
    ],
)
def test_last_years_answer_goes_where_this_year_asks_for_it(then, now):
    cells = carried({then: "5"}).carried

    assert [(c.address, c.value, c.version, c.source.origin) for c in cells if c.address == now] == [
        (now, "5", 1, Origin.LAST_YEAR)
    ]


def test_an_amount_of_last_year_is_shown_beside():
    found = carried({"BA.010.brut": "5"})

    assert (found.carried, found.beside) == ([], {"BA.010.brut": "5"})


def test_opening_carries_only_what_is_about_an_earlier_year():
    found = carried({"ID.010.v": "OPH", "BP.180.n": "5"}, only_prefilled=True)

    assert [cell.address for cell in found.carried] == ["BP.180.n1"]


@pytest.mark.parametrize(
    "source",
    [a_source(origin=Origin.IMPORTED), a_source(put_back=PutBack("Alix", NOON, 0))],
    ids=["emptied by a file", "blank again"],
)
def test_an_emptied_cell_is_filled_with_its_next_version(source):
    (cell,) = carried({"ID.010.v": "OPH"}, [a_cell("ID.010.v", "", 3, source=source)]).carried

    assert (cell.value, cell.version) == ("OPH", 4)


@pytest.mark.parametrize(
    "cell",
    [
        a_cell("ID.010.v", "Tapé"),
        a_cell("ID.010.v", ""),
        a_cell("ID.010.v", "", is_sealed=True),
        a_cell("ID.010.v", "", conflict=an_other_value()),
    ],
    ids=["filled", "emptied by hand", "sealed", "in conflict"],
)
def test_what_a_person_or_another_server_holds_stays(cell):
    assert carried({"ID.010.v": "OPH"}, [cell]).carried == []


def test_a_line_that_means_something_else_now_is_not_carried():
    newer = formsets.load("2025.1")

    assert carried({"CC.640.tot": "5"}, form_set=newer).carried == []
    assert carried({"CC.020.tot": "5"}, form_set=newer).carried != []


@given(st.sets(st.sampled_from([a for a in a_form_set().cells("ER") if a[:2] in ("ID", "AF", "BP")])))
def test_nothing_filled_is_ever_overwritten(filled):
    values = dict.fromkeys(a_form_set().cells("ER"), "1")

    found = carried(values, [a_cell(address, "9") for address in filled])

    assert not filled & {cell.address for cell in found.carried}
    never = {a for a in a_form_set().cells("ER") if a_form_set().last_year_mark(a) == "never"}
    assert not never & ({cell.address for cell in found.carried} | found.beside.keys())
