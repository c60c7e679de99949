"""Downloading a filing, and undoing what was done to it."""

import pytest

from chassis.errors import RuleBroken
from services.gateway.clients.answers import ExportFormat, Step
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


async def test_a_refused_undoing_is_explained():
    world = World(failures={"undo": RuleBroken("Le dossier est signé.", reason="FILING_SIGNED")})
    async with a_browser(world) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/steps/step-2/undo")
    assert page.status_code == 422
    assert "Le dossier est signé." in page.text
