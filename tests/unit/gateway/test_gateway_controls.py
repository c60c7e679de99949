"""A control softened or withdrawn for a campaign: tried, decided, and its place in the queue."""

import json
from pathlib import Path

from jsonschema import Draft202012Validator

import formsets
from chassis.errors import Invalid, Violation
from services.gateway.clients.answers import Document, Severity
from tests.support.gateway import FILING_ID, World, a_browser, a_passport

ASKED = {
    "document": "ER",
    "year": "2024",
    "form_set": "2024.1",
    "control": "A-06",
    "weight": "remark",
    "reason": "Seuil revu avec les fédérations.",
}


def a_manager():
    return a_passport(("campaign.manage",), "*")


async def test_decisions_in_force_are_shown_in_both_languages():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        french = (await browser.get("/staff/controls?document=ER&year=2024")).text
        english = (await browser.get("/staff/controls?document=ER&year=2024&lang=en")).text
        wrong = await browser.get("/staff/controls?document=ER&year=x")
    assert "Seuil revu avec les fédérations." in french
    assert '<option value="A-06">' in french
    assert "Decisions in force" in english
    assert french.count("<script") == 1, "our own file and no other"
    assert wrong.status_code == 400


SCHEMA = Draft202012Validator(
    json.loads((Path(formsets.__file__).parent / "adjustments.schema.json").read_text(encoding="utf-8"))
)


async def test_the_decisions_of_a_campaign_are_saved_as_a_file():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        page = (await browser.get("/staff/controls?document=ER&year=2024")).text
        file = await browser.get("/staff/controls/adjustments?document=ER&year=2024")
        wrong = await browser.get("/staff/controls/adjustments?document=ER")
    assert 'href="/staff/controls/adjustments?document=ER&amp;year=2024"' in page
    assert "harmonia-adjustments-ER-2024.json" in file.headers["content-disposition"]
    assert list(SCHEMA.iter_errors(file.json())) == []
    assert [(one["control"], one["severity"]) for one in file.json()["adjustments"]] == [("A-06", "R")]
    assert "Alix" not in file.text
    assert wrong.status_code == 400


async def test_those_who_read_a_filing_save_what_was_adjusted_of_its_rules():
    async with a_browser() as browser:
        await browser.sign_in()
        page = (await browser.get(f"/filings/{FILING_ID}/remarks")).text
        file = await browser.get(f"/filings/{FILING_ID}/adjustments")
    assert f'href="/filings/{FILING_ID}/adjustments"' in page
    assert list(SCHEMA.iter_errors(file.json())) == []
    assert (file.json()["form_set"], file.json()["rule_set"]) == ("2024.1", "cd" * 32)


async def test_decisions_of_other_servers_are_read_here_and_taken_there():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        page = (await browser.get("/staff/controls?document=QDIS&year=2024")).text
    own, others = (row for row in page.split("<tr>") if "Alix Agent" in row)
    assert ("MIN : Alix Agent" in own, "FED-ESH : Alix Agent" in others) == (True, True)
    assert ("pour ses seuls dossiers" in own, "pour ses seuls dossiers" in others) == (False, True)
    chosen = page.split('<select id="document"')[1].split("</select>")[0]
    assert ("<option>ER</option>" in chosen, "QDIS" in chosen) == (True, False)


async def test_a_decision_is_tried_before_it_is_taken():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        tried = await browser.post("/staff/controls", {**ASKED, "tried_on": "2023", "decision": "try"})
        found = (await browser.get(tried.headers["location"])).text
        taken = await browser.post("/staff/controls", {**ASKED, "weight": "withdrawn", "decision": "decide"})
        queued = (await browser.get(taken.headers["location"])).text
    ((attempt, year),) = browser.world.calls("try_adjustment")
    (decision,) = browser.world.calls("adjust")
    assert (attempt.severity, attempt.is_withdrawn, year) == (Severity.REMARK, False, 2023)
    assert (decision.severity, decision.is_withdrawn) == (Severity.UNSPECIFIED, True)
    assert "4 verdicts changés sur 120 dossiers" in found
    assert "12,5 ms par dossier aujourd’hui, 12,2 ms ainsi" in found
    assert '<span class="code">A-06</span> → Remarque, ER 2023' in found
    assert "/staff/controls?document=ER&amp;year=2024&amp;form_set=2024.1&amp;control=A-06&amp;weight=remark" in found
    assert "Place 3 dans la file. Fin estimée dans 42 secondes." in queued


async def test_a_refused_decision_stays_in_view_with_the_reason():
    refusal = Invalid(violations=[Violation("control", "Un contrôle bloquant ne se retire pas.", "CONTROL")])
    async with a_browser(World(failures={"adjust": refusal})) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        page = await browser.post("/staff/controls", {**ASKED, "decision": "decide"})
        wrong = await browser.post("/staff/controls", {**ASKED, "weight": "heavier", "decision": "try"})
    assert (page.status_code, wrong.status_code) == (400, 400)
    assert "Un contrôle bloquant ne se retire pas." in page.text
    assert "Seuil revu avec les fédérations." in page.text


async def test_a_whole_campaign_is_checked_from_the_queue_and_what_fails_most_is_shown():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        asked = await browser.post("/staff/controls/check", {"document": "ER", "year": "2024"})
        french = (await browser.get(asked.headers["location"])).text
        english = (await browser.get(asked.headers["location"] + "?lang=en")).text
        wrong = await browser.post("/staff/controls/check", {"document": "ER", "year": "soon"})
    assert browser.world.calls("check_campaign") == [(Document.ER, 2024, "")]
    assert "8 dossiers contrôlés, 1 non jugé." in french
    assert "L’actif égale le passif." in french
    assert ("Failed controls, the most frequent first" in english, "Assets equal liabilities." in english) == (
        True,
        True,
    )
    assert wrong.status_code == 400


async def test_only_those_who_manage_campaigns_see_the_page():
    async with a_browser() as browser:
        await browser.sign_in()
        assert (await browser.get("/staff/controls")).status_code == 403


async def test_the_last_runs_are_found_again_from_the_page_that_queues_them():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("campaign.manage",), "*")
        await browser.sign_in()
        page = (await browser.get("/staff/controls")).text
    assert "Derniers travaux" in page
    assert [f'href="/staff/runs/{run}"' in page for run in ("run-1", "run-2")] == [True, True]
