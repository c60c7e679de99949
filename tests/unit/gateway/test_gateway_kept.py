"""Nothing that a person typed is lost, whatever answers: it stands in the page that says why, ready to be sent again."""

import re
from html import unescape

import pytest

from chassis.errors import (
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    ThreeParts,
    Unavailable,
    violation,
)
from services.gateway.clients.answers import CellEdit, FiledCell, Origin, Review, ReviewState, SetAsideCell, Step
from tests.support.gateway import FILING_ID, NOW, ORIGIN, World, a_browser, a_filing, a_passport
from tests.support.hosting import OFFICER

AT, STAFF = f"/filings/{FILING_ID}", f"/staff/filings/{FILING_ID}"
CELLS = {
    "cell:BA.010.brut": "99 <b>",
    "was:BA.010.brut": "4:1\u202f234\u202f567",
    "cell:BA.020.brut": "12,5",
    "was:BA.020.brut": "0:",
    "cell:BA.030.brut": "7",
    "was:BA.030.brut": "2:7",
    "request_id": "019aa000-0000-7000-8000-00000000000a",
}
CHANGED = (CellEdit("BA.010.brut", "99 <b>", 4), CellEdit("BA.020.brut", "12,5", 0))
BUSY = Exhausted(metadata={"retry_after": "7"}, reason="ENGINE_BUSY")
DOWN = Unavailable("Les contrôles ne répondent pas.")
AWAY = [(BUSY, 429, "7"), (DOWN, 503, "5")]
WROTE = "Vu avec <le> cabinet, en décembre."


def form_in(page, path):
    """Return what the form of a page for this address would send; of several, the fullest."""
    forms = re.findall(f'<form method="post" action="{re.escape(path)}"[^>]*>(.*?)</form>', page.text, re.DOTALL)
    return max(map(fields_of, forms), key=lambda sent: sum(map(bool, sent.values())), default={})


def fields_of(form):
    sent = {}
    for tag in re.findall(r"<input[^>]*>", form):
        kind, name, value = (re.search(rf' {one}="([^"]*)"', tag) for one in ("type", "name", "value"))
        if kind[1] != "checkbox" or " checked" in tag:
            sent[unescape(name[1])] = unescape(value[1]) if value else ""
    for name, text in re.findall(r'<textarea[^>]* name="([^"]*)"[^>]*>([^<]*)</textarea>', form):
        sent[name] = unescape(text).removeprefix("\n")
    return sent


async def told(browser, path, fields, failures, method):
    """Send a form that is refused, then the form that the answer holds."""
    browser.world.failures |= failures
    page = await browser.post(path, fields)
    browser.world.failures.clear()
    sent = form_in(page, path)
    again = await browser.http.post(path, data=sent, headers={"origin": ORIGIN})
    return page, again, browser.world.calls(method)[-1]


@pytest.mark.parametrize(("failure", "status", "after"), AWAY)
async def test_a_save_that_meets_a_busy_service_keeps_the_form_and_says_so(failure, status, after):
    async with a_browser() as browser:
        await browser.sign_in()
        page, again, saved = await told(browser, f"{AT}/forms/BA", CELLS, {"save": failure}, "save")
    assert (page.status_code, page.headers["retry-after"]) == (status, after)
    assert 'value="99 &lt;b&gt;"' in page.text
    assert 'value="12,5"' in page.text
    assert "tout ce que vous avez tapé ou choisi est resté dans cette page. Attendez un instant" in page.text
    assert again.status_code == 303
    assert saved[1] == CHANGED


async def test_a_save_that_may_have_been_done_is_sent_again_under_the_same_name():
    async with a_browser() as browser:
        await browser.sign_in()
        _, _, down = await told(browser, f"{AT}/forms/BA", CELLS, {"save": DOWN}, "save")
        _, _, refused = await told(browser, f"{AT}/forms/BA", CELLS, {"save": Invalid()}, "save")
    assert down[2] == CELLS["request_id"]
    assert refused[2] != CELLS["request_id"]


