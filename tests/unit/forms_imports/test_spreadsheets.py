"""Workbooks of the flat form and of our own export are read as the flat CSV is; nothing changes silently (F25)."""

import datetime as dt
import time

import pytest

import formsets
from formsets.flat_file import FlatFile
from services.forms.clients.flat_file_process import LONGEST_EXTRA, answer
from services.forms.clients.uploads.refusal import FileRefused
from services.forms.clients.uploads.spreadsheets import OpenedWorkbook, read_balance_sheet, read_spreadsheet, text_of
from tests.support.form_sets import SAMPLE
from tests.support.workbooks import Raw, a_workbook, parts_of, sheet_xml, zipped

HEADER = ["code", "colonne", "valeur"]


def read(**sheets: list[list[object]]) -> FlatFile:
    return read_spreadsheet(OpenedWorkbook(a_workbook(sheets)), formsets.load("2024.1"))


def texts(file: FlatFile) -> dict[str, str]:
    return {entry.address: entry.raw for entry in file.entries}


def test_the_worked_example_as_a_workbook_gives_what_its_csv_gives():
    rows: list[list[object]] = [line.split(";") for line in SAMPLE.read_text(encoding="utf-8").splitlines()]

    file = read(Données=rows)

    assert len(file.entries) == 1190
    assert file.problems == ()
    assert (file.siren, file.year, file.encoding) == ("000000018", 2024, "xlsx")
    assert (file.entries[0].sheet, file.entries[0].line_number) == ("Données", 2)
    assert file.entries[0].extra == {"nature": "saisie"}


def test_one_sheet_a_form_is_read_below_its_title():
    cover = [["Organisme", "Office"], ["SIREN", "000000018"], ["Exercice", "2024"], ["Unité", "euros"]]
    form = [
        ["Bilan, actif"],
        [],
        ["code", "libelle", "brut", "amort", "net", "n1", "ma note"],
        ["BA.010", "x", 12, "", 5, "", "A7"],
    ]

    file = read(Dossier=cover, BA=form)

    assert texts(file) == {"BA.010.brut": "12", "BA.010.net": "5"}
    assert file.entries[0].extra == {"ma note": "A7"}
    assert (file.siren, file.year) == ("000000018", 2024)
    assert [g.value for g in file.guesses if g.kind == "sheet"] == ["BA", "Dossier"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234.0, "1234"),
        (-5.0, "-5"),
        (48.5, "48.5"),
        (0.1 + 0.2, "0.3"),
        (99_999_999_999.0, "99999999999"),
        (1e-7, "0.0000001"),
        (1e20, "100000000000000000000"),
        (True, "true"),
        (dt.date(2024, 12, 31), "2024-12-31"),
        (dt.datetime(2024, 12, 31), "2024-12-31"),  # noqa: DTZ001 - a spreadsheet has no time zone
        ("1 234,56", "1 234,56"),
    ],
)
def test_a_cell_reads_as_a_person_would_have_typed_it(value, text):
    assert text_of(value) == text


def test_error_cells_are_reported_each_where_it_is_with_the_users_own_columns():
    error = Raw('<c r="{r}" t="e"><v>#DIV/0!</v></c>')

    file = read(F=[[*HEADER, "clé"], ["BA.010", "brut", error, "K-9"], ["BA.020", "brut", 3, "K-10"]])

    assert texts(file) == {"BA.020.brut": "3"}
    [problem] = file.problems
    assert (problem.line, problem.code, problem.column, problem.raw) == (2, "BA.010", "brut", "#DIV/0!")
    assert problem.extra == {"clé": "K-9"}
    assert "cellule C2" in problem.french.where
    assert "#DIV/0!" in problem.french.what


def test_a_formula_without_a_result_is_reported():
    file = read(F=[HEADER, ["BA.010", "brut", Raw('<c r="{r}"><f>1+1</f></c>')]])

    assert "n'a pas de résultat" in file.problems[0].french.what


def test_percentages_are_read_as_per_cent_and_it_is_said():
    file = read(F=[HEADER, ["VA.010", "n", Raw('<c r="{r}" s="2"><v>0.125</v></c>')]])

    assert texts(file) == {"VA.010.n": "12.5"}
    assert any(g.kind == "percentage" and "F!C2" in g.message_fr for g in file.guesses)


def test_a_date_cell_is_read_as_a_date():
    file = read(F=[HEADER, ["ID.170", "v", Raw('<c r="{r}" s="1"><v>45657</v></c>')]])

    assert texts(file) == {"ID.170.v": "2024-12-31"}


def test_thousands_of_euros_are_refused():
    assert read(F=[["Unité", "k€"], HEADER, ["BA.010", "brut", 3]]).problems[0].control == "F-27"


