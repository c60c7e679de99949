"""What our exports write comes back in whole: same cells, same values, and nothing of another body or form set."""

import json
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings

import formsets
from formsets.formats import read
from formsets.values import written
from services.forms.clients.exports import canonical_json, flat_csv, workbook, xbrl_csv, xbrl_json
from services.forms.clients.flat_file_process import answer
from tests.support.exports import an_export, filled_cells, sample_values

QUESTION = {"siren": "000000018", "year": 2024, "file_name": "rapport"}
FORMATS = [canonical_json, flat_csv, workbook, xbrl_csv, xbrl_json]


def values_of(content: bytes) -> dict[str, str]:
    """Written form of every cell of a file, as the format controls read them."""
    form_set = formsets.load("2024.1")
    found = answer(form_set, QUESTION, content)
    assert found["refusal"] is None, found["refusal"]
    assert found["problems"] == []
    values = {}
    for _, address, text, *_ in found["lines"]:
        reading = read(form_set, address, text, 2024, origin="file")
        assert reading.problem is None, (address, text, reading.problem)
        if reading.value is not None:
            values[address] = written(reading.value)
    return values


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.EXTENSION)
def test_the_worked_example_comes_back(module: ModuleType):
    form_set = formsets.load("2024.1")
    inputs = {a: v for a, v in sample_values().items() if form_set.accepts_input(a)}

    back = values_of(module.write(an_export()))

    assert {address: back.get(address) for address in inputs} == inputs


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.EXTENSION)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(cells=filled_cells())
def test_any_accepted_value_comes_back(module: ModuleType, cells: dict[str, str]):
    cells = {address: value for address, value in cells.items() if address not in {"ID.030.v", "ID.170.v", "ID.160.v"}}

    back = values_of(module.write(an_export(cells)))

    assert {address: back.get(address) for address in cells} == cells


def report(**changes: object) -> bytes:
    return json.dumps(json.loads(xbrl_json.write(an_export())) | changes).encode()


@pytest.mark.parametrize("question", [{"siren": "000000026"}, {"year": 2023}])
@pytest.mark.parametrize("module", [canonical_json, xbrl_csv, xbrl_json], ids=lambda module: module.EXTENSION)
def test_a_report_of_another_body_or_year_is_refused(module, question):
    refused = answer(formsets.load("2024.1"), QUESTION | question, module.write(an_export()))["refusal"]

    assert refused["control"] == "F-26"
    assert "concerne" in refused["fr"][0]


def test_a_report_of_another_form_set_is_refused():
    info = {
        "documentType": "https://xbrl.org/2021/xbrl-json",
        "taxonomy": ["https://harmonia.example/xbrl/2023.1/er.xsd"],
    }

    assert "2023.1" in answer(formsets.load("2024.1"), QUESTION, report(documentInfo=info))["refusal"]["fr"][0]


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"{",
        b'{"a":' * 100_000,
        b"[" * 10,
        b'{"documentInfo":[]}',
        b'{"kind":"harmonia.export/1","kind":"harmonia.export/1"}',
        b'{"documentInfo":{"documentType":"https://xbrl.org/2021/xbrl-csv"}}',
        b'\xef\xbb\xbf {"facts": NaN}',
        b"{\xff}",
    ],
)
def test_what_is_no_report_of_ours_is_refused(content):
    found = answer(formsets.load("2024.1"), QUESTION, content)

    assert found["refusal"]["control"] in {"F-23", "F-24"}


def test_facts_of_two_bodies_are_refused():
    content = json.loads(report())
    next(iter(content["facts"].values()))["dimensions"]["entity"] = "siren:000000026"

    assert "plusieurs" in answer(formsets.load("2024.1"), QUESTION, json.dumps(content).encode())["refusal"]["fr"][0]
