"""Years and versions side by side."""

import formsets
from services.forms.domain.comparing import YearContent, differences, series
from tests.support.forms import AMOUNT, SHARED, a_form_set

NEWER = formsets.load("2025.1")
REDEFINED = "CC.640.tot"


def test_a_series_says_where_the_definition_changed():
    years = [
        YearContent(2023, a_form_set(), {REDEFINED: "1", AMOUNT: "4"}, True),
        YearContent(2024, a_form_set(), {REDEFINED: "2"}, True),
        YearContent(2025, NEWER, {REDEFINED: "3"}, False),
    ]

    points = series(years, [REDEFINED, AMOUNT])

    assert [(p.year, p.value, p.is_break, p.is_signed) for p in points if p.address == REDEFINED] == [
        (2023, "1", False, True),
        (2024, "2", False, True),
        (2025, "3", True, False),
    ]
    assert [(p.value, p.is_break) for p in points if p.address == AMOUNT] == [("4", False), ("", False), ("", False)]
    assert points[-1].form_set == "2025.1"
    assert points[0].label == a_form_set().label(REDEFINED)


def test_a_cell_that_a_years_form_set_lacks_is_empty_without_a_label():
    (point,) = series([YearContent(2024, a_form_set(), {}, False)], ["ZZ.999.n"])

    assert (point.value, point.label, point.is_break) == ("", "", False)


def test_only_what_differs_is_told_in_form_order():
    values, others = {SHARED: "1", AMOUNT: "2", "BA.020.brut": "3"}, {AMOUNT: "2", "BA.020.brut": "4"}

    found = differences(a_form_set(), values, NEWER, others, "ER")

    assert [(d.address, d.value, d.other_value) for d in found] == [("BA.020.brut", "3", "4"), (SHARED, "1", "")]
    assert found[0].label == a_form_set().label("BA.020.brut")


def test_a_cell_whose_definition_changed_is_marked_whichever_year_comes_first():
    def marks(first, second):
        found = differences(first, {REDEFINED: "1", AMOUNT: "1"}, second, {REDEFINED: "2", AMOUNT: "2"}, "ER")
        return {one.address: one.is_break for one in found}

    assert marks(a_form_set(), NEWER) == marks(NEWER, a_form_set()) == {REDEFINED: True, AMOUNT: False}
    assert marks(NEWER, NEWER) == {REDEFINED: False, AMOUNT: False}
