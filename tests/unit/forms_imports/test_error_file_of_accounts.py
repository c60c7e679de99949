"""The error file of a balance or a FEC: the person's own rows and columns, what becomes of each, in the reader's language."""

import csv
import io
from dataclasses import replace

import pytest

import formsets
from services.forms.clients import flat_file_process
from services.forms.clients.flat_file_process import ONLY_REFUSED, answer
from services.forms.clients.flat_files import SandboxedFlatFiles
from services.forms.clients.uploads import balances
from services.forms.domain.error_file import error_file
from services.forms.domain.filing import Verdict
from services.forms.domain.importing import Effect, ImportPreview
from services.forms.usecases.preview_import import PreviewImport
from tests.support.forms import FILING_ID, CountingIdentifiers, a_filing, a_forms
from tests.support.workbooks import a_workbook

FORM_SET = formsets.load("2024.1")
QUESTION = {"siren": "000000018", "year": 2024, "file_name": "balance.csv"}
BALANCE = (
    "Balance 2024\n\nClé;Compte;Libellé;Débit;Crédit;comment\nK1;6022;Achats;12;;à moi\nK2;89999;Divers;;12;\n"
    "K3;602x;Faux;1.234;;\nK4;Total;;12;12;\n"
)


class Answering(SandboxedFlatFiles):
    """The reader with the process taken out: the same questions and answers, in this one."""

    def __init__(self) -> None:
        super().__init__(20_000_000, 10)
        self._readers = self  # type: ignore[assignment]

    async def ask(self, version: str, question: dict[str, object], content: bytes) -> dict[str, object]:
        return answer(formsets.load(version), question, content)


@pytest.fixture
async def preview():
    forms = a_forms()
    await forms.keep(a_filing())
    read = PreviewImport(forms.store, Answering(), forms.controls, formsets, forms.clock, CountingIdentifiers())

    async def previewed(content: str | bytes, name: str = "balance.csv") -> ImportPreview:
        raw = content if isinstance(content, bytes) else content.encode()
        return await read(forms.caller, FILING_ID, name, raw)

    return previewed


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


async def test_every_row_comes_back_under_its_number_with_what_becomes_of_it(preview):
    rows = rows_of(error_file(await preview(BALANCE), FORM_SET))

    assert rows[0][:2] == ["Balance 2024", ""]
    assert rows[2] == [
        "Clé",
        "Compte",
        "Libellé",
        "Débit",
        "Crédit",
        "comment",
        "verdict du dossier : pas encore contrôlé",
        "état",
        "quoi",
        "où",
        "comment",
        "consigne",
    ]
    assert rows[3] == ["K1", "6022", "Achats", "12", "", "à moi", "", "à remplir", "", "", "", ""]
    assert rows[4][6:] == [
        "",
        "sans case",
        "Aucune case ne prend ce compte.",
        "Compte 89999.",
        "Ajoutez-le à votre correspondance des comptes.",
        "",
    ]
    assert rows[5][:8] == ["K3", "602x", "Faux", "1.234", "", "", "", "refusée"]
    assert all(rows[5][8:])
    assert rows[6][6:] == ["", "laissée", "", "", "", ""]
    assert len(rows) == 7


async def test_titles_states_and_sentences_are_english_for_who_reads_english(preview):
    made = await preview(BALANCE)

    rows = rows_of(error_file(made, FORM_SET, "en", Verdict.BLOCKED))

    assert rows[2][6:] == ["verdict of the filing: blocked", "state", "what", "where", "how", "instruction"]
    assert [row[7] for row in rows[3:]] == ["to fill", "no cell", "refused", "left out"]
    assert rows[5][8:11] == [made.problems[0].en.what, made.problems[0].en.where, made.problems[0].en.how]
    assert rows[5][11] == f"/help/controls?version=2024.1#{made.problems[0].control}"


async def test_a_file_that_comes_back_in_the_other_language_carries_the_added_columns_once(preview):
    english = error_file(await preview(BALANCE), FORM_SET, "en", Verdict.BLOCKED)

    assert error_file(await preview(english), FORM_SET) == error_file(await preview(BALANCE), FORM_SET)


