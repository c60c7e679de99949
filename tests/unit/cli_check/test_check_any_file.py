"""`harmonia check` reads every file that the service imports, with its readers, and tells what, where and how in two languages."""

import json
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner

import formsets
from cli.__main__ import app
from cli.check import Asked, Options, Source, check_command, check_content, check_source
from services.forms.clients.exports import canonical_json, flat_csv, workbook, xbrl_csv, xbrl_json
from services.forms.domain.export import export_content
from services.forms.domain.filing import Document
from synthetic import synthesise, to_flat_csv, with_fault
from tests.support.exports import an_export, sample_values
from tests.support.form_sets import SAMPLE
from tests.support.forms import NOON, a_filing
from tests.support.workbooks import a_workbook

FORMATS = [canonical_json, flat_csv, workbook, xbrl_csv, xbrl_json]
BALANCE = "compte;libellé;débit;crédit\n2051;Logiciel;1000,40;0\n101;Capital;0;1000,40\n999;Divers;5;0\n"


@pytest.mark.parametrize("document", ["ER", "QDIS"])
@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.EXTENSION)
def test_every_export_is_checked_as_the_csv_of_the_same_filing(module: ModuleType, document: str) -> None:
    content = an_export({**sample_values(), **sample_values(Document.QDIS)}, Document(document))
    expected = check_content(flat_csv.write(content)).as_json()

    printed = check_content(module.write(content)).as_json()

    told = ("verdict", "document", "rule_set", "controls", "cells")
    assert {name: printed[name] for name in told} == {name: expected[name] for name in told}
    assert printed["format"] == expected["format"] == []


@pytest.mark.parametrize("module", FORMATS, ids=lambda module: module.EXTENSION)
def test_every_format_is_checked_with_the_form_set_of_its_exercice(module: ModuleType) -> None:
    filing = synthesise("OPH", 3, 2025)
    form_set = formsets.load("2025.1")
    owner = a_filing(year=2025, form_set="2025.1")
    content = export_content(owner, form_set, filing.of_document("ER"), {}, 0, NOON)

    outcome = check_content(module.write(content))

    assert outcome.form_set.version == "2025.1"
    assert [item.control for item in outcome.format if item.control == "F-28"] == []


@pytest.mark.parametrize("module", [canonical_json, xbrl_csv, xbrl_json], ids=lambda module: module.EXTENSION)
def test_a_report_of_the_older_form_set_is_read_with_it(module: ModuleType) -> None:
    assert check_content(module.write(an_export())).form_set.version == "2024.1"


def test_a_balance_fills_cells_by_its_accounts_and_says_what_it_left() -> None:
    outcome = check_source(Source(BALANCE.encode(), "balance.csv"), Asked())

    assert outcome.report is not None
    assert outcome.report.document == "ER"
    assert any("999" in guess for guess in outcome.guesses)
    assert outcome.report.verdict == "not_evaluable"


