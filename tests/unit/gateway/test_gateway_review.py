"""Steps 4 to 6 on the pages and in the JSON interface: what officers are offered, what the body is offered and told."""

from dataclasses import replace

import pytest

from chassis.errors import Forbidden, RuleBroken, Violation
from services.gateway.clients.answers import CellToReview, ReturnRequest, Review, ReviewState, Step
from tests.support.gateway import FILING_ID, NOW, World, a_browser, a_filing, a_passport
from tests.support.hosting import OFFICER

AT, STAFF = f"/filings/{FILING_ID}", f"/staff/filings/{FILING_ID}"
API = f"/api/v1/filings/{FILING_ID}"
BEARER = {"authorization": "Bearer access-api"}
QUESTION = "Pourquoi <cette> hausse ?"
PENDING = ReturnRequest("Erreur de saisie", "Dominique Direction", NOW)
REFUSED = replace(PENDING, refusal="Trop tard", refused_by="Alex Agent", refused_at=NOW)


NEXT = {
    ReviewState.WAITING: (ReviewState.IN_PROGRESS, ReviewState.ASKED, ReviewState.RELIABLE),
    ReviewState.ASKED: (ReviewState.ANSWERED, ReviewState.IN_PROGRESS, ReviewState.ASKED),
    ReviewState.RELIABLE: (ReviewState.IN_PROGRESS, ReviewState.ASKED),
}
"""As `forms` says them."""


def sent(state=ReviewState.WAITING, step=Step.REVIEW, **other):
    question = QUESTION if state is ReviewState.ASKED else ""
    review = Review(state, "Alex Agent", NOW, question, next_states=NEXT.get(state, ()))
    return World(filing=a_filing(step=step, signed_version=1, review=review, **other))


async def staff_page(world, path="", permissions=OFFICER):
    async with a_browser(world) as browser:
        browser.office.persons["access-director"] = a_passport(permissions, "*")
        await browser.sign_in()
        return (await browser.get(STAFF + path)).text


async def body_page(world, path="", **passport):
    async with a_browser(world) as browser:
        if passport:
            browser.office.persons["access-director"] = a_passport(**passport)
        await browser.sign_in()
        return (await browser.get(AT + path)).text


# Officers


OFFERS = {
    "review": "/review",
    "close": "/close",
    "return": "/return",
    "decide": "/return-request",
    "archive": "/archive",
}
OFFERED = [
    (sent(), {"review", "return"}),
    (sent(ReviewState.ASKED), {"review", "return"}),
    (sent(ReviewState.RELIABLE), {"review", "return", "close"}),
    (sent(step=Step.CLOSED), {"archive"}),
    (sent(step=Step.CLOSED, return_request=PENDING), {"archive", "decide"}),
    (sent(step=Step.CLOSED, return_request=REFUSED), {"archive"}),
    (sent(step=Step.ARCHIVED), set()),
    (sent(step=Step.ENTRY), set()),
]


@pytest.mark.parametrize(("world", "offers"), OFFERED, ids=range(len(OFFERED)))
async def test_an_officer_is_offered_what_the_step_allows(world, offers):
    page = await staff_page(world)

    assert {name for name, path in OFFERS.items() if f'action="{STAFF}{path}"' in page} == offers


@pytest.mark.parametrize("world", [world for world, _ in OFFERED])
async def test_a_clerk_is_offered_nothing(world):
    page = await staff_page(world, permissions=("staff.read",))

    assert f'action="{STAFF}' not in page
    assert "R-2025-000001" in page


async def test_the_review_page_speaks_both_languages():
    world = sent(ReviewState.ASKED, step=Step.REVIEW)
    french, english = await staff_page(world), await staff_page(world, "?lang=en")

    assert "Question de l’autorité" in french
    assert "Pourquoi &lt;cette&gt; hausse ?" in french
    assert "Version 1 signée." in french
    assert "Move the review on" in english
    assert "Version 1 signed." in english