async def test_an_error_file_of_the_release_before_comes_back_without_its_four_columns(preview):
    four = "\n".join(";".join(row[:-1]) for row in rows_of(error_file(await preview(BALANCE), FORM_SET, "en")))

    assert error_file(await preview(four), FORM_SET) == error_file(await preview(BALANCE), FORM_SET)


async def test_a_cell_that_is_refused_is_said_on_the_rows_of_its_accounts(preview):
    made = await preview(BALANCE)
    change = made.changes[0]
    told = replace(made.problems[0], line=change.line, code=change.address, extra={})
    refused = replace(made, changes=made.changes[1:], problems=(*made.problems, told))

    said = rows_of(error_file(refused, FORM_SET))[3][7:]
    line = change.address.rpartition(".")[0]
    assert said[:4] == ["refusée", told.fr.what, told.fr.where, told.fr.how]
    assert said[4].endswith(f" /help/forms/{line[:2]}?version=2024.1#{line}"), "the control, then the line"


async def test_columns_that_count_are_kept_beyond_the_thirtieth(preview):
    many = ";".join(f"c{n}" for n in range(40))
    made = await preview(f"{many};Compte;Débit;Crédit\n{many};6022;12;0\n")

    again = await preview(error_file(made, FORM_SET))

    assert made.changes[0].effect is Effect.FILL
    assert again.changes == made.changes


async def test_a_title_over_two_lines_in_a_workbook_is_found_again(preview):
    rows = [["Balance"], ["Compte", "Libellé", "Solde\ndébiteur", "Solde\ncréditeur"], ["6022", "Achats\nx", 12, ""]]
    made = await preview(a_workbook({"B": rows}), "b.xlsx")

    again = await preview(error_file(made, FORM_SET))

    assert [(c.address, c.value, c.line) for c in again.changes] == [(c.address, c.value, c.line) for c in made.changes]


@pytest.mark.parametrize(
    "rest",
    [";;;;;\n" * balances.MOST_ROWS, f";{'x' * 500};;;;\n" * (flat_file_process.MOST_KEPT // 500)],
    ids=["rows", "characters"],
)
async def test_a_file_too_long_gives_its_refused_rows_as_an_extract_that_is_no_balance(preview, rest):
    made = await preview(BALANCE + rest)
    content = error_file(made, FORM_SET)

    assert made.table is not None
    assert made.table.rows == ()
    assert ONLY_REFUSED in made.guesses
    header, refused = rows_of(content)
    assert header[:3] == ["ligne", "extrait : Clé", "extrait : Compte"]
    assert refused[:3] == ["6", "K3", "602x"]
    assert not balances.is_balance(content)
    assert answer(FORM_SET, QUESTION, content)["refusal"]


async def test_more_problems_than_are_listed_are_counted_on_a_last_row(preview):
    doubtful = "K5;603;Faux;1.234;;\n" * balances.MOST_PROBLEMS

    rows = rows_of(error_file(await preview(BALANCE + doubtful), FORM_SET))

    assert rows[-1][7] == "refusée"
    assert rows[-1][8].startswith("1 autre")


async def test_a_flat_file_has_english_titles_that_are_read_again(preview):
    made = await preview("code;colonne;valeur;Clé\nBA.010;brut;12;K1\nBA.020;brut;abc;K2\n")

    content = error_file(made, FORM_SET, "en", Verdict.TO_JUSTIFY)
    again = await preview(content)

    added = ["verdict of the filing: to justify", "state", "what", "where", "how", "instruction"]
    assert rows_of(content)[0] == ["code", "column", "value", "Clé", *added]
    assert [row[5] for row in rows_of(content)[1:]] == ["to fill", "refused"]
    assert {c.address: c.value for c in again.changes} == {c.address: c.value for c in made.changes}
    assert error_file(again, FORM_SET) == error_file(made, FORM_SET)
