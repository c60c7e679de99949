"""Facts of a report that are not what they seem: another unit, rounding, taxonomy or kind of value. Nothing vanishes."""

import copy
import csv
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

import formsets
from services.forms.clients.exports import canonical_json, xbrl_csv, xbrl_json
from services.forms.clients.flat_file_process import answer
from tests.support.exports import an_export

QUESTION = {"siren": "000000018", "year": 2024, "file_name": "rapport"}
FACT = "PL.010.n"
AMOUNT = "BA.010.brut"


def read_back(content: bytes) -> dict[str, Any]:
    found = answer(formsets.load("2024.1"), QUESTION, content)
    assert found["refusal"] is None, found["refusal"]
    return found


def controls(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(code, column, control) for _, column, code, control, *_ in found["problems"]]


def edited(module: Any, edit: Callable[[dict[str, Any]], None]) -> bytes:
    report = copy.deepcopy(json.loads(module.write(an_export())))
    edit(report)
    return json.dumps(report).encode()


def fact_with(address: str = AMOUNT, **changes: Any) -> bytes:
    def edit(report: dict[str, Any]) -> None:
        fact = report["facts"][address]
        dimensions = changes.pop("dimensions", {})
        fact["dimensions"] = {k: v for k, v in (fact["dimensions"] | dimensions).items() if v is not None}
        fact.update(changes)

    return edited(xbrl_json, edit)


@pytest.mark.parametrize(
    ("content", "control"),
    [
        (fact_with(dimensions={"unit": "iso4217:USD"}), "F-27"),
        (fact_with(dimensions={"unit": "EUR"}), "F-27"),
        (fact_with(dimensions={"unit": "hlm:EUR"}), "F-27"),
        (fact_with(dimensions={"unit": None}), "F-27"),
        (fact_with(dimensions={"unit": ["iso4217:EUR"]}), "F-27"),
        (fact_with(decimals=-3), "F-27"),
        (fact_with(decimals="INF"), "F-24"),
        (fact_with(decimals=True), "F-24"),
        (fact_with(dimensions={"concept": "other:BA.010"}), "F-24"),
        (fact_with(dimensions={"concept": "BA.010"}), "F-24"),
        (fact_with(dimensions={"concept": 7}), "F-24"),
        (fact_with(dimensions={"hlm:Colonne": "other:Colonne.brut"}), "F-24"),
        (fact_with(dimensions={"other:Scenario": "other:Budget"}), "F-24"),
        (fact_with(value=5), "F-24"),
        (fact_with(value=None), "F-24"),
        (fact_with(value=["5"]), "F-24"),
        (fact_with(value={"v": "5"}), "F-24"),
        (fact_with(value=True), "F-24"),
    ],
)
def test_a_fact_that_is_not_one_of_ours_is_a_refused_line(content: bytes, control: str):
    sound = read_back(xbrl_json.write(an_export()))

    found = read_back(content)

    assert sound["problems"] == []
    assert [one[2] for one in controls(found)] == [control]
    assert len(found["lines"]) == len(sound["lines"]) - 1
    (_, _, _, _, french, english, *_) = found["problems"][0]
    assert all((*french, *english))
    assert set(french).isdisjoint(english)


def test_a_count_in_euros_is_refused_and_a_pure_one_is_not():
    in_euros = read_back(fact_with(FACT, dimensions={"unit": "iso4217:EUR"}))
    pure = read_back(fact_with(FACT, dimensions={"unit": "xbrl:pure"}))

    assert controls(in_euros) == [("PL.010", "n", "F-27")]
    assert controls(pure) == []


def test_a_fact_that_is_no_object_is_a_refused_line():
    found = read_back(edited(xbrl_json, lambda report: report["facts"].update({AMOUNT: "5"})))

    assert [one[2] for one in controls(found)] == ["F-24"]
    assert AMOUNT in found["problems"][0][4][1]


def test_prefixes_are_read_in_the_report_and_not_assumed():
    def rename(report: dict[str, Any]) -> None:
        names = report["documentInfo"]["namespaces"]
        names["x"], names["hlm"] = names["hlm"], "https://example.org/other"
        for fact in report["facts"].values():
            fact["dimensions"] = {
                key.replace("hlm:", "x:"): str(value).replace("hlm:", "x:") for key, value in fact["dimensions"].items()
            }

    def steal(report: dict[str, Any]) -> None:
        report["documentInfo"]["namespaces"]["hlm"] = "https://example.org/other"

    assert controls(read_back(edited(xbrl_json, rename))) == []
    stolen = read_back(edited(xbrl_json, steal))
    assert stolen["lines"] == []
    assert {one[2] for one in controls(stolen)} == {"F-24"}


def test_a_report_of_another_taxonomy_is_refused_whole():
    def edit(report: dict[str, Any]) -> None:
        report["documentInfo"]["taxonomy"] = ["https://example.org/other.xsd"]

    refusal = answer(formsets.load("2024.1"), QUESTION, edited(xbrl_json, edit))["refusal"]

    assert refusal["control"] == "F-28"
    assert "taxonomie" in refusal["fr"][0]


def test_another_scheme_of_entities_is_refused_whole():
    def edit(report: dict[str, Any]) -> None:
        report["documentInfo"]["namespaces"]["siren"] = "http://standards.iso.org/iso/17442"

    refusal = answer(formsets.load("2024.1"), QUESTION, edited(xbrl_json, edit))["refusal"]

    assert refusal["control"] == "F-26"
    assert "SIREN" in refusal["fr"][0]


