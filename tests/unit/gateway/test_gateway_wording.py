"""The words of the interface: all there in both languages, dates and numbers as each reads them."""

import ast
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chassis.errors as chassis_errors
import services.forms.domain.errors as forms_errors
import services.validation.domain.errors as validation_errors
from chassis.errors import Failure
from formsets import load
from formsets.formats import read
from services.gateway.clients.answers import ControlStatus, Indication, RunState
from services.gateway.web import (
    account_pages,
    campaign_pages,
    errors,
    form_set_pages,
    form_view,
    frame,
    kept,
    release_pages,
    wording,
)
from services.gateway.web.figures import shown, typed
from services.gateway.web.pages import SERVERS
from services.gateway.web.wording import LABELS, Wording, preferred

WEB = Path(wording.__file__).parent
SERVICES = WEB.parent.parent
_CALL = re.compile(r'(?<![\w.])_\("((?:[^"\\]|\\.)*)"')


def _in_templates() -> set[str]:
    return {text for path in (WEB / "templates").glob("*.html") for text in _CALL.findall(path.read_text("utf-8"))}


def _in_code() -> set[str]:
    found = set()
    for path in WEB.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            is_call = isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
            if is_call and ast.unparse(node.func) in ("_", "visit.wording", "wording", "self"):
                found.add(node.args[0].value)
    return {text for text in found if isinstance(text, str)}


def _said() -> set[str]:
    tables = (
        wording.SIGNATURE_LEVELS,
        *(LABELS, form_view.COLUMNS, form_view.MARKS, errors.TITLES, errors.ADVICE, errors.KEPT, SERVERS),
        *(kept.LABELS, kept.RULES),
        *(
            frame.MENDING,
            frame.AUTHORITIES,
            frame.OVER,
            frame.ASKED_FOR_TIME,
            release_pages.LEVELS,
            release_pages.TICKED,
            account_pages.SIDES,
            campaign_pages.WHYS,
            campaign_pages.FATES,
            wording.ATTACHMENT_KINDS,
            wording.JUSTIFICATION_REASONS,
            frame.SINCE,
            form_set_pages.STATES,
            form_set_pages.MOVES,
            form_set_pages.OUTCOMES,
            form_set_pages.SUBJECTS,
            form_set_pages.KINDS,
            form_set_pages.PROPERTIES,
            form_set_pages.VALUES,
        ),
    )
    told = {errors.KEPT_AS_REFUSED, errors.KEPT_FROM_BEFORE}
    return told | _in_templates() | _in_code() | {text for table in tables for text in table.values()}


def _catalogue() -> dict[str, str]:
    return json.loads((WEB / "locale" / "en.json").read_text("utf-8"))


def test_every_french_sentence_has_an_english_one():
    assert sorted(_said() - set(_catalogue())) == []


def test_every_failure_of_forms_and_validation_has_an_english_sentence():
    kinds = [
        kind
        for module in (chassis_errors, forms_errors, validation_errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Failure) and kind is not Failure
    ]
    assert len(kinds) > 30
    assert sorted({kind.reason for kind in kinds if f"reason:{kind.reason}" not in _catalogue()}) == []


def test_every_violation_of_forms_and_validation_has_an_english_sentence():
    reasons, telling = set(), 0
    for path in (*SERVICES.glob("forms/**/*.py"), *SERVICES.glob("validation/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            telling += called in {"violation", "malformed", "about_cell"}
            if called == "Violation" and len(node.args) == 3:
                field, _, reason = node.args
                if isinstance(reason, ast.Constant):
                    reasons.add((field.value if isinstance(field, ast.Constant) else "", reason.value))
    known = set(_catalogue())
    official = {control.id for control in load("2025.1").controls}
    assert len(reasons) + telling > 40, "the others bring their own English"
    assert [
        (field, reason)
        for field, reason in sorted(reasons)
        if not known.intersection({f"violation:{field}:{reason}", f"violation:{reason}"})
        and not (reason in official and not field)
    ] == [], "an official control about a cell is said with the words of the control"


def test_translations_name_the_same_values():
    for french, english in _catalogue().items():
        if not french.startswith(("reason:", "violation:")):
            assert set(re.findall(r"\{\w+\}", french)) == set(re.findall(r"\{\w+\}", english)), french


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "language"),
    [
        ("", "", "", "fr"),
        ("en", "fr", "fr", "en"),
        ("xx", "en", "fr", "en"),
        ("", "", "de, en;q=0.8, fr;q=0.3", "en"),
        ("", "", "en;q=0, *;q=nonsense", "fr"),
    ],
)
def test_the_language_is_the_one_asked_for_then_kept_then_accepted(asked, kept, accepted, language):
    assert preferred(asked, kept, accepted) == language


@pytest.mark.parametrize(
    ("text", "cell_type", "language", "expected"),
    [
        ("1234567.5", "D1", "fr", "1\u202f234\u202f567,5"),
        ("1234567.5", "D1", "en", "1,234,567.5"),
        ("-1234", "MS", "fr", "-1\u202f234"),
        ("12", "M", "fr", "12"),
        ("true", "BOOL", "fr", "oui"),
        ("true", "BOOL", "en", "yes"),
        ("2024-12-31", "DATE", "fr", "31/12/2024"),
        ("n'importe quoi", "M", "fr", "n'importe quoi"),
        ("", "M", "fr", ""),
    ],
)
def test_values_are_shown_as_each_language_reads_them(text, cell_type, language, expected):
    assert shown(text, cell_type, Wording(language)) == expected


def test_a_computed_amount_is_shown_rounded_half_up():
    assert shown("1771.5", "M", Wording("fr"), is_computed=True) == "1\u202f772"


@given(st.integers(min_value=0, max_value=99_999_999_999))
def test_what_stands_in_an_input_is_read_back_to_the_same_amount(amount):
    form_set = load("2024.1")
    assert read(form_set, "BA.010.brut", typed(str(amount), "M"), 2024).value == amount


def test_words_that_are_spelt_alike_have_names_of_their_own():
    _ = Wording("fr")
    assert _.label(RunState.FAILED) == "Abandonné"
    assert _.label(ControlStatus.FAILED) == "Non respecté"
    assert _.label(Indication.FAILED) == "Signature non valable"


def test_dates_are_said_in_words():
    assert Wording("fr").day("2025-07-01") == "1er juillet 2025"
    assert Wording("en").day("2025-07-01") == "1 July 2025"