@pytest.mark.parametrize("failure", [DOWN, Invalid(), BUSY])
async def test_a_refused_cell_is_sent_again_with_the_version_that_was_seen(failure):
    world = World(cells=(FiledCell("BA.010.brut", "5", 6, Origin.TYPED, "Camille Compte", NOW),))
    async with a_browser(world) as browser:
        await browser.sign_in()
        _, _, saved = await told(browser, f"{AT}/forms/BA", CELLS, {"save": failure}, "save")
    assert saved[1] == CHANGED, "what somebody saved meanwhile must be seen before it is overwritten"


@pytest.mark.parametrize(
    ("failures", "status"),
    [
        ({"save": DOWN, "get": DOWN}, 503),
        ({"save": BUSY, "comments": BUSY}, 429),
        ({"save": DOWN, "last_year": DOWN}, 503),
        ({"save": ValueError("secret detail")}, 500),
        ({"save": NotFound()}, 404),
        ({"save": Forbidden()}, 403),
    ],
)
async def test_a_save_whose_form_cannot_be_drawn_is_answered_by_a_page_that_can_be_sent_again(failures, status):
    async with a_browser() as browser:
        await browser.sign_in()
        page, again, saved = await told(browser, f"{AT}/forms/BA", CELLS, failures, "save")
    assert page.status_code == status
    assert '<label for="kept-1">Case BA.010.brut</label>' in page.text
    assert "BA.030.brut</label>" not in page.text, "it was not changed"
    assert "resté dans cette page" in page.text
    assert "<button>Réessayer</button>" in page.text
    assert "secret detail" not in page.text
    assert again.status_code == 303
    assert saved[1] == CHANGED


async def test_a_save_while_sessions_cannot_be_read_is_kept_too():
    async with a_browser() as browser:
        await browser.sign_in()
        browser.clock.advance(minutes=6)
        browser.provider.is_away = True
        page = await browser.post(f"{AT}/forms/BA", CELLS)
        browser.provider.is_away = False
        again = await browser.http.post(
            f"{AT}/forms/BA", data=form_in(page, f"{AT}/forms/BA"), headers={"origin": ORIGIN}
        )
    assert page.status_code == 503
    assert again.status_code == 303


async def test_what_was_typed_in_an_idle_session_is_saved_once_signed_in_again_in_another_tab():
    async with a_browser() as browser:
        await browser.sign_in()
        browser.clock.advance(minutes=61)
        page = await browser.post(f"{AT}/forms/BA", CELLS)
        too_soon = await browser.http.post(
            f"{AT}/forms/BA", data=form_in(page, f"{AT}/forms/BA"), headers={"origin": ORIGIN}
        )
        await browser.sign_in()
        again = await browser.http.post(
            f"{AT}/forms/BA", data=form_in(too_soon, f"{AT}/forms/BA"), headers={"origin": ORIGIN}
        )
    assert (page.status_code, too_soon.status_code, again.status_code) == (401, 401, 303)
    assert "Connectez-vous dans un autre onglet" in page.text
    assert 'target="_blank" rel="noopener">Se connecter' in page.text
    assert [saved[1] for saved in browser.world.calls("save")] == [CHANGED]


async def test_who_proves_their_identity_again_still_sends_the_pages_opened_before():
    async with a_browser() as browser:
        await browser.sign_in()
        before = browser.csrf
        await browser.sign_in()
        saved = await browser.http.post(f"{AT}/forms/BA", data={**CELLS, "csrf": before}, headers={"origin": ORIGIN})
    assert browser.csrf != before
    assert saved.status_code == 303


