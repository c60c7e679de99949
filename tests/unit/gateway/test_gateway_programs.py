"""The JSON interface, and the partners' feeds."""

import base64
import hashlib

import pytest

from chassis.errors import Invalid, RuleBroken, ThreeParts, violation
from services.gateway.clients.answers import (
    CellEdit,
    Document,
    EntryKind,
    HeldFile,
    NoticeReason,
    ReviewState,
    Standing,
    Step,
    TransmittedFilter,
)
from tests.support.gateway import DIGEST, FILING_ID, NOW, ORIGIN, World, a_browser, an_entry

API = "/api/v1"
AT = f"{API}/filings/{FILING_ID}"
BEARER = {"authorization": "Bearer access-api"}
CDC = {"authorization": f"Basic {base64.b64encode(b'cdc:s3').decode()}"}

READS = {
    f"{API}/session": "grants",
    f"{API}/filings": "filings",
    AT: "cells",
    f"{AT}/cells/BA.010.brut/history": "versions",
    f"{AT}/imports/imp-1": "problems",
    f"{AT}/check": "findings",
    f"{AT}/adjustments": "adjustments",
    f"{AT}/release": "decisions",
    f"{AT}/receipt": "number",
    f"{AT}/deliveries": "deliveries",
    f"{AT}/activity": "activities",
    f"{API}/transmitted": "filings",
    f"{API}/transmitted/{FILING_ID}": "cells",
}


@pytest.mark.parametrize("path", READS)
async def test_programs_read_with_a_bearer_token(path):
    async with a_browser() as browser:
        answer = await browser.get(path, headers=BEARER)
        refused = await browser.get(path)
    assert answer.status_code == 200
    assert READS[path] in answer.json()
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"] == 'Bearer realm="harmonia"'


async def test_a_finding_names_the_instructions_it_rests_on():
    async with a_browser() as browser:
        report = (await browser.get(f"{AT}/check", headers=BEARER)).json()
    finding = next(one for one in report["findings"] if one["control"] == "A-06")
    assert finding["instruction"] == "/help/controls?version=2024.1#A-06"
    assert finding["line_instructions"] == ["/help/forms/BA?version=2024.1#BA.010"]
    assert finding["is_justified"] is False


async def test_a_program_learns_where_people_sign_in():
    async with a_browser() as browser:
        answer = (await browser.get(f"{API}/server")).json()
    assert (answer["server"], answer["issuer"]) == ("MIN", "https://id.example/realms/harmonia")


async def test_the_cookie_of_a_browser_opens_nothing_to_programs():
    async with a_browser() as browser:
        await browser.sign_in()
        assert (await browser.get(f"{API}/filings")).status_code == 401


async def test_a_token_is_exchanged_once_for_many_calls():
    async with a_browser() as browser:
        for _ in range(5):
            await browser.get(f"{API}/filings", headers=BEARER)
        assert browser.office.opened == 1
        browser.clock.advance(minutes=5)
        await browser.get(f"{API}/filings", headers=BEARER)
        assert browser.office.opened == 2


async def test_the_passport_itself_is_never_given_out():
    async with a_browser() as browser:
        text = (await browser.get(f"{API}/session", headers=BEARER)).text
    assert "passport-api" not in text


async def test_words_and_instants_are_plain():
    async with a_browser() as browser:
        filing = (await browser.get(AT, headers=BEARER)).json()["filing"]
    assert filing["identity"]["document"] == "ER"
    assert filing["step"] == "entry"
    assert filing["verdict"] == "to_justify"
    assert filing["changed_at"] == "2025-06-02T09:00:00Z"