async def test_officers_act_and_what_they_sent_arrives():
    async with a_browser(sent(ReviewState.RELIABLE)) as browser:
        browser.office.persons["access-director"] = a_passport(OFFICER, "*")
        await browser.sign_in()
        asked = {"state": "asked", "text": QUESTION, "cells": "BA.010.brut, PL.010.n"}
        for path, fields in (
            ("/review", asked),
            ("/close", {}),
            ("/return", {"reason": "Bilan à revoir", "cells": "BA.010.brut"}),
            ("/return-request", {"decision": "refuse", "reason": "Trop tard"}),
            ("/return-request", {"decision": "accept", "reason": ""}),
            ("/archive", {}),
        ):
            assert (await browser.post(STAFF + path, fields)).headers["location"] == STAFF
        unknown = await browser.post(f"{STAFF}/return-request", {"decision": "maybe", "reason": ""})
    calls = browser.world.calls
    assert calls("review") == [(FILING_ID, ReviewState.ASKED, QUESTION, ("BA.010.brut", "PL.010.n"))]
    assert (calls("close"), calls("archive")) == ([FILING_ID], [FILING_ID])
    assert calls("reopen") == [(FILING_ID, "Bilan à revoir", ("BA.010.brut",))]
    assert calls("decide_return") == [(FILING_ID, "Trop tard", False), (FILING_ID, "", True)]
    assert unknown.status_code == 400


async def test_a_refused_question_stays_in_view():
    violation = Violation("ZZ.1.n", "Cette case n'est pas de ce document.", "F-24")
    world = sent()
    world.failures["review"] = RuleBroken("Rien n'est demandé.", violations=[violation])
    async with a_browser(world) as browser:
        browser.office.persons["access-director"] = a_passport(OFFICER, "*")
        await browser.sign_in()
        page = await browser.post(f"{STAFF}/review", {"state": "asked", "text": QUESTION, "cells": "ZZ.1.n"})
    assert page.status_code == 422
    assert "Pourquoi &lt;cette&gt; hausse ?</textarea>" in page.text
    assert "ZZ.1.n" in page.text
    assert '<option value="asked" selected>' in page.text


async def test_officers_compare_signed_versions_and_follow_cells():
    page = await staff_page(sent(), f"/compare?version=1&other={FILING_ID}:1&cells=BA.010.brut")

    assert f'value="{FILING_ID}:0"' not in page, "a draft is offered to nobody"
    assert "D’année en année" in page
    assert "Différences\N{NO-BREAK SPACE}: 1 case." in page


async def test_officers_comment_for_the_body_to_read():
    async with a_browser(sent()) as browser:
        browser.office.persons["access-director"] = a_passport(OFFICER, "*")
        await browser.sign_in()
        page = await browser.get(f"{STAFF}/comments?cell=BA.010.brut")
        await browser.post(f"{STAFF}/comments", {"address": "BA.010.brut", "text": " Vu. "})
    assert "À revoir avec le &lt;CAC&gt;." in page.text
    assert browser.world.calls("comment") == [(FILING_ID, "BA.010.brut", "Vu.", False, True)]


async def test_an_archived_filing_takes_no_comment():
    assert f'action="{STAFF}/comments"' not in await staff_page(sent(step=Step.ARCHIVED), "/comments")
    assert '/comments"' not in await body_page(sent(step=Step.ARCHIVED), "/cells/BA.010.brut")


# The body


async def test_the_body_is_told_of_the_question_and_answers():
    async with a_browser(sent(ReviewState.ASKED)) as browser:
        await browser.sign_in()
        page = (await browser.get(AT)).text
        await browser.post(f"{AT}/review/answer", {"text": "Deux acquisitions."})
    assert "Répondre à la question de l’autorité\N{NO-BREAK SPACE}: Pourquoi &lt;cette&gt; hausse ?" in page
    assert "Ce qui reste à faire (1)" in " ".join(page.split())
    assert browser.world.calls("answer_review") == [(FILING_ID, "Deux acquisitions.")]


async def test_a_reader_is_told_of_the_question_and_not_offered_to_answer():
    page = await body_page(sent(ReviewState.ASKED), permissions=("filing.read",))

    assert "L’autorité demande\N{NO-BREAK SPACE}: Pourquoi" in page
    assert f'action="{AT}/review/answer"' not in page


@pytest.mark.parametrize(
    ("world", "sentence"),
    [
        (sent(), "Rien\N{NO-BREAK SPACE}: le dossier est signé et transmis."),
        (sent(step=Step.CLOSED), "Rien\N{NO-BREAK SPACE}: le dossier est clôturé."),
        (sent(step=Step.ARCHIVED), "Rien\N{NO-BREAK SPACE}: le dossier est archivé, en lecture seule."),
    ],
    ids=["sent", "closed", "archived"],
)
async def test_nothing_is_left_to_do_when_nobody_asks(world, sentence):
    page = await body_page(world)

    assert sentence in page
    assert "Ce qui reste à faire (0)" in " ".join(page.split())