@pytest.mark.parametrize("value", [5, None, ["5"], {"v": "5"}, 1.5, True])
def test_a_value_that_is_no_text_is_a_refused_line_of_the_canonical_json(value: object):
    content = edited(canonical_json, lambda report: report["cells"].update({FACT: value}))

    found = read_back(content)

    assert controls(found) == [("PL.010", "n", "F-24")]
    assert FACT not in {address for _, address, *_ in found["lines"]}


@pytest.mark.parametrize(("module", "name"), [(canonical_json, "cells"), (xbrl_json, "facts")])
@pytest.mark.parametrize("value", [None, [], "x"])
def test_a_report_without_facts_is_refused_whole(module: Any, name: str, value: object):
    content = edited(module, lambda report: report.update({name: value}))

    assert answer(formsets.load("2024.1"), QUESTION, content)["refusal"]["fr"]


def test_thousands_of_wrong_facts_are_counted():
    def edit(report: dict[str, Any]) -> None:
        fact = report["facts"][AMOUNT]
        wrong = fact | {"dimensions": fact["dimensions"] | {"unit": "iso4217:USD"}}
        report["facts"] = {f"f{number}": wrong for number in range(3_000)}

    found = read_back(edited(xbrl_json, edit))

    assert len(found["problems"]) == 1_001
    assert "2000" in found["problems"][-1][4][0]


def package(edit: Callable[[str, bytes], bytes]) -> bytes:
    """Our package with its files edited."""
    old, new = zipfile.ZipFile(io.BytesIO(xbrl_csv.write(an_export()))), io.BytesIO()
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in old.namelist():
            archive.writestr(name, edit(name, old.read(name)))
    return new.getvalue()


def table(form: str, edit: Callable[[list[list[str]]], list[list[str]]]) -> bytes:
    """Our package with the rows of one table edited."""

    def changed(name: str, content: bytes) -> bytes:
        if not name.endswith(f"{form}.csv"):
            return content
        text = io.StringIO(newline="")
        csv.writer(text).writerows(edit(list(csv.reader(io.StringIO(content.decode(), newline="")))))
        return text.getvalue().encode()

    return package(changed)


def with_rows(start: str, **columns: str) -> bytes:
    """Our table of BA where the row that begins so has other texts in some columns."""

    def edit(rows: list[list[str]]) -> list[list[str]]:
        for row in rows[1:]:
            if row[0] == start:
                for name, text in columns.items():
                    row[rows[0].index(name)] = text
        return rows

    return table("BA", edit)


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        (with_rows("hlm:BA.010", unite="iso4217:USD"), {("BA.010", "F-27")}),
        (with_rows("hlm:BA.010", unite="#none"), {("BA.010", "F-27")}),
        (with_rows("hlm:BA.010", unite=""), {("BA.010", "F-27")}),
        (with_rows("hlm:BA.010", ligne="other:BA.010"), {("BA.010", "F-24")}),
        (with_rows("hlm:BA.010", brut="12d-3"), {("BA.010", "F-27")}),
        (with_rows("hlm:BA.010", brut="#nil"), {("BA.010", "F-24")}),
    ],
)
def test_a_row_of_a_table_that_is_not_one_of_ours_is_refused(content: bytes, refused: set[tuple[str, str]]):
    assert {(code, control) for code, _, control in controls(read_back(content))} == refused


def test_a_row_longer_than_its_titles_is_refused():
    found = read_back(table("BA", lambda rows: [rows[0], [*rows[1], "7"], *rows[2:]]))

    assert [(code, control) for code, _, control in controls(found)] == [("BA.010", "F-24")]


def test_a_table_without_its_column_of_units_is_refused_row_by_row():
    found = read_back(table("BA", lambda rows: [[*row[:1], *row[2:]] for row in rows]))

    assert {control for _, _, control in controls(found)} == {"F-27"}
    assert {address[:2] for _, address, *_ in found["lines"]}.isdisjoint({"BA"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"unit": "$unite"', b'"unit": "iso4217:USD"'),
        (b'"hlm:Colonne": "hlm:Colonne.brut"', b'"hlm:Colonne": "hlm:Colonne.amort"'),
        (b'"concept": "$ligne"', b'"concept": "hlm:BA.020"'),
    ],
)
def test_a_table_laid_out_otherwise_is_refused_whole(old: bytes, new: bytes):
    content = package(lambda name, text: text.replace(old, new) if name.endswith(".json") else text)

    assert answer(formsets.load("2024.1"), QUESTION, content)["refusal"]["fr"]


@pytest.mark.parametrize("place", ["report", "template", "column"])
def test_decimals_said_once_for_a_table_are_read(place: str):
    def edit(name: str, content: bytes) -> bytes:
        if "/reports/" not in name or not name.endswith(".json"):
            return content
        report = json.loads(content)
        template = report["tableTemplates"]["BA"]
        {"report": report, "template": template, "column": template["columns"]["brut"]}[place]["decimals"] = -3
        return json.dumps(report).encode()

    found = read_back(package(edit))

    assert {control for _, _, control in controls(found)} == {"F-27"}
    assert {column for code, column, _ in controls(found) if code[:2] == "BA"} >= {"brut"}
