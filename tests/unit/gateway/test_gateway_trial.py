"""A trial of a form set: marked wherever it is shown, offered, opened, thrown away; its state moved by staff."""

import pytest

from services.gateway.clients.answers import Document, Verdict
from tests.support.gateway import FILING_ID, ORIGIN, SIREN, World, a_browser, a_filing, an_identity

AT = f"/filings/{FILING_ID}"
ASKED = {"body": SIREN, "document": "ER", "year": "2024", "form_set": "2025.1"}


def a_trial():
    return World(filing=a_filing(an_identity(form_set="2025.1"), is_trial=True, verdict=Verdict.BLOCKED))


@pytest.mark.parametrize(
    "page", ["", "/forms", "/forms/BA", "/import", "/remarks", "/history", "/years", "/cells/BA.010.brut", "/set-aside"]
)
async def test_every_page_of_a_trial_says_so_in_both_languages(page):
    async with a_browser(a_trial()) as browser:
        await browser.sign_in()
        french = (await browser.get(f"{AT}{page}")).text
        english = (await browser.get(f"{AT}{page}?lang=en")).text
    assert "Ceci est un essai du référentiel 2025.1." in french
    assert "ESSAI 2025.1 — ER 2024" in french
    assert "Essai visible par" in french
    assert "This is a trial of form set 2025.1." in english


async def test_a_trial_offers_nothing_that_leads_to_somebody():
    async with a_browser(a_trial()) as browser:
        await browser.sign_in()
        overview = (await browser.get(AT)).text
        remarks = (await browser.get(f"{AT}/remarks")).text
        attachments = (await browser.get(f"{AT}/attachments")).text
    for path in ("/step", "/release", "/sign", "/export/", "/attachments", "/reopen"):
        assert f"{AT}{path}" not in overview
    assert f'action="{AT}/discard"' in overview
    assert f'action="{AT}/remarks/' not in remarks
    assert 'type="file"' not in attachments
    assert "Rien d’autre\N{NO-BREAK SPACE}: un essai n’est ni signé ni transmis." in overview


async def test_home_marks_trials_and_offers_what_may_be_tried():
    async with a_browser(a_trial()) as browser:
        await browser.sign_in()
        home = (await browser.get("/")).text
    assert '<span class="mark">ESSAI</span>' in home
    assert "Référentiels à essayer" in home
    assert 'action="/trials"' in home
    assert 'name="form_set" value="2025.1"' in home


async def test_a_trial_is_opened_and_says_what_it_left_then_thrown_away():
    async with a_browser(a_trial()) as browser:
        await browser.sign_in()
        opened = await browser.post("/trials", ASKED)
        page = (await browser.get(opened.headers["location"])).text
        gone = await browser.post(f"{AT}/discard", {})
        wrong = await browser.post("/trials", {**ASKED, "year": "20x4"})
    assert browser.world.calls("open_trial") == [(SIREN, Document.ER, 2024, "2025.1")]
    assert (
        "Essai ouvert\N{NO-BREAK SPACE}: 3 valeurs reprises de votre dossier. Ce référentiel ne les prend pas\N{NO-BREAK SPACE}: CP.380.n."
        in page
    )
    assert (gone.status_code, gone.headers["location"]) == (303, "/")
    assert browser.world.calls("discard_trial") == [FILING_ID]
    assert wrong.status_code == 400


async def test_programs_open_and_throw_trials_away():
    bearer = {"authorization": "Bearer access-api"}
    async with a_browser(a_trial()) as browser:
        asked = {**ASKED, "year": 2024}
        opened = await browser.http.post("/api/v1/trials", json=asked, headers=bearer)
        gone = await browser.http.delete(f"/api/v1/trials/{FILING_ID}", headers=bearer)
        listed = await browser.http.get("/api/v1/filings", headers=bearer)
    assert (opened.status_code, opened.json()["filing"]["is_trial"], opened.json()["taken"]) == (201, True, 3)
    assert gone.status_code == 204
    assert listed.json()["tryable"][0]["form_set"] == "2025.1"


async def test_a_trial_is_not_sent_from_another_site():
    async with a_browser(a_trial()) as browser:
        await browser.sign_in()
        refused = await browser.http.post(
            f"{AT}/discard", data={"csrf": "x"}, headers={"origin": ORIGIN}, follow_redirects=False
        )
    assert refused.status_code == 403
    assert browser.world.calls("discard_trial") == []