async def test_the_body_asks_for_a_closed_filing_back_and_reads_the_refusal():
    offered = await body_page(sent(step=Step.CLOSED))
    waiting = await body_page(sent(step=Step.CLOSED, return_request=PENDING))
    refused = await body_page(sent(step=Step.CLOSED, return_request=REFUSED))
    async with a_browser(sent(step=Step.CLOSED)) as browser:
        await browser.sign_in()
        await browser.post(f"{AT}/return-request", {"reason": "Erreur de saisie"})

    form = f'action="{AT}/return-request"'
    assert [form in page for page in (offered, waiting, refused)] == [True, False, True]
    assert "La décision de l’autorité est attendue." in waiting
    assert "Trop tard" in refused
    assert browser.world.calls("request_return") == [(FILING_ID, "Erreur de saisie")]


async def test_cells_to_look_at_again_are_left_to_do_with_who_asks_and_why():
    cells = tuple(CellToReview(f"BA.{n:03d}.brut", "À revoir", "Alex Agent", NOW) for n in range(10, 230, 10))
    page = await body_page(World(filing=a_filing(to_review=cells)))

    assert f'<a href="{AT}/cells/BA.010.brut">Revoir BA.010.brut\N{NO-BREAK SPACE}: À revoir (Alex Agent)</a>' in page
    assert page.count("Revoir BA.") == 20
    assert "Revoir encore 2 cases." in page


async def test_a_return_may_name_cells():
    async with a_browser(World(filing=a_filing(step=Step.ACCOUNTING))) as browser:
        await browser.sign_in()
        page = (await browser.get(AT)).text
        fields = {"step": "entry", "reason": "À revoir", "cells": "BA.010.brut PL.010.n"}
        await browser.post(f"{AT}/step", fields)
    assert 'name="cells"' in page
    assert browser.world.calls("move") == [(FILING_ID, Step.ENTRY, "À revoir", "BA.010.brut", "PL.010.n")]


# Programs


async def test_programs_do_what_pages_do():
    async with a_browser(sent()) as browser:
        browser.http.headers.update(BEARER)
        http = browser.http
        asked = {"state": "asked", "text": QUESTION, "cells": ["BA.010.brut"]}
        reviewed = (await http.post(f"{API}/review", json=asked)).json()
        answers = [
            await http.post(f"{API}/review/answer", json={"text": "Deux acquisitions."}),
            await http.post(f"{API}/close"),
            await http.post(f"{API}/return-request", json={"reason": "Erreur"}),
            await http.post(f"{API}/return-request/decision", json={"is_accepted": False, "reason": "Trop tard"}),
            await http.post(f"{API}/archive", json={"request_id": "r-1"}),
            await http.get(f"{API}/comments"),
        ]
        commented = await http.post(f"{API}/comments", json={"address": "BA.010.brut", "text": "Vu."})
        wrong = await http.post(f"{API}/review", json={"state": "waiting"})
    assert reviewed["review"]["state"] == "asked"
    assert [answer.status_code for answer in answers] == [200] * 6
    assert (commented.status_code, wrong.status_code) == (201, 400)
    assert browser.world.calls("decide_return") == [(FILING_ID, "Trop tard", False)]


async def test_the_series_of_a_transmitted_filing_is_read_by_officers():
    world = sent()
    world.failures["get"] = Forbidden()
    async with a_browser(world) as browser:
        found = await browser.get(f"{API}/series", params={"cells": "BA.010.brut"}, headers=BEARER)
    assert found.status_code == 200
    assert world.calls("get_transmitted") == [FILING_ID]


@pytest.mark.parametrize(
    ("method", "path", "world", "fields"),
    [
        ("answer_review", "review/answer", sent(ReviewState.ASKED), {"text": "Deux <acquisitions>."}),
        ("request_return", "return-request", sent(step=Step.CLOSED), {"reason": "Deux <acquisitions>."}),
    ],
)
async def test_what_the_body_wrote_stays_in_view_when_it_is_refused(method, path, world, fields):
    world.failures[method] = RuleBroken("Rien n'est demandé.")
    async with a_browser(world) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/{path}", fields)
    assert page.status_code == 422
    assert "Deux &lt;acquisitions&gt;." in page.text
    assert "Rien n&#39;est demandé." in page.text


async def test_officers_read_the_attachments_that_were_signed():
    page = await staff_page(sent(), "/attachments")

    assert "Les pièces de la version signée" in page
    assert f'href="{STAFF}/attachments/' in page