def test_a_workbook_without_a_table_is_refused():
    with pytest.raises(FileRefused, match="No sheet"):
        read(F=[["bonjour"]])


def test_unknown_lines_name_their_sheet():
    (problem,) = read(F=[HEADER, ["ZZ.999", "n", 1]]).problems

    assert (problem.sheet, problem.line, problem.code) == ("F", 2, "ZZ.999")


def test_another_body_is_refused_whole_and_long_extras_are_cut():
    content = a_workbook({"F": [[*HEADER, "note"], ["ID.030", "v", "000000018", "n" * 2_000]]})
    form_set = formsets.load("2024.1")

    assert "000000018" in answer(form_set, {"siren": "000000026", "year": 2024}, content)["refusal"]["fr"][1]
    found = answer(form_set, {"siren": "000000018", "year": 2024}, content)
    [(_, _, _, which, own, _)] = found["lines"]
    assert found["titles"][which] == ["note"]
    assert [len(text) for text in own] == [LONGEST_EXTRA]


def test_a_balance_of_five_thousand_rows_is_read_and_a_longer_one_is_to_be_saved_as_a_text():
    rows = [["compte", "libellé", "débit", "crédit"], *([f"60{number:06}", "x", 1.5, 0] for number in range(5_000))]
    form_set, question = formsets.load("2024.1"), {"siren": "", "year": 0}
    text = "\n".join(";".join(map(str, row)) for row in rows).encode()

    read, refused = (answer(form_set, question, a_workbook({"Balance": table})) for table in (rows[:-1], rows))

    assert len(read["accounts"]) == 4_999
    assert refused["refusal"]["control"] == "F-29"
    assert "CSV" in refused["refusal"]["fr"][2]
    assert len(answer(form_set, question, text)["accounts"]) == 5_000


def test_the_widest_workbook_that_is_allowed_is_read_within_two_seconds_of_processor():
    far = [HEADER, ["BA.010", "brut", 12], [Raw('<c r="CV5000"><v>1</v></c>')]]
    content = a_workbook({"A": far, "B": [["x"], [Raw('<c r="CV5000"><v>1</v></c>')]]})
    assert len(content) < 4_700
    began = time.process_time()

    file = read_spreadsheet(OpenedWorkbook(content), formsets.load("2024.1"))

    assert time.process_time() - began < 2
    assert (len(file.entries), len(file.problems)) == (1, 0)


def test_cells_given_twice_are_told_by_sheet_and_row():
    file = read(
        Un=[HEADER, ["BA.010", "brut", 12], ["BA.020", "brut", 1]],
        Deux=[HEADER, ["BA.010", "brut", 12], ["BA.020", "brut", 2]],
    )

    (repeated,) = [guess for guess in file.guesses if guess.kind == "duplicate"]
    assert "(feuille Un, ligne 2 et feuille Deux, ligne 2)" in repeated.message_fr
    assert "(sheet Un, row 2 and sheet Deux, row 2)" in repeated.message_en
    (problem,) = file.problems
    assert problem.control == "F-25"
    assert problem.sheet == "Deux"
    assert "« 1 » feuille Un, ligne 3" in problem.french.where


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_read_and_said_to_be_hidden(state):
    seen, unseen = [HEADER, ["BA.010", "brut", 12]], [HEADER, ["BA.020", "brut", 1]]
    parts = parts_of({"Vue": sheet_xml(seen), "Cachée": sheet_xml(unseen)})
    named = parts["xl/workbook.xml"].replace('name="Cachée"'.encode(), f'name="Cachée" state="{state}"'.encode())

    file = read_spreadsheet(OpenedWorkbook(zipped(parts | {"xl/workbook.xml": named})), formsets.load("2024.1"))

    assert set(texts(file)) == {"BA.010.brut", "BA.020.brut"}
    told = [guess for guess in file.guesses if "masquées" in guess.message_fr]
    assert [(guess.value, "Hidden" in guess.message_en) for guess in told] == [("Cachée", True)]


def test_the_sheet_of_a_balance_is_named_and_said_to_be_hidden():
    rows = [["compte", "débit", "crédit"], ["601", 1, 0]]
    parts = parts_of({"Notes": sheet_xml([["x"]]), "Balance": sheet_xml(rows)})
    named = parts["xl/workbook.xml"].replace(b'name="Balance"', b'name="Balance" state="hidden"')

    found = read_balance_sheet(OpenedWorkbook(zipped(parts | {"xl/workbook.xml": named})), "balance.xlsx")

    assert found is not None
    assert found.guesses[0] == (
        "Feuille lue : Balance (masquée). 1 autre(s) laissée(s).",
        "Sheet read: Balance (hidden). 1 other(s) left.",
    )
