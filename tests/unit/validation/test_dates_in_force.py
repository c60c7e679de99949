import dataclasses
import datetime as dt

import pytest

from formsets.values import Value
from services.validation.domain.errors import MalformedExpression
from services.validation.domain.rule_set import compile_rules
from tests.support.form_sets import a_control, a_form, a_form_set, a_line


def status(closing: str | None, first: str | None, last: str | None) -> str:
    """Status of a control that always fails, in force between two closing dates."""
    dates = {
        "in_force_from": dt.date.fromisoformat(first) if first else None,
        "in_force_until": dt.date.fromisoformat(last) if last else None,
    }
    control = dataclasses.replace(a_control("C-01", "1>2"), **dates)
    form = a_form("ID", [a_line("ID.170", "DATE")], columns=("v",))
    cells: dict[str, Value] = {"ID.170.v": dt.date.fromisoformat(closing)} if closing else {}
    return compile_rules(a_form_set([form], [control])).check(cells, "ER").controls[0].status


@pytest.mark.parametrize(
    ("closing", "first", "last", "expected"),
    [
        ("2024-12-31", None, None, "failed"),
        ("2024-12-31", "2024-12-31", None, "failed"),
        ("2024-12-31", "2025-01-01", None, "passed"),
        ("2024-12-31", None, "2024-12-31", "failed"),
        ("2024-12-31", None, "2024-12-30", "passed"),
        ("2024-12-31", "2024-01-01", "2025-12-31", "failed"),
        (None, "2024-01-01", None, "not_evaluated"),
        (None, None, None, "failed"),
    ],
)
def test_a_control_is_asked_only_of_the_exercices_for_which_it_is_in_force(
    closing: str | None, first: str | None, last: str | None, expected: str
) -> None:
    assert status(closing, first, last) == expected


def test_dates_need_a_closing_date_in_the_package() -> None:
    control = dataclasses.replace(a_control("C-01", "1>2"), in_force_from=dt.date(2024, 1, 1))

    with pytest.raises(MalformedExpression, match="Dates in force"):
        compile_rules(a_form_set([a_form("AA", [a_line("AA.010")])], [control]))
