"""One word a verdict, the same in pages, files, answers and commands."""

import csv
import io
import json
from dataclasses import replace

import openpyxl
import pytest
from rich.console import Console

import formsets
from cli import showing
from cli.check import check_content
from cli.check_showing import show
from formsets.verdicts import UNSPECIFIED, VERDICTS, verdict_told
from services.forms.clients.exports import canonical_json, workbook
from services.forms.domain.error_file import error_file
from services.forms.domain.filing import Verdict as FiledVerdict
from services.forms.domain.importing import ImportPreview
from services.forms.rpc import mapping as forms_mapping
from services.gateway.clients.answers import Report
from services.gateway.clients.answers import Verdict as ShownVerdict
from services.gateway.clients.reading import read
from services.gateway.web.api_models import plain
from services.validation.domain.verdict import Verdict
from services.validation.rpc import mapping as validation_mapping
from tests.support.exports import an_export
from tests.support.forms import FILING_ID, FORM_SET, NOON, a_filing
from tests.support.gateway import FILING_ID as SHOWN_ID
from tests.support.gateway import World, a_browser
from tests.support.gateway import a_filing as a_shown_filing

LANGUAGES = ("fr", "en")


def printed(outcome) -> str:
    console = Console(file=io.StringIO(), width=400)
    show(outcome, console)
    return console.file.getvalue()


def listed(show_answer, answer) -> str:
    console = Console(file=io.StringIO(), width=400)
    show_answer(console, answer)
    return console.file.getvalue()


def test_the_table_has_every_verdict_of_the_engine_and_of_the_services_and_no_other():
    judged = {verdict.value for verdict in Verdict}

    assert set(VERDICTS) == judged | {UNSPECIFIED} == {verdict.value for verdict in ShownVerdict}
    assert judged == {verdict.value for verdict in FiledVerdict}
    assert verdict_told(None, "fr") == verdict_told("newer than this release", "fr") == VERDICTS[UNSPECIFIED]["fr"]


def test_a_verdict_promises_nothing_about_transmission():
    said = " ".join(text.sentence for texts in VERDICTS.values() for text in texts.values())

    assert not any(word in said.lower() for word in ("transm", "sign"))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", list(Verdict), ids=str)
def test_the_check_of_a_file_begins_with_the_verdict(verdict, language):
    outcome = check_content(b"code;colonne;valeur\nBA.010;brut;1\n", version=FORM_SET, language=language)
    outcome = replace(outcome, report=replace(outcome.report, verdict=verdict))
    told = VERDICTS[verdict][language]

    first = printed(outcome).splitlines()[0]
    for_programs = json.loads(json.dumps(outcome.as_json()))

    assert first.replace(" :", ":") == f"Verdict: {told.word}. {told.sentence}"
    assert list(for_programs)[:2] == ["verdict", "verdict_text"]
    assert for_programs["verdict_text"] == {"word": told.word, "sentence": told.sentence}


def test_a_file_refused_whole_is_blocked_on_top_too():
    outcome = check_content(b"\x00", language="fr")

    assert outcome.report is None
    assert printed(outcome).startswith("Verdict : bloqué. ")
    assert outcome.as_json()["verdict_text"]["word"] == "bloqué"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", list(ShownVerdict), ids=str)
async def test_pages_say_it_as_files_do(verdict, language):
    told = VERDICTS[verdict][language]
    world = World(filing=replace(a_shown_filing(), verdict=verdict), verdict=verdict)
    async with a_browser(world) as browser:
        await browser.sign_in()
        home = (await browser.get(f"/?lang={language}")).text
        remarks = (await browser.get(f"/filings/{SHOWN_ID}/remarks?lang={language}")).text.replace("&#39;", "'")

    assert f"</strong> {told.word}<br>" in home
    assert home.index(f"</strong> {told.word}<br>") < home.index("1/6")
    assert f" {told.word}.</strong> {told.sentence}</p>" in remarks
    assert f"</strong> {told.word}</span>" in remarks, "on top of each page of the filing"


@pytest.mark.parametrize("verdict", list(FiledVerdict), ids=str)
def test_answers_say_it_as_pages_do(verdict):
    texts = {part: {at: getattr(VERDICTS[verdict][at], part) for at in LANGUAGES} for part in ("word", "sentence")}

    of_forms = forms_mapping.pb.CheckFilingResponse(
        verdict=forms_mapping.verdict(verdict), verdict_text=forms_mapping.verdict_text(verdict)
    )
    for_programs = plain(read(of_forms, Report))

    assert (for_programs["verdict"], for_programs["verdict_text"]) == (verdict.value, texts)
    assert validation_mapping.verdict_text(Verdict(verdict)) == of_forms.verdict_text


@pytest.mark.parametrize("verdict", list(FiledVerdict), ids=str)
def test_files_say_it_as_pages_do(verdict):
    filing, preview = a_filing(verdict=verdict), ImportPreview(FILING_ID, FILING_ID, "a.csv", "C", NOON, 1, (), (), ())
    content = an_export({}, filing=filing)

    cover = openpyxl.load_workbook(io.BytesIO(workbook.write(content)))[workbook.COVER]
    titles = {
        at: next(
            csv.reader([error_file(preview, formsets.load(FORM_SET), at, verdict).decode("utf-8-sig")], delimiter=";")
        )
        for at in LANGUAGES
    }

    told = VERDICTS[verdict]
    assert (cover["A1"].value, cover["B1"].value) == ("Verdict", f"{told['fr'].word}. {told['fr'].sentence}")
    assert f"verdict du dossier : {told['fr'].word}" in titles["fr"]
    assert f"verdict of the filing: {told['en'].word}" in titles["en"]
    assert json.loads(canonical_json.write(content))["verdict"] == verdict.value


@pytest.mark.parametrize("verdict", list(FiledVerdict), ids=str)
def test_commands_say_it_as_pages_do(verdict):
    told = VERDICTS[verdict]["fr"]

    report = listed(showing.report, {"verdict": verdict.value, "rule_set": "ab" * 32, "findings": ()})
    written = listed(showing.imported, {"filing": {"verdict": verdict.value}, "written": 1, "kept": 0, "left_out": ()})

    assert report.startswith(f"Verdict : {told.word}. {told.sentence}\n")
    assert written.startswith(f"Verdict : {told.word}.\n")