async def test_each_step_of_the_story_can_be_done_by_a_program():
    async with a_browser() as browser:
        http, world = browser.http, browser.world
        http.headers.update(BEARER)
        body = {"body": "000000018", "document": "ER", "year": 2024}
        assert (await http.post(f"{API}/filings", json=body)).status_code == 201
        raw = await http.post(f"{AT}/imports?file_name=a.csv", content=b"code;colonne;valeur")
        assert raw.status_code == 201
        assert (await http.post(f"{AT}/imports", files={"file": ("b.csv", b"x")})).status_code == 201
        confirmed = await http.post(f"{AT}/imports/imp-1/confirm", json={"accept_partial": True})
        assert confirmed.json()["written"] == 414
        assert (await http.post(f"{AT}/imports/imp-1/confirm")).status_code == 200
        cells = {"cells": [{"address": "BA.010.brut", "text": "12", "base_version": 4}]}
        assert (await http.patch(f"{AT}/cells", json=cells)).status_code == 200
        text = {"control": "A-06", "text": "Une raison assez longue."}
        assert (await http.post(f"{AT}/justifications", json=text)).json() == {"verdict": "remarks"}
        assert (await http.post(f"{AT}/step", json={"step": "accounting"})).json()["step"] == "accounting"
        assert (await http.put(f"{AT}/release/CDC", json={"is_ticked": False})).json()["is_ticked"] is False
        prepared = (await http.post(f"{AT}/signature")).json()
        sign = {"digest": prepared["digest"], "accepts_recipients": True, "request_id": "r-1"}
        receipt = await http.post(f"{AT}/signature/{prepared['intent_id']}", json=sign)
        assert receipt.json()["number"] == "R-2025-000001"
        assert (await http.get(f"{AT}/container")).content == b"PK-container"
    assert world.calls("open") == [("passport-api", "000000018", Document.ER, 2024)]
    assert [call[1:3] for call in world.calls("preview")] == [("a.csv", b"code;colonne;valeur"), ("b.csv", b"x")]
    assert world.calls("save")[0][1] == (CellEdit("BA.010.brut", "12", 4),)
    assert world.calls("move") == [(FILING_ID, Step.ACCOUNTING, "")]
    assert world.calls("sign") == [("intent-1", DIGEST, True, "r-1")]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{API}/filings", {"body": "000000018", "document": "ER", "year": 2024, "step": 4}),
        ("POST", f"{API}/filings", {"body": "12", "document": "ER", "year": 2024}),
        ("PATCH", f"{AT}/cells", {"cells": [{"address": "A", "text": "1", "author": "x"}]}),
        ("PATCH", f"{AT}/cells", {"cells": []}),
        ("PATCH", f"{AT}/cells", {"cells": [{"address": "A", "text": "1", "base_version": -1}]}),
        ("PATCH", f"{AT}/cells", {"cells": [{"address": "A", "text": "1", "base_version": 2**63}]}),
        ("PATCH", f"{AT}/cells", {"cells": [{"address": "A", "text": "1", "base_version": 2**70}]}),
        ("PATCH", f"{AT}/cells", {"cells": [{"address": "A", "text": "1", "base_version": 1.5}]}),
        ("GET", f"{AT}/signed/99999999999", None),
        ("GET", f"{AT}/signed/-1", None),
        ("GET", f"{AT}/signed/{'9' * 5000}", None),
        ("GET", f"{AT}/compare?version=4294967296", None),
        ("GET", f"{AT}/compare?other_version=-1", None),
        ("GET", f"{AT}/receipt?version=2147483648", None),
        ("GET", f"{AT}/container?version=2147483648", None),
        ("GET", f"{AT}/export/csv?version=2147483648", None),
        ("GET", f"{API}/transmitted?year=99999", None),
        ("GET", f"{API}/transmitted?document=DIS", None),
        ("GET", f"{API}/transmitted?review=lost", None),
        ("GET", f"{API}/transmitted?page_size=201", None),
        ("POST", f"{AT}/step", {"step": "closed"}),
        ("POST", f"{AT}/signature/i", {"digest": "zz", "accepts_recipients": True}),
        ("POST", f"{AT}/signature/i", {"digest": DIGEST, "accepts_recipients": True, "signatory": "x"}),
    ],
)
async def test_malformed_and_unknown_json_is_refused_field_by_field(method, path, body):
    async with a_browser() as browser:
        french, english = [
            await browser.http.request(method, path, json=body, headers={**BEARER, "accept-language": language})
            for language in ("fr", "en")
        ]
        assert browser.world.asked == []
    assert french.status_code == english.status_code == 400
    for one, other in zip(french.json()["violations"], english.json()["violations"], strict=True):
        assert all((one["what"], one["where"], one["how"], other["what"], other["where"], other["how"]))
        assert one["what"] != other["what"]