async def test_another_person_at_the_same_browser_does_not_send_what_the_first_one_typed_without_reading_it():
    async with a_browser() as browser:
        await browser.sign_in()
        browser.clock.advance(minutes=61)
        page = await browser.post(f"{AT}/forms/BA", CELLS)
        browser.office.persons["access-director"] = a_passport(subject="somebody else")
        await browser.sign_in()
        stale = await browser.http.post(
            f"{AT}/forms/BA", data=form_in(page, f"{AT}/forms/BA"), headers={"origin": ORIGIN}
        )
        before = browser.world.calls("save")
        again = await browser.http.post(
            f"{AT}/forms/BA", data=form_in(stale, f"{AT}/forms/BA"), headers={"origin": ORIGIN}
        )
    assert (stale.status_code, before) == (403, [])
    assert "Ce que vous avez tapé est resté dans cette page" in stale.text
    assert again.status_code == 303


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {}])
async def test_what_another_site_sends_is_not_offered_to_be_sent_again(headers):
    async with a_browser() as browser:
        await browser.sign_in()
        page = await browser.http.post(f"{AT}/forms/BA", data=CELLS, headers=headers)
    assert page.status_code == 403
    assert "12,5" not in page.text
    assert browser.csrf not in page.text.partition("<main")[2]


@pytest.mark.parametrize("failure", [BUSY, DOWN])
async def test_a_form_and_the_report_open_while_controls_are_busy(failure):
    async with a_browser(World(failures={"check": failure})) as browser:
        await browser.sign_in()
        form = await browser.get(f"{AT}/forms/BA")
        report = await browser.get(f"{AT}/remarks")
        english = await browser.get(f"{AT}/remarks?lang=en")
    assert form.status_code == 200
    assert "Les contrôles ne répondent pas pour l’instant. Vous pouvez continuer à saisir" in form.text
    assert 'name="cell:BA.010.brut"' in form.text
    assert "retry-after" in report.headers
    assert "Le rapport des contrôles n’est pas disponible pour l’instant." in report.text
    assert "OPH de Démonstration" in report.text
    assert "The report of the controls is not available at the moment." in english.text


MOVED_ON = [
    World(filing=a_filing(step=Step.SIGNATURE)),
    World(filing=a_filing(is_locked=True)),
    World(filing=a_filing(last_day="2025-05-31")),
    World(cells=(FiledCell("BA.010.brut", "5", 6, is_sealed=True), FiledCell("BA.020.brut", "5", 6, is_sealed=True))),
]


@pytest.mark.parametrize("world", MOVED_ON, ids=["moved on", "being signed", "over", "sealed"])
async def test_what_can_no_longer_be_typed_is_listed_to_be_copied(world):
    world.failures["save"] = RuleBroken("Le dossier n'est plus en saisie.", reason="FILING_NOT_EDITABLE")
    async with a_browser(world) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/forms/BA", {**CELLS, "cell:BA.020.brut": "", "was:BA.020.brut": "6:5"})
    box = page.text.partition('role="alert"')[2].partition("</div>")[0]
    assert page.status_code == 422
    assert "Copiez-le avant de quitter la page" in box
    assert re.search(r'BA\.010\.brut</span> <span lang="fr">[^<]+</span> — Brut</dt><dd>99 &lt;b&gt;</dd>', box)
    assert re.search(r'BA\.020\.brut</span> <span lang="fr">Baux.*</dt><dd>vide</dd>', box)


