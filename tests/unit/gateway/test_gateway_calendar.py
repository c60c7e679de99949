"""The dates of a campaign on the pages: changed by officers, told to bodies in advance and once they have passed."""

from dataclasses import replace

import pytest

from chassis.errors import Invalid, RuleBroken, ThreeParts, Violation, violation
from services.gateway.clients.answers import Document, Family, Step
from tests.support.gateway import FILING_ID, World, a_browser, a_campaign, a_filing, a_passport, an_identity

AT = f"/filings/{FILING_ID}"
SENT = {"document": "ER", "year": "2024", "opens_on": "2025-04-01", "due_on": "2025-07-15"}
SENT |= {"closes_on": "2025-10-31", "corrected_until": "2026-01-31"}
SENT |= dict.fromkeys(a_campaign().required_attachments, "yes")
CLOSED = RuleBroken(
    "La saisie est close.",
    reason="CAMPAIGN_CLOSED",
    violations=[
        violation(
            "last_day",
            "CAMPAIGN_CLOSED",
            ThreeParts("La saisie de l'ER 2024 est close depuis le 01/06/2025.", "", "Demandez au ministère."),
            ThreeParts("Entry of the ER 2024 closed after 2025-06-01.", "", "Ask the ministry."),
        )
    ],
)


async def officer(browser):
    browser.office.persons["access-director"] = a_passport(("campaign.manage",), "*")
    await browser.sign_in()


async def test_officers_see_and_change_the_four_dates():
    async with a_browser() as browser:
        await officer(browser)
        french = (await browser.get("/staff/campaigns")).text
        english = (await browser.get("/staff/campaigns?lang=en")).text
        sent = await browser.post("/staff/campaigns", SENT)
        cleared = await browser.post("/staff/campaigns", {**SENT, "corrected_until": ""})
        unknown = await browser.post("/staff/campaigns", {**SENT, "year": "1999"})
    assert 'name="closes_on" required value="2025-12-31"' in french
    assert "Last day of corrections" in english
    planned = replace(a_campaign(), closes_on="2025-10-31", corrected_until="2026-01-31")
    assert browser.world.calls("plan") == [planned, replace(planned, corrected_until="")]
    assert [answer.status_code for answer in (sent, cleared, unknown)] == [303, 303, 404]


async def test_dates_that_are_refused_stay_in_view():
    refusal = Invalid(violations=[Violation("corrected_until", "Pas avant la clôture.", "DATES")])
    async with a_browser(World(failures={"plan": refusal})) as browser:
        await officer(browser)
        page = await browser.post("/staff/campaigns", {**SENT, "corrected_until": "2025-01-01"})
    assert page.status_code == 400
    assert "Pas avant la clôture." in page.text
    assert 'value="2025-01-01"' in page.text


async def test_the_people_of_a_body_do_not_see_campaigns():
    async with a_browser() as browser:
        await browser.sign_in()
        page, sent = await browser.get("/staff/campaigns"), await browser.post("/staff/campaigns", SENT)
    assert (page.status_code, sent.status_code) == (403, 403)
    assert browser.world.calls("plan") == []


async def test_a_filing_says_its_last_day_in_advance():
    async with a_browser(World(filing=a_filing(last_day="2025-12-31"))) as browser:
        await browser.sign_in()
        page = (await browser.get(AT)).text
        form = (await browser.get(f"{AT}/forms/BA")).text
    assert "Saisie, import et signature jusqu’au" in page
    assert "31 décembre 2025" in page
    assert 'name="cell:BA.010.brut"' in form


@pytest.mark.parametrize(
    ("document", "sentence"),
    [(Document.ER, "Demander une prolongation au ministère"), (Document.QDIS, "Demander une prolongation à votre")],
)
async def test_past_its_last_day_nothing_is_offered_and_the_way_out_is_told(document, sentence):
    filing = a_filing(an_identity(document), last_day="2025-06-01")
    async with a_browser(World(filing=filing)) as browser:
        await browser.sign_in()
        home, page = (await browser.get("/")).text, (await browser.get(AT)).text
        form = (await browser.get(f"{AT}/forms/{'BA' if document is Document.ER else 'QA'}")).text
    assert sentence in home
    assert sentence in page
    assert "la campagne est close" in form
    assert 'name="cell:' not in form
    assert f'action="{AT}/last-year"' not in page