@pytest.mark.parametrize(
    "content", [b"{", b'{"cells": [{"address": "A", "text": "\\ud800"}]}', b"\xff\xfe", b"[]", b"1e999"]
)
async def test_what_is_no_sensible_json_is_refused(content):
    async with a_browser() as browser:
        headers = {**BEARER, "content-type": "application/json"}
        answer = await browser.http.request("PATCH", f"{AT}/cells", content=content, headers=headers)
        assert browser.world.asked == []
    assert answer.status_code == 400


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_a_program_gets_what_where_and_how_in_the_language_it_asks_for(language):
    told = {"fr": ThreeParts("Quoi.", "Où.", "Comment."), "en": ThreeParts("What.", "Where.", "How.")}
    refusal = Invalid(violations=[violation("BA.020.brut", "F-01", told["fr"], told["en"])], reason="CELLS_REFUSED")
    async with a_browser(World(failures={"save": refusal})) as browser:
        body = {"cells": [{"address": "BA.020.brut", "text": "1.234", "base_version": 0}]}
        headers = {**BEARER, "accept-language": language}
        answer = await browser.http.request("PATCH", f"{AT}/cells", json=body, headers=headers)
    (found,) = answer.json()["violations"]
    expected = told[language]
    assert found == {
        "field": "BA.020.brut",
        "description": str(expected),
        "reason": "F-01",
        "what": expected.what,
        "where": expected.where,
        "how": expected.how,
    }


async def test_programs_look_for_transmitted_filings_page_by_page():
    async with a_browser(World(transmitted_after=FILING_ID)) as browser:
        asked = f"year=2023&body=Office&document=QDIS&step=review&review=asked&page_token={FILING_ID}&page_size=2"
        answer = await browser.get(f"{API}/transmitted?{asked}", headers=BEARER)
    wanted = TransmittedFilter("Office", Document.QDIS, 2023, Step.REVIEW, ReviewState.ASKED)
    assert browser.world.calls("transmitted") == [(wanted, FILING_ID, 2)]
    assert answer.json()["next_page_token"] == FILING_ID
    assert len(answer.json()["filings"]) == 1


async def test_the_interface_is_described():
    async with a_browser() as browser:
        paths = (await browser.get("/api/openapi.json")).json()["paths"]
    assert f"{API}/filings/{{filing_id}}/imports" in paths
    assert "/feeds/{document}" in paths
    assert "/filings/{filing_id}/sign" not in paths


async def test_a_partner_reads_its_own_feed_in_order():
    async with a_browser(World(entries={"CDC": (an_entry(1), an_entry(2))})) as browser:
        page = await browser.get("/feeds/er?after=0&limit=10", headers=CDC)
        rest = await browser.get(page.json()["next"], headers=CDC)
        again = await browser.get("/feeds/er?after=0&limit=10", headers={**CDC, "if-none-match": page.headers["etag"]})
    first = page.json()["entries"][0]
    assert [entry["sequence"] for entry in page.json()["entries"]] == [1, 2]
    assert first["content_digest"] == DIGEST
    assert first["signature"]["container_sha256"] == "cd" * 32
    assert first["links"]["container"] == "/feeds/deliveries/delivery-1"
    assert rest.json()["entries"] == []
    assert (again.status_code, again.content) == (304, b"")
    assert browser.world.calls("feed")[0] == ("partner:CDC", 0, 10, Document.ER)


async def test_a_partner_fetches_and_acknowledges():
    async with a_browser(World(entries={"CDC": (an_entry(1),)})) as browser:
        fetched = await browser.get("/feeds/deliveries/delivery-1", headers=CDC)
        taken = await browser.http.post("/feeds/deliveries/delivery-1/ack", headers=CDC)
    digest = base64.b64encode(hashlib.sha256(fetched.content).digest()).decode()
    assert fetched.headers["digest"] == f"sha-256={digest}"
    assert fetched.headers["content-disposition"].startswith("attachment")
    assert taken.json()["delivery_id"] == "delivery-1"


NOTICE = {
    "delivery_id": "notice-2",
    "kind": EntryKind.SUSPENSION,
    "standing": Standing.SUSPENDED,
    "concerns": "delivery-1",
    "reason": NoticeReason.REOPENED,
    "since": NOW,
}


async def test_a_notice_names_a_version_a_reason_and_a_date_and_has_no_container():
    entries = (an_entry(1, standing=Standing.SUSPENDED), an_entry(2, **NOTICE))
    async with a_browser(World(entries={"CDC": entries})) as browser:
        page = await browser.get("/feeds/er", headers=CDC)
    release, notice = page.json()["entries"]
    assert release["links"]["container_as_suspended"] == "/feeds/deliveries/delivery-1?accepts_suspended=true"
    assert (notice["kind"], notice["version"], notice["concerns"]) == ("suspension", 1, "delivery-1")
    assert (notice["reason"], notice["since"]) == ("reopened", "2025-06-02T09:00:00Z")
    assert notice["links"] == {"acknowledge": "/feeds/deliveries/notice-2/ack"}
    assert "signature" not in notice


