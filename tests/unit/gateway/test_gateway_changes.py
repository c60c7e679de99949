"""Downloading a filing, and undoing what was done to it."""

import re
from datetime import UTC, datetime

import pytest

from chassis.errors import Invalid, RuleBroken, Violation
from services.gateway.clients.answers import ExportFormat, FiledCell, Origin, Step
from tests.support.gateway import FILING_ID, World, a_browser, a_filing

AT = f"/filings/{FILING_ID}"
BEARER = {"authorization": "Bearer access-api"}


@pytest.mark.parametrize("word", ["csv", "xlsx", "json", "xbrl-json", "xbrl-csv", "taxonomy"])
async def test_a_filing_is_downloaded_in_each_format_offered_on_its_overview(word):
    async with a_browser() as browser:
        await browser.sign_in()
        overview = await browser.get(AT)
        file = await browser.get(f"{AT}/export/{word}")
    assert f'href="{AT}/export/{word}"' in overview.text
    assert file.content == b"PK-file"
    assert file.headers["content-disposition"] == f'attachment; filename="ER-2024Xy.{word}"'


async def test_a_signed_version_is_downloaded_as_it_was():
    async with a_browser() as browser:
        await browser.sign_in()
        await browser.get(f"{AT}/export/xlsx?version=2")
    assert browser.world.calls("export") == [(FILING_ID, ExportFormat.XLSX, 2)]


@pytest.mark.parametrize("path", ["export/pdf", "export/unspecified", "export/csv?version=-1", "export/csv?version=²"])
async def test_no_other_format_or_version_is_found(path):
    async with a_browser() as browser:
        await browser.sign_in()
        assert (await browser.get(f"{AT}/{path}")).status_code == 404
    assert browser.world.calls("export") == []


async def test_programs_download_a_filing_and_undo_a_change():
    async with a_browser() as browser:
        file = await browser.get(f"/api/v1{AT}/export/xbrl-json?version=1", headers=BEARER)
        steps = await browser.get(f"/api/v1{AT}/steps", headers=BEARER)
        done = await browser.http.post(f"/api/v1{AT}/steps/step-2/undo", headers=BEARER)
        unknown = await browser.get(f"/api/v1{AT}/export/pdf", headers=BEARER)
    assert file.content == b"PK-file"
    assert browser.world.calls("export") == [(FILING_ID, ExportFormat.XBRL_JSON, 1)]
    assert [step["is_undone"] for step in steps.json()["steps"]] == [False, True]
    assert (done.json()["restored"], done.json()["kept"]) == (["BA.010.brut"], ["PL.010.n"])
    assert unknown.status_code == 404


async def test_the_history_offers_to_undo_what_is_not_undone():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/history")).text
    assert "Fichier sample_oph.csv importé." in text
    assert f'action="{AT}/steps/step-2/undo"' in text
    assert f'action="{AT}/steps/step-1/undo"' not in text
    assert "annulée" in text


async def test_the_history_of_a_cell_says_who_put_a_value_back():
    at = datetime(2025, 6, 2, 12, 0, tzinfo=UTC)
    cell = FiledCell("PL.010.n", "9", 3, Origin.TYPED, "Camille", at, put_back_by="Alix", put_back_at=at)
    async with a_browser(World(cells=(cell,))) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/cells/PL.010.n")).text
    assert "Camille" in text
    assert re.search("remise le [^<]*2025[^<]* par Alix", text)


async def test_a_filing_that_cannot_be_edited_offers_no_undoing():
    async with a_browser(World(filing=a_filing(step=Step.REVIEW, signed_version=1))) as browser:
        await browser.sign_in()
        assert "/undo" not in (await browser.get(f"{AT}/history")).text


async def test_undoing_says_what_was_put_back_and_what_was_left():
    async with a_browser() as browser:
        await browser.sign_in()
        sent = await browser.post(f"{AT}/steps/step-2/undo", {"request_id": "r-1"})
        text = (await browser.get(sent.headers["location"])).text
    assert browser.world.calls("undo") == [(FILING_ID, "step-2")]
    assert "Annulé\u00a0: 1 case remise comme avant. Modifiées depuis, laissées telles quelles\u00a0: PL.010.n." in text


async def test_undoing_what_changed_since_says_that_nothing_is_undone_and_what_to_do():
    async with a_browser(World(undone=((), ("BP.180.n",)))) as browser:
        await browser.sign_in()
        sent = await browser.post(f"{AT}/steps/step-2/undo")
        text = (await browser.get(sent.headers["location"])).text
    assert "Rien n’est annulé\N{NO-BREAK SPACE}: ce que cette modification a changé l’a été de nouveau depuis" in text
    assert "(BP.180.n). Annulez d’abord la modification plus récente." in text


async def test_a_refused_undoing_is_explained():
    world = World(failures={"undo": RuleBroken("Le dossier est signé.", reason="FILING_SIGNED")})
    async with a_browser(world) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/steps/step-2/undo")
    assert page.status_code == 422
    assert "Le dossier est signé." in page.text


async def test_a_refused_reopening_stays_in_view():
    refusal = Invalid("Donnez la raison.", violations=[Violation("reason", "Donnez la raison.", "REASON_MISSING")])
    filing = a_filing(step=Step.REVIEW, signed_version=1)
    async with a_browser(World(filing=filing, failures={"reopen": refusal})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/reopen", {"reason": "x", "cells": "BA.010.brut"})
    assert page.status_code == 400
    assert 'value="x" aria-invalid="true"' in page.text
    assert 'value="BA.010.brut"' in page.text
    assert page.text.count("Donnez la raison.") == 1


async def test_a_refused_move_is_explained_on_the_overview_in_each_language():
    refusal = RuleBroken("Des contrôles bloquent.", reason="FILING_NOT_READY")
    async with a_browser(World(failures={"move": refusal})) as browser:
        await browser.sign_in()
        french = await browser.post(f"{AT}/step", {"step": "signature", "reason": ""})
        english = await browser.post(f"{AT}/step?lang=en", {"step": "signature", "reason": ""})
    assert (french.status_code, english.status_code) == (422, 422)
    assert "Des contrôles bloquent." in french.text
    assert "The filing cannot be signed as it is." in english.text
