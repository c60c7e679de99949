import dataclasses
import datetime as dt
from types import MappingProxyType
from typing import Any

import pytest

import formsets
from formsets import AccountRule, Control, ControlText, FormSet
from formsets.consequences import CONSEQUENCES
from formsets.reference_lists import reference_list
from services.validation.domain.linting import lint
from tests.support.form_sets import PLACES, RAW_PLACES, a_control, a_form, a_form_set, a_line

TEXT = ControlText("Quoi.", "Où.", "Comment.")
SAME = ControlText("Le bilan n'est pas équilibré.", "Où.", "Comment.")
EXAMPLES = {"passing": {"cells": {"AA.010.n": "1"}}, "failing": {"cells": {"AA.010.n": "9"}}}


def a_remark(language: str) -> ControlText:
    return ControlText("Quoi.", "Où.", f"Comment. {CONSEQUENCES['R'][language]}")


def a_package(control: dict[str, Any] | None = None, **changes: Any) -> FormSet:
    """A package without error: one control, AA.010 at most 5, and its examples."""
    fields = {"texts": MappingProxyType({"fr": TEXT, "en": TEXT}), **(control or {})}
    controls = [dataclasses.replace(a_control("C-01", "AA.010<=5"), **fields)]
    lines = changes.pop("lines", [a_line("AA.010")])
    package = a_form_set([a_form("AA", lines)], controls)
    return dataclasses.replace(package, **{"examples": {"C-01": EXAMPLES}, **changes})


def rules(form_set: FormSet) -> list[str]:
    return [remark.rule for remark in lint(form_set) if remark.level == "error"]


@pytest.mark.parametrize("version", formsets.available())
def test_a_shipped_package_has_no_error_and_every_example_runs(version: str) -> None:
    remarks = lint(formsets.load(version))

    assert [remark.sentence for remark in remarks if remark.level == "error"] == []
    assert {remark.rule for remark in remarks} <= {"dead-line"}


@pytest.mark.parametrize("version", formsets.available())
def test_each_shipped_control_says_where_in_words_of_its_own(version: str) -> None:
    form_set = formsets.load(version)
    said = [control.text(language).where for control in form_set.controls for language in ("fr", "en")]

    assert [where for where in said if "signalée" in where or where.endswith((" de plus.", " more."))] == []
    assert "AF.190:AF.190" not in " ".join(said)


@pytest.mark.parametrize(
    ("language", "where"),
    [
        ("fr", "La case ou la pièce signalée."),
        ("en", "The cell or document shown."),
        ("fr", "Les lignes concernées."),
    ],
)
@pytest.mark.parametrize("control", ["W-05", "W-08", "A-01"])
def test_a_place_that_names_none_is_refused(control: str, language: str, where: str) -> None:
    shipped = formsets.load("2024.1")
    texts = {**shipped.control(control).texts}
    texts[language] = dataclasses.replace(texts[language], where=where)
    controls = tuple(dataclasses.replace(one, texts=texts) if one.id == control else one for one in shipped.controls)

    remarks = lint(dataclasses.replace(shipped, controls=controls))

    assert [(one.subject, one.rule) for one in remarks if one.level == "error"] == [(control, "vague-place")]


@pytest.mark.parametrize(
    ("note", "rule"),
    [
        ({"fr": "Tout est calculé."}, "missing-text"),
        ({"fr": "Tout est calculé.", "en": " "}, "missing-text"),
        ({"fr": "Tout est calculé ici.", "en": "Tout est calculé ici."}, "untranslated"),
        ({"fr": "Long. " * 200, "en": "Short."}, "long-text"),
    ],
)
def test_a_note_is_in_both_languages_or_in_none(note: dict[str, str], rule: str) -> None:
    package = a_package()
    noted = dataclasses.replace(package, forms=(dataclasses.replace(package.forms[0], note=note),))

    assert rules(package) == []
    assert rules(noted) == [rule]


@pytest.mark.parametrize("control", ["F-30", "W-05", "W-06", "W-09"])
def test_words_are_no_example(control: str) -> None:
    spoken = {"situation": {"fr": "Un PDF.", "en": "A PDF."}}
    shipped = formsets.load("2024.1")
    spoilt = dataclasses.replace(
        shipped, examples={**shipped.examples, control: {"passing": spoken, "failing": spoken}}
    )

    assert [remark.subject for remark in lint(spoilt) if remark.level == "error"] == [control, control]


