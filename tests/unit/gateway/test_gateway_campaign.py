"""A form set changed during entry: previewed, published, taken back; the values set aside chosen by the body."""

from chassis.errors import Conflict, Forbidden, RuleBroken
from services.gateway.clients.answers import Document, PublicationInForce, SetAsideCell
from tests.support.gateway import FILING_ID, NOW, World, a_browser, a_passport

AT = f"/filings/{FILING_ID}"
CAMPAIGN = {"document": "ER", "year": "2024", "form_set": "2025.1"}
WAITING = SetAsideCell(
    *("BA.010.brut", "Frais d'établissement", "1234", "", "CLOSED", "WAITING", "", "Camille Compte", NOW)
)


def a_manager():
    return a_passport(("campaign.manage",), "*")


async def test_a_change_of_form_set_is_previewed_in_both_languages_without_a_figure():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        french = (await browser.get("/staff/campaign", params=CAMPAIGN)).text
        english = (await browser.get("/staff/campaign", params={**CAMPAIGN, "lang": "en"})).text
    assert "2 dossiers ouverts à changer, 2 cases à choisir, 3 dossiers signés inchangés." in french
    assert "1 dossier contrôlé sous les deux référentiels\N{NO-BREAK SPACE}; le verdict change pour 1." in french
    assert "Aucune anomalie → <strong>Des contrôles bloquants" in french
    assert "X-09" in french
    assert "non contrôlé" in french
    assert "F-28" not in french
    assert "/staff/form-sets/2025.1/trial?document=ER&amp;year=2024" in french, "where the whole campaign is tried"
    assert "la case est fermée" in french
    assert "la case" not in english
    assert french.count("<script") == 1, "our own file and no other"
    assert browser.world.calls("preview_form_set")[0] == (Document.ER, 2024, "2025.1")


async def test_a_form_set_is_published_then_taken_back():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        before = await browser.get("/staff/campaign", params=CAMPAIGN)
        sent = await browser.post("/staff/campaign/publish", CAMPAIGN)
        browser.world.in_force = PublicationInForce("pub-1", "2024.1", "2025.1", "Alex Agent", NOW)
        page = await browser.get(sent.headers["location"])
        later = await browser.get("/staff/campaign", params=CAMPAIGN)
        await browser.post("/staff/campaign/undo", {"publication": "pub-1"})
    assert "Publié\u00a0: 1 dossier changé." in page.text
    assert ['name="publication" value="pub-1"' in one.text for one in (before, page, later)] == [False, True, True]
    assert "2024.1 remplacé par 2025.1 par Alex Agent" in later.text
    assert browser.world.calls("undo_form_set") == ["pub-1"]


async def test_a_form_set_of_other_exercices_is_warned_about_and_published_only_when_ticked():
    async with a_browser(World(is_applicable=False)) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        french = (await browser.get("/staff/campaign", params=CAMPAIGN)).text
        english = (await browser.get("/staff/campaign", params={**CAMPAIGN, "lang": "en"})).text
        await browser.post("/staff/campaign/publish", CAMPAIGN)
        await browser.post("/staff/campaign/publish", {**CAMPAIGN, "is_forced": "yes"})
    assert "un exercice 2024 ne se dépose pas avec le référentiel 2025.1 (contrôle F-28)" in french
    assert "Warning: an exercice of 2024 is not filed with form set 2025.1" in english
    assert [forced for *_, forced in browser.world.calls("publish_form_set")] == [False, True]


async def test_a_campaign_that_cannot_be_read_is_refused():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        shown = await browser.get("/staff/campaign", params={**CAMPAIGN, "year": "20x4"})
        sent = await browser.post("/staff/campaign/publish", {**CAMPAIGN, "form_set": "1999.1"})
    assert (shown.status_code, sent.status_code) == (400, 400)
    assert browser.world.calls("publish_form_set") == []


async def test_a_form_set_that_is_not_published_is_previewed_and_not_given_to_filings():
    async with a_browser(World(failures={"publish_form_set": RuleBroken("Il n'est pas publié.")})) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        shown = (await browser.get("/staff/campaign", params=CAMPAIGN)).text
        sent = await browser.post("/staff/campaign/publish", CAMPAIGN)
    assert "2 dossiers ouverts à changer" in shown
    assert 'action="/staff/campaign/publish"' not in shown, "2025.1 is on trial"
    assert sent.status_code == 422
    assert "Il n&#39;est pas publié." in sent.text


async def test_only_those_who_manage_campaigns_see_the_page():
    async with a_browser(World(failures={"publish_form_set": Forbidden()})) as browser:
        await browser.sign_in()
        home = (await browser.get("/")).text
        page = await browser.get("/staff/campaign")
        sent = await browser.post("/staff/campaign/publish", CAMPAIGN)
    assert "/staff/campaign" not in home
    assert (page.status_code, sent.status_code) == (403, 403)


async def test_the_overview_leads_to_the_values_set_aside():
    async with a_browser(World(set_aside=(WAITING,))) as browser:
        await browser.sign_in()
        overview = (await browser.get(AT)).text
        page = (await browser.get(f"{AT}/set-aside")).text
    assert f'href="{AT}/set-aside"' in overview
    assert "la case est fermée" in page
    assert "à choisir" in page
    assert page.count("<h1") == 1


async def test_a_value_is_put_in_an_empty_cell_or_dropped():
    async with a_browser(World(set_aside=(WAITING,))) as browser:
        await browser.sign_in()
        at = f"{AT}/set-aside/BA.010.brut"
        await browser.post(at, {"choice": "keep", "keep_as": "BA.020.brut"})
        await browser.post(at, {"choice": "drop", "keep_as": "BA.020.brut"})
        empty = await browser.post(at, {"choice": "keep", "keep_as": " "})
        unknown = await browser.post(at, {"choice": "maybe"})
    chosen = [(FILING_ID, "BA.010.brut", "BA.020.brut"), (FILING_ID, "BA.010.brut", "")]
    assert browser.world.calls("choose_set_aside") == chosen
    assert (empty.status_code, unknown.status_code) == (400, 400)
    assert "Donnez la case vide où mettre la valeur." in empty.text


async def test_a_refused_choice_stays_in_view():
    failures = {"choose_set_aside": Conflict("La case est remplie.")}
    async with a_browser(World(set_aside=(WAITING,), failures=failures)) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/set-aside/BA.010.brut", {"choice": "keep", "keep_as": "BA.020.brut"})
    assert page.status_code == 409
    assert 'value="BA.020.brut"' in page.text