async def test_what_can_still_be_typed_is_not_listed_beside_its_input():
    async with a_browser(World(failures={"save": Invalid()})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/forms/BA", CELLS)
    assert "Copiez-le avant de quitter la page" not in page.text


REFUSED = [RuleBroken("Plus maintenant."), BUSY, DOWN, Conflict("Changé.")]
COMMENT = {"text": WROTE, "is_flagged": "yes", "is_shared": "yes"}
JUSTIFICATION = {"text": WROTE, "cell": "BA.010.brut", "reason": "rounding"}


def reviewed(state=ReviewState.WAITING, **other):
    review = Review(state, "Alex Agent", NOW, "Pourquoi ?", next_states=(ReviewState.ASKED,))
    return World(filing=a_filing(**{"step": Step.REVIEW, "signed_version": 1, "review": review, **other}))


def with_a_value_set_aside():
    cell = SetAsideCell("CP.380.n", "Ligne", "7", "", "CLOSED", "WAITING", "", "Camille", NOW)
    return World(set_aside=(cell,))


WRITTEN = [
    ("comment", f"{AT}/cells/BA.010.brut/comments", COMMENT, World),
    ("justify", f"{AT}/remarks/A-06", JUSTIFICATION, World),
    ("move", f"{AT}/step", {"step": "entry", "reason": WROTE, "cells": "BA.010.brut"}, lambda: World(filing=a_filing(step=Step.ACCOUNTING))),
    ("reopen", f"{AT}/reopen", {"reason": WROTE, "cells": "BA.010.brut"}, reviewed),
    ("answer_review", f"{AT}/review/answer", {"text": WROTE}, lambda: reviewed(ReviewState.ASKED)),
    ("request_return", f"{AT}/return-request", {"reason": WROTE}, lambda: reviewed(step=Step.CLOSED)),
    ("choose_set_aside", f"{AT}/set-aside/CP.380.n", {"choice": "keep", "keep_as": WROTE}, with_a_value_set_aside),
    ("save_accounts", f"{AT}/accounts", {"package": "", "prefix:1": WROTE, "address:1": "BA.010.brut", "side:1": "credit"}, World),
    ("review", f"{STAFF}/review", {"state": "asked", "text": WROTE, "cells": "BA.010.brut"}, reviewed),
    ("reopen", f"{STAFF}/return", {"reason": WROTE, "cells": "BA.010.brut"}, reviewed),
    ("comment", f"{STAFF}/comments", {"address": "BA.010.brut", "text": WROTE}, reviewed),
    ("answer", f"{STAFF}/justifications/A-06", {"number": "7", "decision": "refuse", "answer": WROTE}, reviewed),
    ("extend", "/staff/campaign/extend", {"document": "ER", "year": "2024", "body": "000000018", "due_on": "2025-08-01", "reason": WROTE}, World),
    ("adjust", "/staff/controls", {"document": "ER", "year": "2024", "form_set": "2024.1", "control": "A-06", "weight": "remark", "reason": WROTE, "tried_on": "", "decision": "decide"}, World),
]  # fmt: skip
NAMES = [f"{path.rpartition(FILING_ID)[2]}" for _, path, _, _ in WRITTEN]


@pytest.mark.parametrize("failure", REFUSED, ids=["rule", "busy", "down", "conflict"])
@pytest.mark.parametrize(("method", "path", "fields", "world"), WRITTEN, ids=NAMES)
async def test_what_was_written_stays_in_its_form_when_it_is_refused(method, path, fields, world, failure):
    async with a_browser(world()) as browser:
        is_staff = path.startswith("/staff")
        browser.office.persons["access-director"] = (
            a_passport((*OFFICER, "campaign.manage"), "*") if is_staff else a_passport()
        )
        await browser.sign_in()
        page, _, _ = await told(browser, path, fields, {method: failure}, method)
    kept = form_in(page, path)
    assert page.status_code in (409, 422, 429, 503)
    assert [name for name, text in fields.items() if text == WROTE and WROTE not in kept.values()] == []
    assert [name for name in ("cells", "is_flagged", "is_shared") if kept.get(name, "") != fields.get(name, "")] == []
    assert "Réessayer" not in page.text, "the page itself is drawn again"


@pytest.mark.parametrize(("method", "path", "fields", "world"), WRITTEN, ids=NAMES)
async def test_what_was_written_is_kept_when_its_page_cannot_be_drawn(method, path, fields, world):
    away = dict.fromkeys(("get", "get_transmitted", "publications", "adjustments", "queue", method), DOWN)
    async with a_browser(world()) as browser:
        is_staff = path.startswith("/staff")
        browser.office.persons["access-director"] = (
            a_passport((*OFFICER, "campaign.manage"), "*") if is_staff else a_passport()
        )
        await browser.sign_in()
        page, again, _ = await told(browser, path, fields, away, method)
    assert page.status_code == 503
    assert fields.items() <= form_in(page, path).items()
    assert again.status_code == 303


GONE = [
    ("comment", f"{AT}/cells/BA.010.brut/comments", COMMENT, a_filing(step=Step.ARCHIVED)),
    ("justify", f"{AT}/remarks/A-06", JUSTIFICATION, a_filing(step=Step.SIGNATURE)),
    ("move", f"{AT}/step", {"step": "entry", "reason": WROTE}, a_filing(step=Step.REVIEW, signed_version=1)),
    ("reopen", f"{AT}/reopen", {"reason": WROTE}, a_filing()),
    ("answer_review", f"{AT}/review/answer", {"text": WROTE}, a_filing()),
    ("choose_set_aside", f"{AT}/set-aside/CP.380.n", {"choice": "keep", "keep_as": WROTE}, a_filing()),
    ("review", f"{STAFF}/review", {"state": "asked", "text": WROTE}, a_filing(step=Step.CLOSED, signed_version=1)),
    ("answer", f"{STAFF}/justifications/A-06", {"number": "9", "decision": "refuse", "answer": WROTE}, a_filing()),
]


@pytest.mark.parametrize(
    ("method", "path", "fields", "filing"), GONE, ids=[one[1].rpartition(FILING_ID)[2] for one in GONE]
)
async def test_what_was_written_is_kept_when_its_page_has_no_form_for_it_any_more(method, path, fields, filing):
    async with a_browser(World(filing=filing)) as browser:
        is_staff = path.startswith("/staff")
        browser.office.persons["access-director"] = a_passport(OFFICER, "*") if is_staff else a_passport()
        await browser.sign_in()
        page, _, _ = await told(browser, path, fields, {method: RuleBroken("Plus maintenant.")}, method)
    assert page.status_code == 422
    assert "Plus maintenant." in page.text
    assert fields.items() <= form_in(page, path).items()


async def test_a_justification_of_what_cannot_be_justified_is_still_read():
    async with a_browser(World(failures={"justify": Invalid("Rien à justifier.", reason="NOT_A_FINDING")})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/remarks/B-01", JUSTIFICATION)
    assert "<blockquote><p>Vu avec &lt;le&gt; cabinet, en décembre.</p></blockquote>" in page.text


TICKS = {"leave.BA.120.brut": "yes", "take.BA.150.brut": "yes", "accept_partial": "yes", "overwrite_typed": "yes"}
STALE = violation(
    "BA.130.brut",
    "version=5",
    ThreeParts("Cette case a changé depuis l’aperçu.", "Case BA.130.brut.", "Refaites l’aperçu."),
    ThreeParts("This cell changed since the preview.", "Cell BA.130.brut.", "Make the preview again."),
)


@pytest.mark.parametrize("failure", REFUSED, ids=["rule", "busy", "down", "conflict"])
async def test_an_import_that_is_refused_keeps_its_ticks(failure):
    async with a_browser() as browser:
        await browser.sign_in()
        page, again, _ = await told(browser, f"{AT}/import/imp-1", TICKS, {"confirm": failure}, "confirm")
    assert page.status_code in (409, 422, 429, 503)
    assert TICKS.items() <= form_in(page, f"{AT}/import/imp-1").items()
    assert again.status_code == 303


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_a_stale_import_names_the_cells_and_leads_to_a_new_preview(language):
    stale = Conflict("Modifié depuis l'aperçu.", reason="IMPORT_STALE", violations=[STALE])
    async with a_browser(World(failures={"confirm": stale})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/import/imp-1?lang={language}", TICKS)
    box = page.text.partition('role="alert"')[2].partition("</div>")[0]
    assert str(STALE.fr if language == "fr" else STALE.en) in box
    assert f'href="{AT}/import">{"Refaire l’aperçu" if language == "fr" else "Make the preview again"}' in box


async def test_a_file_that_a_busy_service_did_not_read_leaves_its_page_and_the_package_chosen():
    async with a_browser(World(failures={"preview": BUSY})) as browser:
        await browser.sign_in()
        page = await browser.http.post(
            f"{AT}/import",
            data={"csrf": browser.csrf, "package": "Ma compta"},
            files={"file": ("a.csv", b"x")},
            headers={"origin": ORIGIN},
        )
    assert page.status_code == 429
    assert '<option value="Ma compta" selected>' in page.text
    assert "est resté dans cette page" not in page.text, "a browser does not keep a file"


async def test_a_signature_is_never_sent_again_from_a_page_that_does_not_show_what_it_signs():
    async with a_browser(World(failures={"sign": DOWN})) as browser:
        await browser.sign_in()
        fields = {"intent_id": "intent-1", "digest": "ab", "accepts_recipients": "yes"}
        page = await browser.post(f"{AT}/sign", fields)
    assert page.status_code == 503
    assert "intent-1" not in page.text


async def test_a_choice_that_a_rule_refuses_is_not_offered_again():
    async with a_browser(World(failures={"tick": RuleBroken("Le dossier est signé.")})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/release/CDC", {"is_ticked": "yes"})
    assert page.status_code == 422
    assert "Réessayer" not in page.text


async def test_a_choice_between_two_servers_can_be_sent_again():
    async with a_browser() as browser:
        await browser.sign_in()
        page, again, _ = await told(browser, f"{AT}/cells/PL.010.n", {"value": "12"}, {"resolve": BUSY}, "resolve")
    assert page.status_code == 429
    assert form_in(page, f"{AT}/cells/PL.010.n")["value"] == "12"
    assert again.status_code == 303


async def test_campaign_dates_that_a_busy_service_did_not_take_stay_in_their_fields():
    fields = {
        "document": "ER",
        "year": "2024",
        "opens_on": "2025-04-02",
        "due_on": "2025-07-16",
        "closes_on": "2025-12-30",
    }
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("campaign.manage",), "*")
        await browser.sign_in()
        drawn, _, _ = await told(browser, "/staff/campaigns", fields, {"plan": BUSY}, "plan")
        away, again, _ = await told(browser, "/staff/campaigns", fields, {"campaigns": DOWN}, "plan")
    assert fields.items() <= form_in(drawn, "/staff/campaigns").items()
    assert fields.items() <= form_in(away, "/staff/campaigns").items()
    assert (drawn.status_code, away.status_code, again.status_code) == (429, 503, 303)


async def test_the_page_that_keeps_speaks_english_too():
    async with a_browser(World(failures={"save": DOWN, "get": DOWN})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/forms/BA?lang=en", CELLS)
    assert "Cell BA.010.brut" in page.text
    assert "everything you typed or chose is still on this page" in page.text


DONE = Conflict("Cette demande vient d'être appliquée.", reason="ALREADY_APPLIED")
SENT_TWICE = [
    *((method, path, fields, world) for method, path, fields, world in WRITTEN),
    ("save", f"{AT}/forms/BA", CELLS, World),
    ("confirm", f"{AT}/import/imp-1", TICKS, World),
    ("undo", f"{AT}/steps/step-1/undo", {}, World),
    ("carry", f"{AT}/last-year", {}, World),
    ("discard_trial", f"{AT}/discard", {}, World),
    ("sign", f"{AT}/sign", {"intent_id": "i", "digest": "d", "accepts_recipients": "yes"}, World),
]


@pytest.mark.parametrize(
    ("method", "path", "fields", "world"), SENT_TWICE, ids=[one[1].rpartition(FILING_ID)[2] for one in SENT_TWICE]
)
async def test_a_form_sent_twice_leads_to_what_it_did_and_says_that_it_is_saved(method, path, fields, world):
    world = world()
    world.failures[method] = DONE
    async with a_browser(world) as browser:
        is_staff = path.startswith("/staff")
        browser.office.persons["access-director"] = (
            a_passport((*OFFICER, "campaign.manage"), "*") if is_staff else a_passport()
        )
        await browser.sign_in()
        sent = await browser.post(path, fields)
        page = await browser.get(sent.headers["location"])
    assert len(world.calls(method)) == 1
    assert (sent.status_code, page.status_code) == (303, 200)
    assert "Déjà enregistré\u00a0: le second envoi de la même demande n’a rien changé." in page.text
    assert WROTE not in form_in(page, path).values()


async def test_a_file_sent_twice_leads_to_the_files_that_are_there():
    async with a_browser(World(failures={"attach": DONE})) as browser:
        await browser.sign_in()
        fields, file = {"csrf": browser.csrf, "kind": "OTHER"}, {"file": ("a.pdf", b"x")}
        sent = await browser.http.post(f"{AT}/attachments", data=fields, files=file, headers={"origin": ORIGIN})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{AT}/attachments")


async def test_programs_are_told_that_a_repeat_was_applied():
    async with a_browser(World(failures={"move": DONE})) as browser:
        bearer = {"authorization": "Bearer access-api"}
        answer = await browser.http.post(f"/api/v1{AT}/step", json={"step": "accounting"}, headers=bearer)
    assert (answer.status_code, answer.json()["reason"]) == (409, "ALREADY_APPLIED")


UNSEEN = [
    (f"{AT}/release/CDC", {"is_ticked": "yes"}, World),
    (f"{AT}/import/imp-1", TICKS, World),
    (f"{STAFF}/review", {"state": "reliable"}, reviewed),
    (f"{AT}/step", {"step": "entry", "reason": WROTE}, World),
    (f"{AT}/cells/BA.010.brut/comments", {"text": WROTE, "is_shared": "yes"}, World),
]


@pytest.mark.parametrize(("path", "fields", "world"), UNSEEN, ids=[one[0].rpartition(FILING_ID)[2] for one in UNSEEN])
async def test_another_person_at_the_same_browser_is_offered_no_choice_of_the_first_one_that_they_cannot_see(
    path, fields, world
):
    async with a_browser(world()) as browser:
        await browser.sign_in()
        of_the_first = browser.csrf
        browser.office.persons["access-director"] = a_passport(subject="somebody else")
        await browser.sign_in()
        stale = await browser.http.post(path, data={**fields, "csrf": of_the_first}, headers={"origin": ORIGIN})
    assert stale.status_code == 403
    assert form_in(stale, path) == {}
    assert "uvrez la page de nouveau" in stale.text
    assert "/filings/" in stale.text.partition("<main")[2].partition("</main>")[0], "it leads to the page"
    assert ("Vu avec &lt;le&gt; cabinet" in stale.text) == (WROTE in fields.values())


@pytest.mark.parametrize(
    ("path", "fields", "is_told"),
    [
        (f"{AT}/set-aside/CP.380.n", {"choice": "drop", "keep_as": ""}, False),
        (f"{AT}/set-aside/CP.380.n", {"choice": "keep", "keep_as": "CP.320.n"}, True),
        ("/staff/form-sets/2024.1/move", {"to": "PUBLISHED"}, False),
        (f"{AT}/import/imp-1", {}, False),
        (f"{AT}/import/imp-1", TICKS, True),
    ],
)
async def test_a_page_says_that_it_holds_what_was_typed_or_ticked_only_where_something_was(path, fields, is_told):
    world = with_a_value_set_aside()
    world.failures |= dict.fromkeys(("choose_set_aside", "move_form_set", "confirm"), DOWN)
    async with a_browser(world) as browser:
        if path.startswith("/staff"):
            browser.office.persons["access-director"] = a_passport(("campaign.manage",), "*")
        await browser.sign_in()
        page = await browser.post(path, {**fields, "request_id": CELLS["request_id"]})
    assert page.status_code == 503
    assert ("est resté dans cette page" in page.text) == is_told


@pytest.mark.parametrize("path", [f"{AT}/import", f"{AT}/attachments", "/verify"])
async def test_a_form_that_carries_no_file_is_refused_where_a_file_is_taken(path):
    async with a_browser() as browser:
        await browser.sign_in()
        page = await browser.post(path, {"kind": "OTHER"})
        english = await browser.post(f"{path}?lang=en", {"kind": "OTHER"})
    assert page.status_code == 400
    assert "Un fichier est attendu ici." in page.text
    assert "Envoyez le formulaire en multipart/form-data." in page.text
    assert "Send the form as multipart/form-data." in english.text
