"""The life of form sets: shown with who and when, moved after a confirmation, compared version by version."""

import formsets
from chassis.errors import RuleBroken
from services.gateway.clients.answers import Document
from tests.support.gateway import FILING_ID, World, a_browser, a_passport, a_trial

AT = "/staff/form-sets"


def a_manager():
    return a_passport(("campaign.manage",), "*")


async def test_each_form_set_is_shown_with_its_state_who_put_it_there_and_its_digest():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        french = (await browser.get(AT)).text
        english = (await browser.get(AT, params={"lang": "en"})).text
    assert "par Alex Agent, le 2 juin 2025 à 11:00 (heure de Paris)" in french
    assert "depuis son installation sur ce serveur" in french
    assert formsets.load("2024.1").digest in french
    assert f"{AT}/2025.1/move?to=PUBLISHED" in french
    assert f"{AT}/2024.1/move?to=DRAFT" not in french, "a campaign uses it"
    assert f"{AT}/difference?before=2024.1&amp;after=2025.1" in french
    assert '/staff/campaign?form_set=2024.1"' in french
    assert f"{AT}/2025.1/trial" in french, "on trial: it can be tried on a campaign"
    assert "On trial" in english


async def test_a_move_says_what_it_brings_about_then_is_made_once_confirmed():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        asked = (await browser.get(f"{AT}/2025.1/move", params={"to": "PUBLISHED"})).text
        before = browser.world.calls("move_form_set")
        sent = await browser.post(f"{AT}/2025.1/move", {"to": "PUBLISHED"})
        told = (await browser.get(sent.headers["location"])).text
    assert "Les campagnes pourront le prendre" in asked
    assert (before, browser.world.calls("move_form_set")) == ([], [("2025.1", "PUBLISHED")])
    assert "Référentiel 2025.1\u00a0: publié." in told


async def test_a_move_that_is_not_offered_has_no_page_and_one_that_is_refused_is_explained():
    refused = RuleBroken("Une campagne utilise ce référentiel.", reason="FORM_SET_STATE_REFUSED")
    async with a_browser(World(failures={"move_form_set": refused})) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        absent = [await browser.get(f"{AT}/{path}") for path in ("2024.1/move?to=DRAFT", "1999.1/move?to=CLOSED")]
        unknown = await browser.post(f"{AT}/2024.1/move", {"to": "WHATEVER"})
        page = await browser.post(f"{AT}/2024.1/move", {"to": "DRAFT"})
    assert [one.status_code for one in (*absent, unknown, page)] == [404, 404, 400, 422]
    assert "Une campagne utilise ce référentiel." in page.text


async def test_two_versions_are_compared_in_both_languages():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        asked = {"before": "2024.1", "after": "2025.1"}
        french = (await browser.get(f"{AT}/difference", params=asked)).text
        english = (await browser.get(f"{AT}/difference", params={**asked, "lang": "en"})).text
        unknown = await browser.get(f"{AT}/difference", params={**asked, "after": "../2024.1"})
    assert "fermée" in french
    assert "Series break on these lines" in english
    assert "by what its formula reads" not in french
    assert unknown.status_code == 404


async def test_a_form_set_is_tried_on_a_whole_campaign_and_what_would_change_is_told_in_both_languages():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        asked = (await browser.get(f"{AT}/2025.1/trial", params={"document": "QDIS", "year": "2023"})).text
        sent = await browser.post(f"{AT}/2025.1/trial", {"document": "ER", "year": "2024"})
        french = (await browser.get(sent.headers["location"])).text
        english = (await browser.get(sent.headers["location"] + "?lang=en")).text
    assert "<option selected>QDIS</option>" in asked
    assert 'value="2023"' in asked
    assert browser.world.calls("check_campaign") == [(Document.ER, 2024, "2025.1")]
    assert "Essai du référentiel 2025.1\N{NO-BREAK SPACE}: terminé" in french
    assert "Campagne ER 2024" in french
    assert "4 verdicts changés sur 8 dossiers contrôlés" in french
    assert "12 valeurs que ce référentiel ne prend pas" in french
    assert "12,5 ms par dossier aujourd’hui, 1\N{NARROW NO-BREAK SPACE}013,2 ms ainsi" in french
    assert "Les logements conventionnés font partie du parc." in french
    assert f'<a href="/staff/filings/{FILING_ID}">' in french
    assert "1 dossier montré sur 6" in french
    assert french.count("<script") == 1, "our own file and no other"
    assert "Housing under agreement is part of the stock." in english
    assert "4 verdicts changed among 8 filings" in english
    assert "1 filing shown of 6" in english
    assert "1,013.2 ms then" in english


async def test_a_trial_that_catches_drafts_only_names_none():
    async with a_browser(World(trial=a_trial())) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        page = (await browser.get("/staff/runs/run-4")).text
    assert "Aucun de ces dossiers n’est transmis." in page
    assert "/staff/filings/" not in page


async def test_a_campaign_to_try_on_that_cannot_be_read_is_explained_and_stays_in_view():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        french = await browser.post(f"{AT}/2025.1/trial", {"document": "ER", "year": "bientôt"})
        english = await browser.post(f"{AT}/2025.1/trial?lang=en", {"document": "whole", "year": "2024"})
        unknown = await browser.post(f"{AT}/1999.1/trial", {"document": "ER", "year": "2024"})
    assert [one.status_code for one in (french, english, unknown)] == [400, 400, 404]
    assert "Exercice attendu. Champ « Exercice ». Quatre chiffres, par exemple 2024." in french.text
    assert 'value="bientôt" aria-invalid="true"' in french.text
    assert "A document is expected." in english.text
    assert browser.world.calls("check_campaign") == []


async def test_only_those_who_manage_campaigns_see_the_life_of_form_sets():
    async with a_browser() as browser:
        await browser.sign_in()
        pages = [
            await browser.get(f"{AT}{path}") for path in ("", "/difference", "/2024.1/move?to=CLOSED", "/2024.1/trial")
        ]
        home = (await browser.get("/")).text
    assert [page.status_code for page in pages] == [403] * 4
    assert AT not in home
