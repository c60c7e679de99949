import csv
import io
import json
import re
import zipfile

from hypothesis import given, settings

from services.forms.clients.exports import xbrl_csv, xbrl_json
from services.forms.domain.filing import Document
from tests.support.exports import an_export, filled_cells
from tests.support.forms import AMOUNT, TOTALLED


def facts_of(content):
    return json.loads(xbrl_json.write(content))["facts"]


def unpacked(content):
    with zipfile.ZipFile(io.BytesIO(xbrl_csv.write(content))) as package:
        return {name.partition("/")[2]: package.read(name).decode() for name in package.namelist()}


NUMERIC = re.compile(r"(-?[0-9.]+)d[0-9]+")


def table_values(content):
    """Address → value of every filled cell of the tables, marks of xBRL-CSV taken off."""
    found = {}
    for name, text in unpacked(content).items():
        if name.endswith(".csv"):
            for row in csv.DictReader(io.StringIO(text, newline="")):
                code = row.pop("ligne").removeprefix("hlm:")
                row.pop("unite")
                for column, value in row.items():
                    if value:
                        rounded = NUMERIC.fullmatch(value)
                        found[f"{code}.{column}"] = rounded[1] if rounded else value.replace("##", "#", 1)
    return found


@settings(max_examples=50, deadline=None)
@given(filled_cells())
def test_every_filled_cell_is_a_fact_with_its_exact_value(values):
    assert {address: fact["value"] for address, fact in facts_of(an_export(values)).items()} == values


@settings(max_examples=50, deadline=None)
@given(filled_cells())
def test_every_filled_cell_is_in_a_table(values):
    found = table_values(an_export(values))
    assert found.keys() == values.keys()


def test_the_tables_hold_the_values_of_the_worked_example():
    for document in Document:
        content = an_export(document=document)
        assert table_values(content) == content.filled


def test_an_amount_says_its_line_its_column_its_currency_its_body_and_its_exercice():
    fact = facts_of(an_export({AMOUNT: "100"}))[AMOUNT]
    assert fact == {
        "value": "100",
        "dimensions": {
            "concept": "hlm:BA.010",
            "hlm:Colonne": "hlm:Colonne.brut",
            "unit": "iso4217:EUR",
            "entity": "siren:000000018",
            "period": "2024-01-01T00:00:00/2025-01-01T00:00:00",
        },
    }


def test_a_computed_amount_is_right_to_the_euro_and_a_typed_one_exactly():
    facts = facts_of(an_export({AMOUNT: "100", TOTALLED: "100"}))
    assert facts[TOTALLED]["decimals"] == 0
    assert "decimals" not in facts[AMOUNT]


def test_a_number_that_is_no_amount_has_no_unit():
    fact = facts_of(an_export({"PL.170.n": "38.4"}))["PL.170.n"]
    assert "unit" not in fact["dimensions"]


def test_a_report_package_names_its_report():
    files = unpacked(an_export())
    assert json.loads(files["META-INF/reportPackage.json"])["documentInfo"]["documentType"] == xbrl_csv.PACKAGE_TYPE
    description = json.loads(files["reports/er-2024-000000018.json"])
    assert {f"reports/{table['url']}" for table in description["tables"].values()} <= files.keys()


def test_a_table_cell_says_its_decimals_when_it_was_rounded():
    table = unpacked(an_export({AMOUNT: "100", TOTALLED: "100"}))["reports/BA.csv"]
    assert "hlm:BA.010,iso4217:EUR,100,,100d0," in table


def test_a_text_that_begins_with_the_special_sign_of_the_format_doubles_it():
    table = unpacked(an_export({"ID.010.v": "#nil"}))["reports/ID.csv"]
    assert "hlm:ID.010,#none,##nil" in table


def test_the_same_content_gives_the_same_bytes():
    assert xbrl_csv.write(an_export()) == xbrl_csv.write(an_export())
    assert xbrl_json.write(an_export()) == xbrl_json.write(an_export())
