"""Comments and flags on cells, PDFs attached, one body given more time."""

from dataclasses import replace

import pytest

from chassis.errors import Invalid, RuleBroken, Violation
from services.gateway.clients.answers import Document, Step
from tests.support.gateway import FILING_ID, NOW, ORIGIN, SIREN, World, a_browser, a_filing, a_passport, an_attachment

AT = f"/filings/{FILING_ID}"


async def test_a_cell_shows_its_comments_escaped_and_its_form_marks_it():
    async with a_browser() as browser:
        await browser.sign_in()
        cell = (await browser.get(f"{AT}/cells/BA.010.brut")).text
        form = (await browser.get(f"{AT}/forms/BA")).text
        english = (await browser.get(f"{AT}/forms/BA?lang=en")).text
    assert "À revoir avec le &lt;CAC&gt;." in cell
    assert 'name="is_flagged" value="yes" checked' in cell
    assert f'href="{AT}/cells/BA.010.brut#comments">⚑ à suivre, 1 commentaire<' in form
    assert "⚑ to follow, 1 comment" in english


async def test_the_flag_of_a_cell_of_the_year_before_says_that_it_was_restated():
    async with a_browser() as browser:
        await browser.sign_in()
        cell = (await browser.get(f"{AT}/cells/BA.010.n1")).text
        english = (await browser.get(f"{AT}/cells/BA.010.n1?lang=en")).text
    assert "Retraitement voulu" in cell
    assert "⚑ retraitée" in cell
    assert "Restated on purpose" in english


async def test_a_comment_is_kept_with_its_flag():
    async with a_browser() as browser:
        await browser.sign_in()
        sent = await browser.post(f"{AT}/cells/BA.010.brut/comments", {"text": " Vu. ", "is_flagged": "yes"})
        await browser.post(f"{AT}/cells/BA.010.brut/comments", {"text": "", "is_shared": "yes"})
    assert sent.headers["location"] == f"{AT}/cells/BA.010.brut#comments"
    assert browser.world.calls("comment") == [
        (FILING_ID, "BA.010.brut", "Vu.", True, False),
        (FILING_ID, "BA.010.brut", "", False, True),
    ]


async def test_a_reader_may_read_comments_and_attachments_only():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("filing.read",))
        await browser.sign_in()
        cell = (await browser.get(f"{AT}/cells/BA.010.brut")).text
        attached = (await browser.get(f"{AT}/attachments")).text
    assert '/comments"' not in cell
    assert "rapport.pdf" in attached
    assert 'type="file"' not in attached
    assert "non examiné" in attached


async def test_an_attachment_that_was_scanned_says_when_on_its_page_and_in_the_api():
    scanned = replace(an_attachment(), scanned_at=NOW)
    async with a_browser(World(attached=scanned)) as browser:
        await browser.sign_in()
        french = (await browser.get(f"{AT}/attachments")).text
        english = (await browser.get(f"{AT}/attachments", params={"lang": "en"})).text
        listed = (await browser.get(f"/api/v1{AT}/attachments", headers={"authorization": "Bearer access-api"})).json()[
            "attachments"
        ]
    assert "rien trouvé" in french
    assert "nothing found" in english
    assert [one["scanned_at"] for one in listed] == [NOW.isoformat().replace("+00:00", "Z")]


@pytest.mark.parametrize(
    ("changes", "is_asked"),
    [
        ({"step": Step.SIGNATURE}, True),
        ({"step": Step.REVIEW, "signed_version": 1}, False),
        ({"is_locked": True}, False),
    ],
)
async def test_a_pdf_is_asked_for_until_the_signature(changes, is_asked):
    async with a_browser(World(filing=a_filing(**changes))) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/attachments")).text
    assert ('type="file"' in text) is is_asked
    assert ("25 Mo au plus" in text) is is_asked


async def test_a_pdf_is_attached_and_given_back():
    async with a_browser() as browser:
        await browser.sign_in()
        sent = await browser.http.post(
            f"{AT}/attachments",
            data={"csrf": browser.csrf, "kind": "DELIBERATION"},
            files={"file": ("pv.pdf", b"%PDF-1.7")},
            headers={"origin": ORIGIN},
        )
        file = await browser.get(f"{AT}/attachments/att-1")
        english = (await browser.get(f"{AT}/attachments?lang=en")).text
    assert sent.status_code == 303
    assert browser.world.calls("attach") == [(FILING_ID, "DELIBERATION", "pv.pdf", b"%PDF-1.7")]
    assert file.headers["content-disposition"] == 'attachment; filename="rapport.pdf"'
    assert "Management report" in english


async def test_a_refused_pdf_is_explained_beside_the_input():
    async with a_browser(World(failures={"attach": RuleBroken("Ce fichier n'est pas un PDF.")})) as browser:
        await browser.sign_in()
        page = await browser.http.post(
            f"{AT}/attachments",
            data={"csrf": browser.csrf, "kind": "NOTES"},
            files={"file": ("a.pdf", b"MZ")},
            headers={"origin": ORIGIN},
        )
    assert page.status_code == 422
    assert 'value="NOTES" selected' in page.text
    assert 'aria-describedby="file-error"' in page.text


async def test_one_body_is_given_more_time():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("campaign.manage",), "*")
        await browser.sign_in()
        fields = {"document": "ER", "year": "2024", "body": SIREN, "due_on": "2025-08-01", "reason": "Sinistre."}
        sent = await browser.post("/staff/campaign/extend", fields)
        text = (await browser.get(sent.headers["location"])).text
        wrong = await browser.post("/staff/campaign/extend", {**fields, "year": "x"})
    assert browser.world.calls("extend") == [(Document.ER, 2024, SIREN, "2025-08-01", "Sinistre.")]
    assert "Nouvelle échéance\u00a0: 1er août 2025." in text
    assert wrong.status_code == 400


async def test_a_refused_extension_stays_in_view():
    refusal = Invalid(violations=[Violation("due_on", "Date attendue entre deux jours.", "DATES")])
    async with a_browser(World(failures={"extend": refusal})) as browser:
        browser.office.persons["access-director"] = a_passport(("campaign.manage",), "*")
        await browser.sign_in()
        fields = {"document": "ER", "year": "2024", "body": SIREN, "due_on": "2020-08-01", "reason": "Sinistre."}
        page = await browser.post("/staff/campaign/extend", fields)
    assert page.status_code == 400
    assert 'value="2020-08-01" aria-invalid="true"' in page.text
    assert 'value="Sinistre."' in page.text
    assert "Date attendue entre deux jours." in page.text


async def test_a_refused_comment_stays_in_view():
    refusal = Invalid(violations=[Violation("text", "Au plus 2000 caractères.", "TOO_LONG")])
    async with a_browser(World(failures={"comment": refusal})) as browser:
        await browser.sign_in()
        page = await browser.post(f"{AT}/cells/BA.010.brut/comments", {"text": "À revoir.", "is_flagged": "yes"})
    assert page.status_code == 400
    assert ">À revoir.</textarea>" in page.text
    assert "Au plus 2000 caractères." in page.text
    assert 'value="yes" checked' in page.text
