"""One cell: versions, conflict, choice."""

from datetime import timedelta

import pytest

from services.forms.domain.cell import Origin
from services.forms.domain.errors import NoConflict
from tests.support.forms import NOON, a_cell, a_source, an_other_value


def test_a_choice_ends_the_conflict_and_says_who_chose():
    chosen = a_cell(value="3", conflict=an_other_value("7")).chosen("7", "Alix", NOON + timedelta(1))

    assert (chosen.value, chosen.version, chosen.conflict) == ("7", 2, None)
    assert (chosen.source.origin, chosen.source.author) == (Origin.CHOSEN, "Alix")


def test_choosing_ones_own_value_is_a_version_too():
    chosen = a_cell(value="3", conflict=an_other_value("7")).chosen("3", "Alix", NOON)

    assert (chosen.value, chosen.version, chosen.conflict) == ("3", 2, None)


@pytest.mark.parametrize(
    "cell",
    [a_cell(value="7"), a_cell(value="3", conflict=an_other_value("8")), a_cell(value="7", is_sealed=True)],
    ids=["no conflict", "neither value", "sealed"],
)
def test_nothing_else_may_be_chosen(cell):
    with pytest.raises(NoConflict):
        cell.chosen("7", "Alix", NOON)


def test_a_signed_value_awaits_no_choice():
    assert a_cell(conflict=an_other_value()).awaits_choice
    assert not a_cell(conflict=an_other_value(), is_sealed=True).awaits_choice
    assert not a_cell().awaits_choice


def test_a_change_keeps_the_marks_of_the_cell():
    changed = a_cell(is_provisional=True, is_sealed=True).changed("5", a_source())

    assert (changed.is_provisional, changed.is_sealed) == (True, True)


@pytest.mark.parametrize("origin", Origin)
def test_only_what_a_person_wrote_is_personal(origin):
    assert origin.is_personal == (origin in (Origin.TYPED, Origin.CHOSEN))