@pytest.mark.parametrize(
    ("control", "example"),
    [
        ("W-03", {"here": {"PL.010.n": "1"}, "there": {"PL.010.n": "2"}}),
        ("F-30", {"year": 2024, "transmitted_on": "2025-07-16"}),
        ("W-01", {"document": "ER", "family": "OPH", "saved": ["ZZ.010.n"]}),
        ("W-04", {"cells": {"ZZ.200.v": "2025-06-12"}, "signed_on": "2025-06-20"}),
        ("W-04", {"cells": {"ID.200.v": "2025-06-12"}, "signed_on": "20 juin"}),
        ("W-08", {"year": 2024, "transmitted_on": 20250716}),
        ("W-05", {"shown_digest": "ab" * 32, "digest_to_sign": "cd" * 32}),
        ("W-06", {"shown_digest": "ab" * 32}),
        ("W-09", {"recipients": {"CDC": "sent"}, "accepted": True}),
    ],
)
def test_an_example_that_its_control_cannot_be_asked_with_is_refused(control: str, example: dict[str, Any]) -> None:
    shipped = formsets.load("2024.1")
    examples = {**shipped.examples, control: {**shipped.examples[control], "failing": example}}

    remarks = lint(dataclasses.replace(shipped, examples=examples))

    assert [(one.subject, one.rule) for one in remarks if one.level == "error"] == [(control, "bad-example")]


@pytest.mark.parametrize("control", ["W-01", "W-04", "W-05", "W-06", "W-07", "W-08", "W-09"])
def test_an_example_of_the_workflow_that_gives_the_opposite_is_refused(control: str) -> None:
    shipped = formsets.load("2024.1")
    passing, failing = (shipped.examples[control][kind] for kind in ("passing", "failing"))
    swapped = {**shipped.examples, control: {"passing": failing, "failing": passing}}

    remarks = lint(dataclasses.replace(shipped, examples=swapped))

    assert [remark.subject for remark in remarks if remark.level == "error"] == [control, control]


def test_a_sound_package_has_no_remark() -> None:
    assert lint(a_package()) == []


@pytest.mark.parametrize(
    ("control", "rule"),
    [
        ({"expression": "AA.999>0"}, "bad-expression"),
        ({"expression": "AA.010+1"}, "bad-expression"),
        ({"expression": "AA.010 >"}, "bad-expression"),
        ({"expression": "+".join(["AA.010"] * 600) + ">0"}, "bad-expression"),
        ({"expression": "NOPE(AA.010)"}, "bad-expression"),
        ({"texts": MappingProxyType({"fr": TEXT})}, "missing-text"),
        ({"texts": MappingProxyType({"fr": TEXT, "en": ControlText("What.", "", "How.")})}, "missing-text"),
        ({"texts": MappingProxyType({"fr": TEXT, "en": ControlText("x" * 1_001, "Where.", "How.")})}, "long-text"),
        ({"texts": MappingProxyType({"fr": a_remark("fr"), "en": TEXT}), "severity": "T"}, "wrong-consequence"),
        ({"texts": MappingProxyType({"fr": TEXT, "en": a_remark("en")}), "severity": "A"}, "wrong-consequence"),
        ({"texts": MappingProxyType({"fr": SAME, "en": SAME})}, "untranslated"),
        ({"in_force_from": dt.date(2025, 1, 1), "in_force_until": dt.date(2024, 12, 31)}, "empty-period"),
        ({"expression": "AA.010<=99"}, "bad-example"),
        ({"expression": None}, "bad-example"),
    ],
)
def test_a_bad_control_is_refused(control: dict[str, Any], rule: str) -> None:
    assert rule in rules(a_package(control))


@pytest.mark.parametrize(
    ("examples", "rule"),
    [
        ({}, "missing-example"),
        ({"passing": EXAMPLES["passing"]}, "missing-example"),
        ({"failing": EXAMPLES["failing"]}, "missing-example"),
        ({**EXAMPLES, "passing": EXAMPLES["failing"]}, "bad-example"),
        ({**EXAMPLES, "passing": {"cells": {}}}, "bad-example"),
        ({**EXAMPLES, "passing": {"cells": {"ZZ.010.n": "1"}}}, "bad-example"),
        ({**EXAMPLES, "passing": {"cells": {"AA.010.n": "1,5"}}}, "bad-example"),
        ({**EXAMPLES, "failing": {"situation": {"fr": "Non.", "en": "No."}}}, "bad-example"),
        ({**EXAMPLES, "failing": {}}, "bad-example"),
        ({**EXAMPLES, "failing": {"base64": "é"}}, "bad-example"),
    ],
)
def test_a_control_without_both_examples_that_run_is_refused(examples: dict[str, Any], rule: str) -> None:
    assert set(rules(a_package(examples={"C-01": examples}))) == {rule}


@pytest.mark.parametrize(
    ("what", "where", "found"),
    [
        ("BA.010 = BA.020 + BA.030", "ID.030, INSEE", []),
        ("Code INSEE", "BA.010", []),
        ("Total", "Caisse des dépôts et consignations", [("warning", "untranslated")]),
        ("Le bilan est faux", "BA.010", [("error", "untranslated")]),
        ("LE BILAN EST FAUX !", "BA.010", [("error", "untranslated")]),
    ],
)
def test_codes_and_names_may_be_the_same_in_both_languages(what: str, where: str, found: list[tuple[str, str]]) -> None:
    french, english = ControlText(what, where, "Comment."), ControlText(what.strip(" !").lower(), where, "How.")

    remarks = lint(a_package({"texts": MappingProxyType({"fr": french, "en": english})}))

    assert [(remark.level, remark.rule) for remark in remarks] == found


