import datetime as dt

import pytest

import formsets
from formsets.values import Value
from formsets.workflow import ATTACHMENTS, forms_never_saved, is_approved, is_late, missing_attachments

FORMS = formsets.load("2024.1")


def test_w_01_names_the_forms_that_were_never_saved() -> None:
    every = forms_never_saved(FORMS, "ER", ())

    assert every == ("ID", "BA", "BP", "CC", "CP", "AF", "ED", "PR", "PL", "VA", "IM", "EF", "AR", "SF", "TF")
    assert forms_never_saved(FORMS, "ER", {f"{code}.010.n" for code in every if code != "PR"}) == ("PR",)
    assert forms_never_saved(FORMS, "ER", FORMS.cells()) == ()


def test_w_01_leaves_a_sem_without_the_forms_of_self_financing() -> None:
    assert set(forms_never_saved(FORMS, "ER", ())) - set(forms_never_saved(FORMS, "ER", (), "SEM")) == {
        "AF",
        "SF",
        "TF",
    }


def test_w_01_asks_for_no_form_that_is_wholly_computed() -> None:
    assert "SG" not in forms_never_saved(FORMS, "ER", ())
    assert forms_never_saved(FORMS, "QDIS", ()) == ("QA", "QB", "QC", "QD", "QE", "QG", "QH", "QI", "QJ")


def test_w_03_names_what_the_campaign_demands_and_is_not_there() -> None:
    assert missing_attachments((), ()) == ()
    assert missing_attachments(ATTACHMENTS, ("deliberation",)) == ("rapport_gestion", "rapport_cac")


@pytest.mark.parametrize(
    ("cells", "approved"),
    [
        ({}, False),
        ({"ID.200.v": dt.date(2025, 6, 21)}, False),
        ({"ID.200.v": dt.date(2025, 6, 20)}, True),
        ({"ID.200.v": "2025-06-20"}, False),
    ],
)
def test_w_04_wants_an_approval_that_is_not_in_the_future(cells: dict[str, Value], approved: bool) -> None:
    assert is_approved(cells, dt.date(2025, 6, 20)) is approved


def test_w_08_flags_an_er_after_the_fifteenth_of_july() -> None:
    assert not is_late(2024, dt.date(2025, 7, 15))
    assert is_late(2024, dt.date(2025, 7, 16))