def test_the_body_s_own_rules_for_accounts_win(tmp_path: Path) -> None:
    rules = [{"prefix": "2051", "address": "BA.010.brut", "side": "debit", "is_own": True}]
    rules.append({"prefix": "101", "address": "BA.040.brut", "side": "debit", "is_own": False})
    mapping, file = tmp_path / "mapping.json", tmp_path / "balance.csv"
    mapping.write_text(json.dumps({"rules": rules, "packages": []}))
    file.write_text(BALANCE, encoding="utf-8")

    result = CliRunner().invoke(app, ["check", str(file), "--mapping", str(mapping), "--json"])

    cells = json.loads(result.stdout)["cells"]
    assert (cells["BA.010.brut"], cells["BA.030.brut"]) == ("1000", None)
    assert cells["BP.010.n"] == "1000"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "correspondance"),
        ('{"rules": 5}', "correspondance"),
        ('[{"prefix": "2051"}]', "correspondance"),
        ('[{"prefix": "2051", "address": "BA.900.net"}]', "BA.900.net"),
        ('[{"prefix": "x", "address": "BA.030.brut"}]', "chiffres"),
    ],
)
def test_rules_that_cannot_be_applied_say_why(
    content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, file = tmp_path / "mapping.json", tmp_path / "balance.csv"
    mapping.write_text(content)
    file.write_text(BALANCE, encoding="utf-8")

    assert check_command(file, json_output=True, options=Options(mapping=mapping)) == 2
    assert said in capsys.readouterr().err


def test_a_fec_tells_its_exercice_by_its_name() -> None:
    columns = "JournalCode|JournalLib|EcritureNum|EcritureDate|CompteNum|CompteLib|CompAuxNum|CompAuxLib|PieceRef"
    columns += "|PieceDate|EcritureLib|Debit|Credit|EcritureLet|DateLet|ValidDate|Montantdevise|Idevise"
    rows = [columns, "OD|Divers|1|20240301|205100|Logiciel|||P1|20240301|x|1000,00|0,00|||20240301||"]
    rows.append("OD|Divers|1|20240301|101000|Capital|||P1|20240301|x|0,00|1000,00|||20240301||")
    source = Source("\n".join(rows).encode(), "000000018FEC20241231.txt")

    outcome = check_source(source, Asked())

    assert outcome.form_set.version == "2024.1"
    assert outcome.report is not None
    assert outcome.report.cells["BA.030.brut"] == Decimal(1000)


def test_a_cell_of_a_workbook_is_told_by_its_sheet_and_row() -> None:
    content = a_workbook({"Saisie": [["code", "colonne", "valeur"], ["BA.010", "brut", "1,5"], ["ZZ.001", "n", "1"]]})

    french, english = (check_content(content, language=language).format for language in ("fr", "en"))

    assert {item.where.partition(".")[0] for item in french if item.line} == {
        "Feuille Saisie, ligne 2",
        "Feuille Saisie, ligne 3",
    }
    assert {item.where.partition(".")[0] for item in english if item.line} == {
        "Sheet Saisie, row 2",
        "Sheet Saisie, row 3",
    }


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("fr", ["Référentiel 2024.1", "Où : Cases : PL.210", "Comment : Rendez égaux", "à justifier", "en échec"]),
        ("en", ["Form set 2024.1", "Where: Cells: PL.210", "How: Make PL.210", "to justify", "failed"]),
    ],
)
def test_people_read_what_where_and_how_in_their_language(language: str, said: list[str], tmp_path: Path) -> None:
    filing, _ = with_fault(synthesise("ESH", 7, 2024), "A-06", 7)
    file = tmp_path / "f.csv"
    file.write_text(to_flat_csv(filing), encoding="utf-8")

    result = CliRunner().invoke(app, ["check", str(file), "--lang", language])

    assert result.exit_code == 1
    for words in said:
        assert words in result.stdout
    told = check_content(file.read_bytes(), language=language).as_json()
    failed = next(control for control in told["controls"] if control["id"] == "A-06")
    assert all(failed[part] for part in ("message", "where", "how"))


@pytest.mark.parametrize("content", [b"PK\x03\x04 damaged", b"{}", b"%PDF-1.7", b""])
def test_what_is_none_of_these_is_refused_with_its_control(content: bytes) -> None:
    outcome = check_content(content)

    assert outcome.exit_code == 2
    assert [item.control[:2] for item in outcome.format] == ["F-"]
    assert outcome.format[0].what


def test_a_file_that_is_too_large_is_refused() -> None:
    outcome = check_content(SAMPLE.read_bytes() + b"\n" * (20 * 1024 * 1024))

    assert [item.control for item in outcome.format] == ["F-29"]


@pytest.mark.parametrize("options", [Options(language="de"), Options(version="1999.1")])
def test_options_that_say_nothing_known_are_a_misuse(options: Options, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_command(SAMPLE, json_output=False, options=options) == 2
    assert capsys.readouterr().err
