"""The life of form sets: shown with who and when, moved after a confirmation, compared version by version."""

from chassis.errors import RuleBroken
from tests.support.gateway import World, a_browser, a_passport

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
    assert "c40c2581f6090af07d9da01d4aefda37f00f231bbedb334cf534ef16c430ae8d" in french
    assert f"{AT}/2025.1/move?to=PUBLISHED" in french
    assert f"{AT}/2024.1/move?to=DRAFT" not in french, "a campaign uses it"
    assert f"{AT}/difference?before=2024.1&amp;after=2025.1" in french
    assert '/staff/campaign?form_set=2024.1"' in french
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


async def test_only_those_who_manage_campaigns_see_the_life_of_form_sets():
    async with a_browser() as browser:
        await browser.sign_in()
        pages = [await browser.get(f"{AT}{path}") for path in ("", "/difference", "/2024.1/move?to=CLOSED")]
        home = (await browser.get("/")).text
    assert [page.status_code for page in pages] == [403, 403, 403]
    assert AT not in home