async def test_the_last_day_itself_is_in_time():
    async with a_browser(World(filing=a_filing(last_day="2025-06-02"))) as browser:
        await browser.sign_in()
        assert "Demander une prolongation" not in (await browser.get(AT)).text


async def test_a_signed_filing_is_not_told_to_ask_for_time():
    filing = a_filing(step=Step.REVIEW, signed_version=1, last_day="2025-06-01")
    async with a_browser(World(filing=filing)) as browser:
        await browser.sign_in()
        assert "Demander une prolongation" not in (await browser.get(AT)).text


@pytest.mark.parametrize(
    ("language", "sentence", "other"),
    [("fr", "La saisie de l&#39;ER 2024 est close", "Entry"), ("en", "Entry of the ER 2024 closed", "La saisie")],
)
async def test_the_refusal_is_told_once_in_the_language(language, sentence, other):
    async with a_browser(World(failures={"save": CLOSED})) as browser:
        await browser.sign_in()
        fields = {"cell:BA.010.brut": "5", "was:BA.010.brut": "4:1234567"}
        page = (await browser.post(f"{AT}/forms/BA?lang={language}", fields)).text
    assert page.count(sentence) == 1
    assert other not in page.partition("<main")[2].partition("<table")[0]


async def test_programs_read_and_change_dates():
    async with a_browser(World(failures={"save": CLOSED})) as browser:
        browser.http.headers["authorization"] = "Bearer access-api"
        listed = (await browser.http.get("/api/v1/campaigns")).json()["campaigns"]
        changed = await browser.http.patch("/api/v1/campaigns/ER/2024", json={"corrected_until": "2026-01-31"})
        unknown = await browser.http.patch("/api/v1/campaigns/QDIS/2024", json={})
        wrong = await browser.http.patch("/api/v1/campaigns/ER/2024", json={"closes_on": "demain"})
        cells = {"cells": [{"address": "BA.010.brut", "text": "5"}]}
        closed = await browser.http.patch(
            f"/api/v1/filings/{FILING_ID}/cells", json=cells, headers={"accept-language": "en"}
        )
    assert (listed[0]["closes_on"], changed.json()["corrected_until"]) == ("2025-12-31", "2026-01-31")
    assert (unknown.status_code, wrong.status_code, closed.status_code) == (404, 400, 422)
    assert closed.json()["detail"].startswith("Entry of the ER 2024 closed")


async def test_officers_open_a_campaign_and_say_what_it_demands():
    asked = {"document": "ER", "year": "2025", "form_set": "2025.1", "opens_on": "2026-04-01", "due_on": "2026-07-15"}
    asked |= {"closes_on": "2026-12-31", "OPH": "yes", "MANAGEMENT_REPORT": "yes"}
    async with a_browser() as browser:
        await officer(browser)
        shown = (await browser.get("/staff/campaigns")).text
        sent = await browser.post("/staff/campaigns/new", asked)
        twice = await browser.post("/staff/campaigns/new", {**asked, "year": "2024"})
        nothing = await browser.post("/staff/campaigns/new", {**asked, "year": "20x5"})
    (planned,) = browser.world.calls("plan")
    assert (planned.document, planned.year, planned.form_set) == (Document.ER, 2025, "2025.1")
    assert (planned.families, planned.required_attachments) == ((Family.OPH,), ("MANAGEMENT_REPORT",))
    assert shown.count('name="COOP" value="yes" checked') == 1, "every family until somebody says otherwise"
    assert [one.status_code for one in (sent, twice, nothing)] == [303, 422, 400]
    assert "Cette campagne existe déjà" in twice.text
    assert 'name="COOP" value="yes" checked' not in twice.text
    assert 'name="year" inputmode="numeric" pattern="[0-9]{4}" required value="20x5"' in nothing.text


async def test_a_demanded_attachment_is_kept_ticked():
    async with a_browser() as browser:
        await officer(browser)
        shown = (await browser.get("/staff/campaigns")).text
        await browser.post("/staff/campaigns", {**SENT, "AUDITOR_REPORT": "yes"})
    (planned,) = browser.world.calls("plan")
    kept = a_campaign().required_attachments
    assert all(f'name="{kind}" value="yes" checked' in shown for kind in kept)
    assert set(planned.required_attachments) == {*kept, "AUDITOR_REPORT"}
