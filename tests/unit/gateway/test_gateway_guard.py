"""What protects people: headers, forgery, limits, sessions, escaping."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    Unavailable,
    Violation,
)
from chassis.rpc.failures import InternalFailure
from services.gateway.clients.answers import CellEdit, FiledCell, Origin, Sentence
from services.gateway.web.visit import safe_path
from tests.support.gateway import (
    FILING_ID,
    ORIGIN,
    World,
    a_browser,
    a_decision,
    a_filing,
    a_finding,
    an_identity,
)

AT = f"/filings/{FILING_ID}"
CHANGES = (
    "/filings",
    "/auth/logout",
    f"{AT}/step",
    f"{AT}/forms/BA",
    f"{AT}/import/imp-1",
    f"{AT}/remarks/A-06",
    f"{AT}/release/CDC",
    f"{AT}/sign",
    f"{AT}/cells/BA.010.brut",
)


async def test_every_answer_carries_the_safe_headers():
    async with a_browser() as browser:
        await browser.sign_in()
        answers = [await browser.get(path) for path in ("/", AT, "/nowhere", "/api/v1/filings", "/healthz")]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy, "our own file and no other"
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", CHANGES)
async def test_a_form_without_its_secret_changes_nothing(path):
    async with a_browser() as browser:
        await browser.sign_in()
        before = list(browser.world.asked)
        for secret in ("", "guess"):
            answer = await browser.http.post(path, data={"csrf": secret}, headers={"origin": ORIGIN})
            assert answer.status_code == 403
        assert browser.world.asked == before


@pytest.mark.parametrize("path", CHANGES)
@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "https://evil.example"}, {"origin": "null"}, {"origin": ORIGIN, "sec-fetch-site": "cross-site"}],
)
async def test_another_site_changes_nothing(path, headers):
    async with a_browser() as browser:
        await browser.sign_in()
        before = list(browser.world.asked)
        answer = await browser.http.post(path, data={"csrf": browser.csrf}, headers=headers)
        assert answer.status_code == 403
        assert browser.world.asked == before


@pytest.mark.parametrize("path", [*CHANGES, f"{AT}/import"])
async def test_nobody_changes_anything_without_signing_in(path):
    async with a_browser() as browser:
        answer = await browser.http.post(path, data={"csrf": ""}, headers={"origin": ORIGIN})
    assert answer.status_code == 401


async def test_repeated_and_unknown_fields_are_refused():
    async with a_browser() as browser:
        await browser.sign_in()
        path = f"{AT}/step"
        twice = f"csrf={browser.csrf}&step=accounting&step=signature"
        kind = {"origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
        assert (await browser.http.post(path, content=twice, headers=kind)).status_code == 400
        assert (await browser.post(path, {"step": "accounting", "verdict": "clean"})).status_code == 400
        assert browser.world.calls("move") == []


async def test_cookies_are_for_this_host_only_and_the_session_id_changes_at_login():
    async with a_browser() as browser:
        await browser.sign_in()
        first = browser.http.headers["cookie"]
        sent = await browser.get("/auth/login")
        browser.keep(sent)
        state = sent.headers["location"].partition("state=")[2].partition("&")[0]
        back = await browser.get(f"/auth/callback?state={state}&code=good")
        cookie = next(c for c in back.headers.get_list("set-cookie") if c.startswith("__Host-harmonia-min="))
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(cookie.split("; "))
        old = re.search(r"__Host-harmonia-min=([^;]+)", first)[1]
        assert old not in cookie
        browser.http.headers["cookie"] = f"__Host-harmonia-min={old}"
        assert (await browser.get(AT)).status_code == 401


async def test_a_login_begun_elsewhere_cannot_be_finished_here():
    async with a_browser() as browser:
        sent = await browser.get("/auth/login")
        state = sent.headers["location"].partition("state=")[2].partition("&")[0]
        assert (await browser.get(f"/auth/callback?state={state}&code=good")).status_code == 401


async def test_a_login_answer_serves_once():
    async with a_browser() as browser:
        sent = await browser.get("/auth/login")
        browser.keep(sent)
        state = sent.headers["location"].partition("state=")[2].partition("&")[0]
        assert (await browser.get(f"/auth/callback?state={state}&code=good")).status_code == 303
        assert (await browser.get(f"/auth/callback?state={state}&code=good")).status_code == 401


async def test_a_passport_is_renewed_before_it_ends_and_once_for_many_requests():
    import asyncio

    async with a_browser() as browser:
        await browser.sign_in()
        browser.clock.advance(minutes=4, seconds=45)
        answers = await asyncio.gather(*(browser.get(AT) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert browser.provider.refreshed == 1


async def test_a_session_that_the_provider_ended_must_sign_in_again():
    async with a_browser() as browser:
        await browser.sign_in()
        browser.provider.is_over = True
        browser.clock.advance(minutes=6)
        assert (await browser.get(AT)).status_code == 401


async def test_an_idle_session_ends():
    async with a_browser() as browser:
        await browser.sign_in()
        browser.clock.advance(minutes=61)
        assert (await browser.get(AT)).status_code == 401


async def test_signing_out_ends_the_session_here_and_at_the_provider():
    async with a_browser() as browser:
        await browser.sign_in()
        gone = await browser.post("/auth/logout")
        assert gone.headers["location"].startswith("https://id.example/logout?id_token_hint=")
        assert (await browser.get(AT)).status_code == 401


@pytest.mark.parametrize("path", ["//evil.example", "https://evil.example", "/\\evil.example", "\\/evil", "x", "/a\nb"])
def test_nothing_leads_to_another_site(path):
    assert safe_path(path) == "/"


async def test_a_file_too_large_is_refused_with_a_page():
    async with a_browser(largest_upload=1000) as browser:
        await browser.sign_in()
        answer = await browser.http.post(
            f"{AT}/import",
            data={"csrf": browser.csrf},
            files={"file": ("big.csv", b"x" * 200_000)},
            headers={"origin": ORIGIN},
        )
        assert browser.world.calls("preview") == []
    assert answer.status_code == 413
    assert "Fichier trop volumineux" in answer.text


async def test_a_file_too_large_is_refused_while_it_streams():
    async def stream():
        for _ in range(100):
            yield b"x" * 10_000

    async with a_browser(largest_upload=1000) as browser:
        answer = await browser.http.post(
            f"/api/v1/filings/{FILING_ID}/imports", content=stream(), headers={"authorization": "Bearer access-api"}
        )
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_multipart_bomb_is_refused():
    parts = {f"f{n}": (None, "x") for n in range(200)}
    async with a_browser() as browser:
        await browser.sign_in()
        answer = await browser.http.post(f"{AT}/import", files=parts, headers={"origin": ORIGIN})
    assert answer.status_code == 400


async def test_another_host_name_is_led_to_the_one_whose_cookies_hold():
    async with a_browser() as browser:
        led = await browser.get("/help/controls?version=2024.1", headers={"host": "localhost:8080"})
        posted = await browser.http.post("/verify", headers={"host": "evil.example", "origin": ORIGIN})
    assert led.status_code == 307
    assert led.headers["location"] == f"{ORIGIN}/help/controls?version=2024.1"
    assert posted.status_code == 421


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Invalid(), 400),
        (Unauthenticated(), 401),
        (Forbidden(), 403),
        (NotFound(), 404),
        (AlreadyExists(), 409),
        (RuleBroken("Le dossier n'est plus en saisie."), 422),
        (Conflict(), 409),
        (Exhausted(), 429),
        (Unavailable(), 503),
        (InternalFailure("secret detail"), 500),
        (ValueError("secret detail"), 500),
    ],
)
async def test_each_meaning_of_failure_has_its_page_and_its_problem(failure, status):
    async with a_browser(World(failures={"get": failure})) as browser:
        await browser.sign_in()
        page = await browser.get(AT)
        problem = await browser.get(f"/api/v1{AT}", headers={"authorization": "Bearer access-api"})
    assert (page.status_code, problem.status_code) == (status, status)
    assert "<h1>" in page.text
    assert problem.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "reason", "instance", "trace_id"} <= set(problem.json())
    assert "secret detail" not in page.text + problem.text
    assert ("retry-after" in page.headers) == (status in {429, 503})


async def test_french_pages_say_generic_failures_in_french():
    async with a_browser(World(failures={"get": NotFound()})) as browser:
        await browser.sign_in()
        page = await browser.get(AT)
    assert "Rien à cette adresse." in page.text


async def test_a_signature_without_a_fresh_proof_leads_to_the_proof():
    failure = Unauthenticated("Pour signer…", reason="REAUTHENTICATION_TOO_OLD")
    async with a_browser(World(failures={"sign": failure})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/sign", {"intent_id": "i", "digest": "d", "accepts_recipients": "yes"})
    assert page.status_code == 401
    assert "again=1" in page.text


async def test_saved_cells_are_those_changed_with_the_version_seen():
    async with a_browser() as browser:
        await browser.sign_in()
        fields = {
            "cell:BA.010.brut": "1\u202f234\u202f567",
            "was:BA.010.brut": "4:1\u202f234\u202f567",
            "cell:BA.020.brut": "12,5",
            "was:BA.020.brut": "0:",
        }
        answer = await browser.post(f"{AT}/forms/BA", {**fields, "request_id": "r-1"})
        page = await browser.get(f"{AT}/forms/BA")
    assert answer.status_code == 303
    assert browser.world.calls("save") == [(FILING_ID, (CellEdit("BA.020.brut", "12,5", 0),), "r-1")]
    assert "1 case enregistrée. Contrôles non respectés par ces cases\u00a0: A-06." in page.text


async def test_a_refused_amount_stays_in_the_field_with_the_reason_beside_it():
    violation = Violation("BA.020.brut", "Montant ambigu : 1234,56 ou 1,23456 ?", "F-08")
    refusal = Invalid("Une case est refusée : rien n'a été enregistré.", violations=[violation], reason="CELLS_REFUSED")
    async with a_browser(World(failures={"save": refusal})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/forms/BA", {"cell:BA.020.brut": "1.234,56", "was:BA.020.brut": "0:"})
    assert page.status_code == 400
    assert 'value="1.234,56"' in page.text
    assert 'id="cell-BA.020.brut-error">Montant ambigu' in page.text
    assert 'aria-invalid="true"' in page.text
    assert 'aria-describedby="cell-BA.020.brut-error"' in page.text


async def test_a_cell_changed_by_somebody_else_shows_both_values():
    violation = Violation("BA.010.brut", "Camille Compte a saisi « 1234567 ».", "version=4")
    lost = Conflict("Modifié entre-temps.", violations=[violation], reason="CELLS_CHANGED")
    async with a_browser(World(failures={"save": lost})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/forms/BA", {"cell:BA.010.brut": "99", "was:BA.010.brut": "3:1"})
    assert page.status_code == 409
    assert 'value="99"' in page.text
    assert "Valeur enregistrée entre-temps\u00a0: 1\u202f234\u202f567, par Camille Compte" in page.text
    assert 'value="4:1\u202f234\u202f567"' in page.text


async def test_an_import_refused_whole_is_explained_beside_the_input():
    refusal = Invalid("Ce fichier concerne un autre organisme.", reason="IMPORT_REFUSED")
    async with a_browser(World(failures={"preview": refusal})) as browser:
        await browser.sign_in()
        page = await browser.http.post(
            f"{AT}/import",
            data={"csrf": browser.csrf},
            files={"file": ("../../a\x00b.csv", b"x")},
            headers={"origin": ORIGIN},
        )
    assert page.status_code == 400
    assert "Ce fichier concerne un autre organisme." in page.text
    assert 'aria-invalid="true"' in page.text


async def test_what_is_downloaded_is_saved_under_a_safe_name():
    async with a_browser() as browser:
        await browser.sign_in()
        container = await browser.get(f"{AT}/receipt/container")
        receipt = await browser.get(f"{AT}/receipt/receipt.json")
    assert re.fullmatch(r'attachment; filename="[\w.-]+\.asice"', container.headers["content-disposition"])
    assert "\n" not in container.headers["content-disposition"]
    assert receipt.json()["number"] == "R-2025-000001"


_HOSTILE = st.text(alphabet=st.sampled_from("<>\"'&/=`{}%\\ axi\n"), min_size=1, max_size=40)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_HOSTILE)
async def test_no_text_of_anybody_becomes_markup(text):
    hostile = f'"><script>{text}</script><b onclick="'
    world = World(
        filing=a_filing(an_identity(body_name=hostile), opened_by=hostile, receipt_number=hostile, signed_version=1),
        cells=(
            FiledCell("ID.060.v", hostile, 1, Origin.IMPORTED, hostile, None, hostile, 3, hostile),
            FiledCell("BA.010.brut", hostile, 1, Origin.TYPED, hostile),
        ),
        findings=(a_finding(message=Sentence(hostile, hostile)),),
        decisions=(a_decision(recipient_name=hostile, reason=Sentence(hostile), decided_by=hostile),),
        obstacles=(Sentence(hostile),),
    )
    async with a_browser(world) as browser:
        await browser.sign_in()
        for path in (
            "/",
            AT,
            f"{AT}/forms/ID",
            f"{AT}/forms/BA",
            f"{AT}/remarks",
            f"{AT}/release",
            f"{AT}/sign",
            "/staff",
        ):
            answer = await browser.get(path)
            assert answer.status_code == 200, path
            assert answer.text.count("<script") <= 1, "our own file and no other"
            assert "<b onclick" not in answer.text