async def test_a_correction_says_what_it_replaces():
    replacing = an_entry(3, version=2, supersedes="delivery-1", replaced_version=1, replaced_digest="ef" * 32)
    async with a_browser(World(entries={"CDC": (replacing,)})) as browser:
        (entry,) = (await browser.get("/feeds/er", headers=CDC)).json()["entries"]
    assert (entry["kind"], entry["replaced_version"], entry["replaced_digest"]) == ("release", 1, "ef" * 32)


async def test_a_suspended_version_is_asked_for_as_such():
    suspended = an_entry(1, standing=Standing.SUSPENDED)
    world = World(entries={"CDC": (suspended,)}, failures={"fetch": RuleBroken(reason="DISPATCH_SUSPENDED")})
    async with a_browser(world) as browser:
        refused = await browser.get("/feeds/deliveries/delivery-1", headers=CDC)
        world.failures.clear()
        given = await browser.get("/feeds/deliveries/delivery-1?accepts_suspended=true", headers=CDC)
    assert (refused.status_code, refused.json()["reason"]) == (422, "DISPATCH_SUSPENDED")
    assert "accepts_suspended=true" in refused.json()["detail"]
    assert given.headers["harmonia-standing"] == "suspended"
    assert [call[2] for call in world.calls("fetch")] == [False, True]


async def test_what_is_not_theirs_does_not_exist():
    async with a_browser(World(entries={"CGLLS": (an_entry(1),)})) as browser:
        feed = await browser.get("/feeds/er", headers=CDC)
        entry = await browser.get("/feeds/deliveries/delivery-1", headers=CDC)
        nothing = await browser.get("/feeds/deliveries/delivery-9", headers=CDC)
    assert feed.json()["entries"] == []
    assert entry.status_code == 404
    assert {**entry.json(), "instance": "", "trace_id": ""} == {**nothing.json(), "instance": "", "trace_id": ""}


@pytest.mark.parametrize("header", ["", "Basic !!!", "Basic Y2Rj", f"Basic {base64.b64encode(b'cdc:no').decode()}"])
async def test_wrong_credentials_open_no_feed(header):
    async with a_browser() as browser:
        answer = await browser.get("/feeds/er", headers={"authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Basic realm="harmonia"'


async def test_a_poll_is_not_a_login():
    async with a_browser() as browser:
        for _ in range(5):
            await browser.get("/feeds/qdis", headers=CDC)
    assert browser.office.opened == 1


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=501", "after=x"])
async def test_a_nonsense_cursor_is_malformed(query):
    async with a_browser() as browser:
        assert (await browser.get(f"/feeds/er?{query}", headers=CDC)).status_code == 400


async def test_anybody_may_verify_a_container():
    async with a_browser() as browser:
        page = await browser.http.post("/verify", files={"file": ("a.asice", b"PK")}, headers={"origin": ORIGIN})
        empty = await browser.http.post("/verify", files={"other": (None, "x")}, headers={"origin": ORIGIN})
    assert "a.asice\u00a0: Signature valable" in page.text
    assert "Tout est bon." in page.text
    assert browser.world.calls("verify") == [("", b"PK")]
    assert "rapport.pdf" in page.text
    assert "ef" * 32 in page.text
    assert empty.status_code == 400


async def test_an_attached_file_is_compared_by_its_digest_alone():
    files = {"file": ("a.asice", b"PK"), "beside": ("rapport.pdf", b"%PDF")}
    async with a_browser() as browser:
        page = await browser.http.post("/verify", files=files, headers={"origin": ORIGIN})
        english = await browser.http.post("/verify?lang=en", files=files, headers={"origin": ORIGIN})
        strange = await browser.http.post("/verify", files={"other": ("a", b"PK")}, headers={"origin": ORIGIN})
    assert browser.world.calls("verify")[0] == (
        "",
        b"PK",
        HeldFile("rapport.pdf", 4, hashlib.sha256(b"%PDF").hexdigest()),
    )
    assert "rapport.pdf est bien une pièce jointe couverte par la signature" in page.text
    assert "rapport.pdf is an attached file that the signature covers" in english.text
    assert strange.status_code == 400


async def test_the_probes_answer():
    async with a_browser() as browser:
        assert (await browser.get("/healthz")).text == "ok\n"
        assert (await browser.get("/readyz", headers={"host": "10.0.0.1"})).status_code == 200
