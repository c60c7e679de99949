"""What a file says otherwise than we do: totals that differ (F-22), as `harmonia check` says it, and lines that are refused."""

import csv
import io
from decimal import Decimal

import pytest

from cli.check import check_content
from formsets.comparison import disagreement
from services.forms.domain.cell import Origin
from services.forms.domain.error_file import error_file
from services.forms.domain.filing import Document
from services.forms.domain.importing import Effect
from tests.support.form_sets import SAMPLE
from tests.support.forms import AMOUNT, FILING_ID, TOTALLED, a_cell, a_filing, a_form_set, a_forms

HEADER = "code;colonne;valeur;nature\n"


def spoiled(place: str, value: str) -> bytes:
    """The worked example with one value replaced."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    code, column, _, nature = next(line for line in lines if line.startswith(f"{place};")).split(";", 3)
    return "\n".join(
        f"{code};{column};{value};{nature}" if one.startswith(f"{place};") else one for one in lines
    ).encode()


async def previewed(content, *cells, document=Document.ER):
    forms = a_forms()
    await forms.keep(a_filing(document=document), *cells)
    return await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", content)


def told(preview):
    return [change for change in preview.changes if change.disagreement]


@pytest.mark.parametrize("place", ["BA.900;net", "AF.030;n"])
async def test_the_server_says_of_a_file_what_the_command_line_says_of_it(place):
    content = spoiled(place, "5")

    (change,) = told(await previewed(content))

    found = change.disagreement
    offline = {language: check_content(content, language=language).format[0] for language in ("fr", "en")}
    assert change.address == place.replace(";", ".")
    assert (found.control, change.line) == (offline["fr"].control, offline["fr"].line)
    assert offline["fr"].message == f"{found.fr.what} Ligne {change.line}. {found.fr.where} {found.fr.how}"
    assert offline["en"].message == f"{found.en.what} Line {change.line}. {found.en.where} {found.en.how}"
    assert change.current in found.fr.where
    assert change.effect is Effect.COMPARED


async def test_the_sample_itself_agrees():
    assert told(await previewed(SAMPLE.read_bytes())) == []


@pytest.mark.parametrize(("value", "differs"), [("99", False), ("101", False), ("98", True), ("102", True)])
async def test_an_amount_agrees_to_the_euro(value, differs):
    content = f"{HEADER}BA.010;brut;100;\nBA.010;net;{value};\n".encode()

    assert bool(told(await previewed(content))) is differs


async def test_the_total_is_compared_with_what_the_lines_of_the_file_give_not_with_the_filing_before():
    content = f"{HEADER}BA.010;brut;100;\nBA.010;net;100;\n".encode()

    preview = await previewed(content, a_cell(AMOUNT, "7", origin=Origin.IMPORTED))

    assert told(preview) == []
    assert [change.current for change in preview.changes if change.address == TOTALLED] == ["100"]


async def test_a_typed_value_that_stays_is_what_the_total_is_compared_with():
    content = f"{HEADER}BA.010;brut;100;\nBA.010;net;100;\n".encode()

    (change,) = told(await previewed(content, a_cell(AMOUNT, "7")))

    assert (change.address, change.current) == (TOTALLED, "7")


async def test_a_differing_total_refuses_nothing_and_stands_in_the_error_file():
    preview = await previewed(f"{HEADER}BA.010;brut;100;x\nBA.010;net;1;mienne\n".encode())

    rows = list(
        csv.DictReader(io.StringIO(error_file(preview, a_form_set()).decode("utf-8-sig"), newline=""), delimiter=";")
    )
    row = next(one for one in rows if one["colonne"] == "net")
    found = told(preview)[0].disagreement
    assert preview.problems == ()
    assert (row["état"], row["nature"]) == ("calculée, comparée", "mienne")
    assert (row["quoi"], row["où"], row["comment"]) == (found.fr.what, found.fr.where, found.fr.how)
    assert row["consigne"] == "/help/controls?version=2024.1#F-22 /help/forms/BA?version=2024.1#BA.010"


def test_what_to_do_about_a_differing_total_is_said_as_the_catalogue_says_it_and_nothing_is_asked():
    form_set = a_form_set()
    problem = disagreement(form_set, TOTALLED, Decimal(1), Decimal(100))

    for language, told in (("fr", problem.french), ("en", problem.english)):
        written = form_set.control("F-22").text(language)
        assert (told.what, told.how) == (written.what, written.how)
    assert problem.french.how.endswith("la valeur calculée est retenue. Rien n'est refusé.")
    assert not any(word in problem.french.how for word in ("Corrigez", "justifi"))


@pytest.mark.parametrize(
    "line", ["ZZ.001;n;4;x", "BA.010;zz;4;x", 'BA.010;brut;"4;x', "BA.010;brut;4;5;6;x", "BA.010;brut;7;x"]
)
async def test_every_refused_line_stands_in_the_error_file_with_what_where_and_how(line):
    preview = await previewed(f"{HEADER}BA.010;brut;1;x\n{line}\n".encode())

    rows = list(
        csv.DictReader(io.StringIO(error_file(preview, a_form_set()).decode("utf-8-sig"), newline=""), delimiter=";")
    )
    (refused,) = [row for row in rows if row["état"] == "refusée"]
    assert all((refused["quoi"], refused["où"], refused["comment"], refused["consigne"]))
