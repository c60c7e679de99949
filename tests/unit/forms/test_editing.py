"""Edits of two people merge, or the second is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.domain.cell import Cell, Origin
from services.forms.domain.editing import Edit, apply_edits
from services.forms.domain.errors import CellsChanged, CellsRefused
from tests.support.forms import ALIAS, AMOUNT, SHARED, a_cell, a_source, an_other_value

OTHER = "BA.020.brut"


def an_edit(address: str = AMOUNT, value: str = "200", base_version: int = 0, shown_as: str = "") -> Edit:
    return Edit(address, value, base_version, shown_as or address)


def test_an_empty_cell_is_filled_with_its_first_version():
    (cell,) = apply_edits({}, [an_edit()], a_source())

    assert (cell.address, cell.value, cell.version, cell.source) == (AMOUNT, "200", 1, a_source())


def test_an_edit_of_the_version_seen_makes_the_next():
    (cell,) = apply_edits({AMOUNT: a_cell(version=3)}, [an_edit(base_version=3)], a_source("Alix"))

    assert (cell.value, cell.version, cell.source.author) == ("200", 4, "Alix")


def test_emptying_a_cell_is_a_version_like_another():
    (cell,) = apply_edits({AMOUNT: a_cell()}, [an_edit(value="", base_version=1)], a_source())

    assert (cell.value, cell.version) == ("", 2)


def test_the_same_value_changes_nothing_whatever_was_seen():
    assert apply_edits({AMOUNT: a_cell(value="200", version=9)}, [an_edit(base_version=2)], a_source()) == []


def test_an_edit_of_an_older_version_is_refused_and_says_whose_value_stands():
    with pytest.raises(CellsChanged) as caught:
        apply_edits({AMOUNT: a_cell(version=2)}, [an_edit(base_version=1)], a_source("Alix"))

    (violation,) = caught.value.violations
    assert violation.field == AMOUNT
    assert "Camille Compte a saisi « 100 » le 02/06/2025 à 12:00" in violation.description
    assert violation.reason == "version=2"


def test_a_lost_edit_is_told_under_the_address_the_person_used():
    with pytest.raises(CellsChanged) as caught:
        apply_edits({SHARED: a_cell(SHARED, version=2)}, [an_edit(SHARED, shown_as=ALIAS)], a_source())

    assert caught.value.violations[0].field == ALIAS


def test_a_lost_edit_takes_the_others_with_it():
    cells = {AMOUNT: a_cell(version=2)}

    with pytest.raises(CellsChanged):
        apply_edits(cells, [an_edit(OTHER), an_edit(base_version=1)], a_source())


def test_one_cell_given_twice_with_different_values_is_refused():
    with pytest.raises(CellsRefused) as caught:
        apply_edits({}, [an_edit(value="1"), an_edit(value="2", shown_as=ALIAS)], a_source())

    assert [(v.field, v.reason) for v in caught.value.violations] == [(ALIAS, "F-25")]


def test_one_cell_given_twice_with_the_same_value_is_one_version():
    (cell,) = apply_edits({}, [an_edit(), an_edit()], a_source())

    assert cell.version == 1


def test_a_sealed_fact_is_not_edited():
    sealed = a_cell(SHARED, origin=Origin.SYNCHRONISED, is_sealed=True)

    with pytest.raises(CellsRefused) as caught:
        apply_edits({SHARED: sealed}, [an_edit(SHARED, base_version=1, shown_as=ALIAS)], a_source())

    assert [(v.field, v.reason) for v in caught.value.violations] == [(ALIAS, "FACT_SEALED")]


def test_typing_the_other_value_of_a_conflict_ends_it():
    cell = a_cell(conflict=an_other_value("7"))

    (changed,) = apply_edits({AMOUNT: cell}, [an_edit(value="7", base_version=1)], a_source())

    assert changed.conflict is None


def test_typing_a_third_value_leaves_the_conflict():
    cell = a_cell(conflict=an_other_value("7"))

    (changed,) = apply_edits({AMOUNT: cell}, [an_edit(value="8", base_version=1)], a_source())

    assert changed.conflict == an_other_value("7")


ADDRESSES = st.sampled_from(["BA.010.brut", "BA.020.brut", "BA.030.brut"])
SAVES = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.dictionaries(ADDRESSES, st.sampled_from(["", "1", "2"]), max_size=3)),
    max_size=12,
)


def attempt(cells: dict[str, Cell], edits: list[Edit], person: str) -> tuple[list[Cell], set[str]]:
    """What a save changes, or the cells for which it is refused."""
    try:
        return apply_edits(cells, edits, a_source(person)), set()
    except CellsChanged as refusal:
        return [], {violation.field for violation in refusal.violations}


@given(saves=SAVES)
def test_no_accepted_value_is_lost_between_two_people(saves):
    """Each save: who, whether they reload first, and what they want in which cells."""
    cells: dict[str, Cell] = {}
    seen: dict[bool, dict[str, Cell]] = {False: {}, True: {}}
    for person, reloads, wanted in saves:
        if reloads:
            seen[person] = dict(cells)
        view = seen[person]
        edits = [an_edit(a, v, view[a].version if a in view else 0) for a, v in wanted.items()]
        differs = {
            a
            for a, v in wanted.items()
            if a in cells and cells[a].value != v and (a not in view or view[a].version != cells[a].version)
        }
        changed, refused = attempt(cells, edits, str(person))
        assert refused == differs
        if refused:
            continue
        assert all(
            cell.version == (cells[cell.address].version if cell.address in cells else 0) + 1 for cell in changed
        )
        cells.update({cell.address: cell for cell in changed})
        view.update({cell.address: cell for cell in changed})
        assert all((cells[a].value if a in cells else "") == v for a, v in wanted.items())