def test_a_circle_is_refused() -> None:
    lines = [a_line("AA.010"), a_line("AA.020", formula="AA.030+1"), a_line("AA.030", formula="AA.020+1")]

    remarks = lint(a_package(lines=lines))

    assert [(remark.rule, "AA.020.n → AA.030.n" in remark.sentence) for remark in remarks] == [("cycle", True)]


def test_every_bad_expression_is_listed_not_only_the_first() -> None:
    lines = [a_line("AA.010"), a_line("AA.020", formula="AA.999"), a_line("AA.030", formula="TRUE")]

    remarks = lint(a_package({"expression": "AA.998>0"}, lines=lines))

    assert [remark.subject for remark in remarks] == ["AA.020.n", "AA.030.n", "C-01"]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"closed_cells": frozenset({"AA.999.n"})}, "unknown-reference"),
        ({"breaks": frozenset({"AA.999"})}, "unknown-reference"),
        ({"lines": [a_line("AA.010", alias_of="BB.010.n")]}, "unknown-reference"),
        ({"lines": [a_line("AA.010", concept="NOT.THERE")]}, "unknown-reference"),
        ({"lines": [a_line("AA.010", concepts=MappingProxyType({"x": "C"}))]}, "unknown-reference"),
        ({"lines": [a_line("AA.010"), a_line("AA.010")]}, "duplicate-code"),
        ({"lines": [a_line("AA.010"), a_line("BB.010")]}, "misplaced-line"),
        ({"lines": [a_line("AA.010"), a_line("AA.020", "ENUM")]}, "empty-enumeration"),
        ({"lines": [a_line("AA.010", label=" ")]}, "missing-text"),
        ({"lines": [a_line("AA.010", last_year={"x": "carry"})]}, "missing-mark"),
        ({"lines": [a_line("AA.010", formula="1", last_year={"n": "beside"})]}, "closed-target"),
        ({"lines": [a_line("AA.010", last_year_from={"n": "AA.999.n"})]}, "unknown-reference"),
        ({"lines": [a_line(f"AA.{n:03d}") for n in range(10, 1000)] * 6}, "too-large"),
        ({"accounts": (AccountRule("AA.999", "n", "debit", ("1",)),)}, "unknown-reference"),
        (
            {"accounts": (AccountRule("AA.010", "n", "debit", ("1",)), AccountRule("AA.010", "n", "credit", ("1",)))},
            "ambiguous-account",
        ),
    ],
)
def test_a_bad_structure_is_refused(changes: dict[str, Any], rule: str) -> None:
    assert rule in rules(a_package(**changes))


def test_accounts_do_not_fill_a_computed_cell() -> None:
    lines = [a_line("AA.010"), a_line("AA.020", formula="AA.010*2")]

    assert rules(a_package(lines=lines, accounts=(AccountRule("AA.020", "n", "debit", ("1",)),))) == ["closed-target"]


def test_a_line_that_nothing_reads_is_a_warning() -> None:
    remarks = lint(a_package(lines=[a_line("AA.010"), a_line("AA.020"), a_line("AA.030", "T80")]))

    assert [(remark.level, remark.rule, remark.subject) for remark in remarks] == [("warning", "dead-line", "AA.020")]


def test_two_controls_of_one_id_are_refused() -> None:
    package = a_package()
    twice: tuple[Control, ...] = package.controls * 2

    assert "duplicate-code" in rules(dataclasses.replace(package, controls=twice))


@pytest.mark.parametrize(
    ("spoilt", "rule"),
    [
        ({"last_year": 2020}, "empty-period"),
        ({"since": {"21000": 2023}}, "bad-list"),
        ({"since": {"21999": 2026}}, "bad-list"),
        ({"since": {"21999": 2024}, "until": {"21999": 2023, "97411": 2023}}, "bad-list"),
        ({"codes": {"21": "999 231", "97": "411"}}, "bad-list"),
        ({"codes": {"21": "231 231 999", "97": "411"}}, "bad-list"),
        ({"ended": {"97411": "21000"}}, "bad-list"),
        ({"ended": {"21999": "21000"}}, "bad-list"),
        ({"ended": {"21231": "21999"}}, "bad-list"),
    ],
)
def test_a_reference_list_that_contradicts_itself_is_refused(spoilt: dict[str, Any], rule: str) -> None:
    lists = {"places": reference_list("places", {**RAW_PLACES, **spoilt})}

    assert rule in rules(a_package(lists=lists))


def test_a_code_that_ended_without_a_successor_is_a_warning() -> None:
    lists = {"places": reference_list("places", {**RAW_PLACES, "ended": {}})}

    assert [(one.level, one.rule, one.subject) for one in lint(a_package(lists=lists))] == [
        ("warning", "no-successor", "97411")
    ]


def test_the_code_of_a_commune_wants_the_list_of_communes() -> None:
    lines = [a_line("AA.010"), a_line("AA.020", "INSEE5")]

    assert rules(a_package(lines=lines)) == ["missing-list"]
    assert rules(a_package(lines=lines, lists={"communes": PLACES})) == []
