"""A form set changed during entry: previewed, published, taken back; the values set aside chosen by the body."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.errors import Conflict, Forbidden, Invalid, RuleBroken, malformed
from services.gateway.clients.answers import (
    AffectedFiling,
    CellToChoose,
    Document,
    FailedFiling,
    PublicationInForce,
    RunState,
    SetAsideCell,
    Step,
)
from tests.support.gateway import FILING_ID, NOW, World, a_browser, a_filing, a_passport, a_publication
from tests.support.hosting import DIRECTOR

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
    assert "2 dossiers ouverts à changer, 1 case à choisir, 3 dossiers signés inchangés." in french
    assert "824 valeurs reprises telles quelles\N{NO-BREAK SPACE}; 1 case nouvelle." in french
    assert "1 dossier contrôlé sous les deux référentiels\N{NO-BREAK SPACE}; le verdict change pour 1." in french
    rows = re.findall(r'<th scope="row">([^<]*)</th><td class="number">(\d+)</td><td class="number">(\d+)</td>', french)
    assert rows == [("sans anomalie", "1", "0"), ("bloqué", "0", "1")]
    assert '<span class="code">X-09</span> (1 dossier)' in french
    assert "5 dossiers ouverts déjà sous ce référentiel." in french
    assert "4 zéros dans des cases fermées, abandonnés sans choix." in french
    assert "F-28" not in french
    assert "/staff/form-sets/2025.1/trial?document=ER&amp;year=2024" in french, "where the whole campaign is tried"
    assert "la case est fermée" in french
    assert "la case" not in english
    assert french.count("<script") == 1, "our own file and no other"
    assert browser.world.calls("preview_form_set")[0] == (Document.ER, 2024, "2025.1")


def affected_filing(siren, *addresses, recomputed=7, **changes):
    cells = tuple(CellToChoose(address, "Frais d'établissement", "CLOSED") for address in addresses)
    one = AffectedFiling(siren, f"Office {siren}", Document.ER, 2024, "2024.1", Step.ACCOUNTING, 412, cells, recomputed)
    return replace(one, **changes)


AFFECTED = (
    affected_filing("000000018", "BA.010.brut"),
    affected_filing("000000026", recomputed=None),
    affected_filing("000000034", *(f"BA.0{n}0.brut" for n in range(1, 6))),
)
ROW = re.compile(r'<th scope="row">(Office [^<]*) <small>\((\d+)\)</small></th>(.*?)</tr>', re.DOTALL)


def rows_of(page):
    """Return the rows of the filings that would change, tags left out."""
    return [(siren, re.sub(r"<[^>]*>", "|", rest)) for _, siren, rest in ROW.findall(page)]


async def test_the_filings_that_would_change_are_named_page_by_page_in_both_languages():
    async with a_browser(World(affected=AFFECTED)) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        first = (await browser.get("/staff/campaign", params=CAMPAIGN)).text
        (following,) = re.findall(r'<a href="([^"]*)">Dossiers suivants</a>', first)
        last = (await browser.get(html.unescape(following))).text
        english = (await browser.get("/staff/campaign", params={**CAMPAIGN, "lang": "en"})).text
    assert [siren for siren, _ in rows_of(first)] == ["000000018", "000000026"]
    assert [siren for siren, _ in rows_of(last)] == ["000000034"]
    told = rows_of(first)[0][1]
    for figure in ("ER 2024", "2024.1", "Validation comptable", "|412|", "|7|", "BA.010.brut", "la case est fermée"):
        assert figure in told
    assert "|non calculé|" in rows_of(first)[1][1]
    assert "5 cases" in rows_of(last)[0][1], "folded away, without a script"
    assert "the cell is closed" in rows_of(english)[0][1]
    assert "|not computed|" in rows_of(english)[1][1]
    assert "Premiers dossiers</a>" in last
    assert "Premiers dossiers</a>" not in first
    assert "Dossiers suivants" not in last
    assert "2 dossiers ouverts à changer" in last, "the sums stand on every page"
    assert "contrôlé sous les deux référentiels" not in last, "filings are judged once, for the first page"
    assert browser.world.calls("affected_filings")[1][3] == "000000026"


async def test_programs_read_which_filings_would_change_and_the_same_words():
    at = "/api/v1/campaigns/ER/2024/form-sets/2025.1/change"
    async with a_browser(World(affected=AFFECTED)) as browser:
        browser.http.headers["authorization"] = "Bearer access-api"
        first = (await browser.http.get(at, params={"page_size": 2})).json()
        last = (await browser.http.get(at, params={"page_token": first["next_page_token"]})).json()
        wrong = [
            (await browser.http.get(one)).status_code
            for one in (f"{at}?page_size=1000", at.replace("2024", "24"), at.replace("ER", "XX"))
        ]
    assert [one["body"] for one in first["filings"]] == ["000000018", "000000026"]
    assert [one["recomputed"] for one in first["filings"]] == [7, None]
    (cell,) = first["filings"][0]["to_choose"]
    reason = {"fr": "la case est fermée", "en": "the cell is closed"}
    assert (cell["address"], cell["why"], cell["reason"]) == ("BA.010.brut", "CLOSED", reason)
    assert first["to_choose"][0]["reason"] == reason
    assert (first["concerned"], first["already"], first["judged"]) == (2, 5, 1)
    assert (last["next_page_token"], last["judged"], last["concerned"]) == ("", 0, 2)
    assert "verdict" not in str(first["filings"])
    assert wrong == [400, 400, 400]


async def test_a_page_of_filings_that_does_not_exist_is_refused_in_words():
    refusal = Invalid(
        violations=[malformed("page_token", "PAGE_TOKEN", ("Page inconnue.", "Unknown page."), ("Repartez.", "Go."))]
    )
    async with a_browser(World(failures={"affected_filings": refusal})) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        page = await browser.get("/staff/campaign", params={**CAMPAIGN, "after": "zz"})
    assert page.status_code == 400
    assert "Page inconnue." in page.text


async def test_a_form_set_is_published_then_taken_back_and_leads_to_how_far_that_is():
    async with a_browser(World(publications=(a_publication(),))) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        sent = await browser.post("/staff/campaign/publish", {**CAMPAIGN, "year": "2025"})
        french = (await browser.get(sent.headers["location"])).text
        english = (await browser.get("/staff/campaign/publications/pub-1", params={"lang": "en"})).text
        back = await browser.post("/staff/campaign/undo", {"publication": "pub-1"})
        unknown = await browser.get("/staff/campaign/publications/pub-2")
    assert sent.headers["location"] == back.headers["location"] == "/staff/campaign/publications/pub-1"
    assert "412 dossiers traités sur 900." in french
    assert "Fin estimée dans 61 secondes." in french
    assert "Place" not in french
    assert 'name="publication" value="pub-1"' in french
    assert "412 filings done of 900." in english
    assert "http-equiv" not in french, "nobody's page moves under their eyes: a link looks again"
    assert browser.world.calls("undo_form_set") == ["pub-1"]
    assert unknown.status_code == 404


async def test_a_publication_says_what_holds_it_up_and_what_may_be_done():
    waiting = a_publication(state=RunState.WAITING, done=899, left=1, failure="SIGNATURE_UNDER_WAY")
    failed = a_publication(publication_id="pub-2", state=RunState.FAILED, left=3, failure="INVALID", finished_at=NOW)
    gone = a_publication(publication_id="pub-3", is_undone=True, undone_by="Lou Agent", state=RunState.DONE, left=0)
    async with a_browser(World(publications=(waiting, failed, gone))) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        pages = [(await browser.get(f"/staff/campaign/publications/pub-{n}")).text for n in (1, 2, 3)]
        listed = (await browser.get("/staff/campaign")).text
    assert "1 dossier en cours de signature" in pages[0]
    assert "Fin estimée" not in pages[0]
    assert "3 dossiers non traités." in pages[1]
    assert [page.count("Relancer</button>") for page in pages] == [0, 1, 0]
    assert [page.count("Annuler cette publication</button>") for page in pages] == [1, 1, 0]
    assert 'name="publication" value="pub-2"><button>Relancer' in pages[1], "that one goes on, and no new one is begun"
    assert "Annulé par Lou Agent." in pages[2]
    assert [f"/staff/campaign/publications/pub-{n}" in listed for n in (1, 2, 3)] == [True] * 3


async def test_a_publication_lists_the_filings_it_failed_on_without_their_names():
    tried = FailedFiling(1, "CELL_CHANGED", NOW, NOW + timedelta(seconds=15))
    aside = FailedFiling(5, "ENGINE_UNAVAILABLE", NOW, None)
    over = {"state": RunState.FAILED, "left": 2, "failure": "ENGINE_UNAVAILABLE", "finished_at": NOW}
    publications = (
        a_publication(failed=(tried,)),
        a_publication(publication_id="pub-2", failed=(tried, aside), **over),
    )
    async with a_browser(World(publications=publications)) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        under_way = (await browser.get("/staff/campaign/publications/pub-1")).text
        french = (await browser.get("/staff/campaign/publications/pub-2")).text
        english = (await browser.get("/staff/campaign/publications/pub-2", params={"lang": "en"})).text
    assert "Dossiers en échec (1)" in under_way
    assert "mis de côté" not in under_way
    assert "1 dossier mis de côté" in french
    assert re.findall(r'<td class="code">(\w+)</td><td class="number">(\d)</td>', french) == [
        ("CELL_CHANGED", "1"),
        ("ENGINE_UNAVAILABLE", "5"),
    ]
    assert "<strong>put aside</strong>" in english
    assert "Relancer</button>" in french


async def test_a_publication_goes_on_by_its_own_name():
    told = "Cette publication n'est pas celle en vigueur."
    async with a_browser(World(publications=(a_publication(),))) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        gone_on = await browser.post("/staff/campaign/publish", {**CAMPAIGN, "publication": "pub-1"})
        browser.world.failures["publish_form_set"] = RuleBroken(told)
        refused = await browser.post("/staff/campaign/publish", {**CAMPAIGN, "publication": "pub-1"})
    assert gone_on.headers["location"] == "/staff/campaign/publications/pub-1"
    assert browser.world.calls("publish_form_set")[0] == (Document.ER, 2024, "2025.1", False, "pub-1")
    assert refused.status_code == 422
    assert "celle en vigueur" in refused.text


async def test_nothing_may_be_done_about_a_publication_that_was_replaced():
    failed = a_publication(state=RunState.FAILED, left=0, failure="SIGNATURE_UNDER_WAY", is_superseded=True)
    done = a_publication(publication_id="pub-2", state=RunState.DONE, left=0, is_superseded=True)
    back = a_publication(publication_id="pub-3", state=RunState.FAILED, is_undone=True, left=0, is_superseded=True)
    async with a_browser(World(publications=(failed, done, back))) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        pages = [(await browser.get(f"/staff/campaign/publications/pub-{n}")).text for n in (1, 2, 3)]
        english = (await browser.get("/staff/campaign/publications/pub-1", params={"lang": "en"})).text
    assert ["Remplacée depuis\N{NO-BREAK SPACE}:" in page for page in pages] == [True] * 3
    assert not any(
        f"{offered}</button>" in page for page in pages for offered in ("Relancer", "Annuler cette publication")
    )
    assert not any("en cours de signature" in page or "non traité" in page for page in pages)
    assert "Replaced since: a later publication of this campaign is in force." in english


async def test_a_signature_that_never_came_is_told_with_what_may_be_done():
    failed = a_publication(state=RunState.FAILED, left=2, failure="SIGNATURE_UNDER_WAY")
    async with a_browser(World(publications=(failed,))) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        french = (await browser.get("/staff/campaign/publications/pub-1")).text
        english = (await browser.get("/staff/campaign/publications/pub-1", params={"lang": "en"})).text
    assert "2 dossiers en cours de signature depuis plus de dix minutes\N{NO-BREAK SPACE}: relancez" in french
    assert "chacun attend" not in french
    assert "2 filings being signed for more than ten minutes" in english
    assert [f"{offered}</button>" in french for offered in ("Relancer", "Annuler cette publication")] == [True] * 2


async def test_while_one_is_under_way_no_other_is_offered():
    failures = {"undo_form_set": RuleBroken("Un autre a été publié depuis.")}
    async with a_browser(World(publications=(a_publication(),), failures=failures)) as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        here = (await browser.get("/staff/campaign", params=CAMPAIGN)).text
        elsewhere = (await browser.get("/staff/campaign", params={**CAMPAIGN, "document": "QDIS"})).text
        refused = await browser.post("/staff/campaign/undo", {"publication": "pub-1"})
    told = "Un changement de référentiel de cette campagne est en cours."
    assert (told in here, told in elsewhere) == (True, False)
    assert 'action="/staff/campaign/publish"' not in here
    assert refused.status_code == 422
    assert "Un autre a été publié depuis." in refused.text


async def test_the_publication_in_force_is_shown_with_the_way_to_take_it_back():
    in_force = PublicationInForce("pub-1", "2024.1", "2025.1", "Alex Agent", NOW)
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_manager()
        await browser.sign_in()
        before = await browser.get("/staff/campaign", params=CAMPAIGN)
        browser.world.in_force = in_force
        later = await browser.get("/staff/campaign", params=CAMPAIGN)
    assert ['name="publication" value="pub-1"' in one.text for one in (before, later)] == [False, True]
    assert "2024.1 remplacé par 2025.1 par Alex Agent" in later.text


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
    assert [forced for *_, forced, _ in browser.world.calls("publish_form_set")] == [False, True]


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


async def test_home_and_the_overview_lead_to_the_values_set_aside():
    async with a_browser(World(filing=a_filing(set_aside=1), set_aside=(WAITING,))) as browser:
        await browser.sign_in()
        home = (await browser.get("/")).text
        overview = (await browser.get(AT)).text
        page = (await browser.get(f"{AT}/set-aside")).text
    assert f'href="{AT}/set-aside"' in home
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


READ_ONLY = [
    ({"last_day": "2025-05-31"}, DIRECTOR, "La campagne est close", ""),
    ({"first_day": "2025-06-03"}, DIRECTOR, "La campagne n’ouvre que le 3 juin 2025.", ""),
    ({"is_locked": True, "step": Step.SIGNATURE}, DIRECTOR, "Une signature est en cours", ""),
    ({}, ("filing.read",), "Vous n’avez pas le droit de saisir", ""),
    ({"step": Step.SIGNATURE}, DIRECTOR, "Renvoyer le dossier à l’étape 1", f"{AT}#moves"),
    ({"step": Step.SIGNATURE}, ("filing.read", "filing.edit"), "Demander à un comptable ou à un directeur", ""),
]


@pytest.mark.parametrize(("filing", "permissions", "why", "path"), READ_ONLY)
async def test_where_no_choice_is_made_the_page_says_why(filing, permissions, why, path):
    async with a_browser(World(filing=a_filing(set_aside=1, **filing), set_aside=(WAITING,))) as browser:
        browser.office.persons["access-director"] = a_passport(permissions)
        await browser.sign_in()
        page = (await browser.get(f"{AT}/set-aside")).text
    said = page.partition("Aucun choix ne se fait pour l’instant")[2].partition("</p>")[0]
    assert why in said
    assert (f'href="{path}"' in said) if path else ("href" not in said)
    assert 'name="choice"' not in page
