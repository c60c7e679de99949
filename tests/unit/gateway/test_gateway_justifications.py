"""Justifications that live: last year's text proposed, the authority's answer shown and given."""

import re
from dataclasses import replace

import pytest

from chassis.errors import Conflict, Invalid, RuleBroken, ThreeParts, Unavailable, violation
from services.gateway.clients.answers import Cell, ControlStatus, Explanation, FindingPlace, Step
from tests.support.gateway import FILING_ID, SIREN, World, a_browser, a_finding, a_justification, a_passport

AT = f"/filings/{FILING_ID}"
STAFF = f"/staff/filings/{FILING_ID}/justifications"


async def test_last_years_text_is_proposed_where_the_control_fails_again():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/remarks")).text
    assert "Proposée d’après l’exercice 2023 (Camille Compte)" in text
    assert ">Le brut suit la cession de 2023.</textarea>" in text
    assert browser.world.calls("propose") == [(SIREN, 2024, ("A-06",))]


async def test_remarks_are_shown_when_proposals_cannot_be():
    async with a_browser(World(failures={"propose": Unavailable()})) as browser:
        await browser.sign_in()
        page = await browser.get(f"{AT}/remarks")
    assert page.status_code == 200
    assert "Proposée d’après" not in page.text


async def test_a_refused_justification_says_why():
    refused = a_justification(answer="Trop vague.", answered_by="Alix Agent")
    findings = (a_finding(places=(FindingPlace(refused=refused),)), a_finding("C-01", status=ControlStatus.PASSED))
    async with a_browser(World(findings=findings)) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/remarks")).text
    assert "Justification refusée" in text
    assert "Refusée\N{NO-BREAK SPACE}: Trop vague., Alix Agent" in text


async def test_officers_read_and_answer_justifications_in_both_languages():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read", "filing.review"), "*")
        await browser.sign_in()
        french = (await browser.get(STAFF)).text
        english = (await browser.get(STAFF, headers={"accept-language": "en"})).text
        fields = {"number": "7", "decision": "refuse", "answer": "Donnez la date de cession."}
        sent = await browser.post(f"{STAFF}/A-06", fields)
    assert "Acceptée" in french
    assert "Accepted" in english
    assert french.count("<script") == 1, "our own file and no other"
    assert sent.headers["location"] == STAFF
    assert browser.world.calls("answer") == [(FILING_ID, "A-06", 7, False, "Donnez la date de cession.")]


async def test_who_does_not_review_reads_justifications_and_is_offered_no_answer():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read",), "*")
        await browser.sign_in()
        text = (await browser.get(STAFF)).text
    assert "Acceptée" in text
    assert 'name="decision"' not in text


async def test_the_justifications_of_an_archived_filing_offer_no_answer_and_one_sent_late_is_refused_in_both_languages():
    fr = ThreeParts("Le dossier est archivé.", "Étape 6.", "Répondez avant.")
    en = ThreeParts("The filing is archived.", "Step 6.", "Answer before.")
    late = RuleBroken(violations=[violation("step", "FILING_ARCHIVED", fr, en)])
    archived = replace(World().filing, step=Step.ARCHIVED, signed_version=1)
    async with a_browser(World(filing=archived, failures={"answer": late})) as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read", "filing.review"), "*")
        await browser.sign_in()
        shown = (await browser.get(STAFF)).text
        fields = {"number": "7", "decision": "accept", "answer": "Vu."}
        pages = [await browser.post(f"{STAFF}/A-06?lang={one}", fields) for one in ("fr", "en")]
    assert "Acceptée" in shown
    assert 'name="decision"' not in shown
    assert [page.status_code for page in pages] == [422, 422]
    assert "Le dossier est archivé. Étape 6. Répondez avant." in pages[0].text
    assert "The filing is archived. Step 6. Answer before." in pages[1].text


async def test_an_answer_to_a_text_that_changed_stays_in_view():
    async with a_browser(World(failures={"answer": Conflict("Relisez avant de répondre.")})) as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read", "filing.review"), "*")
        await browser.sign_in()
        fields = {"number": "7", "decision": "accept", "answer": "Ma réponse gardée"}
        page = await browser.post(f"{STAFF}/A-06", fields)
        wrong = await browser.post(f"{STAFF}/A-06", {"number": "7", "decision": "maybe"})
    assert page.status_code == 409
    assert "Ma réponse gardée" in page.text
    assert wrong.status_code == 400


async def test_a_remark_shows_the_figures_of_the_year_before():
    operands = (Cell("BP.110.n", "7"), Cell("PREV(AR.090.n)", "12345"))
    carried = a_finding("H-08", cells=("BP.110.n",), operands=operands)
    waiting = a_finding("H-12", status=ControlStatus.NOT_EVALUATED, missing=("PREV(PR.190.fin)",), operands=())
    async with a_browser(World(findings=(carried, waiting))) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/remarks")).text
    assert "Au report à nouveau (exercice 2023)" in text, "under its label of today"
    assert "<strong>12 345</strong>" in text.replace("\u202f", " ").replace("\xa0", " ")
    assert "PR.190.fin" in text
    assert "PREV(" not in text


async def test_a_cell_is_justified_with_a_reason():
    async with a_browser() as browser:
        await browser.sign_in()
        fields = {"text": "Le terrain vient d’une fusion.", "cell": "BA.010.brut", "reason": "scope_change"}
        sent = await browser.post(f"{AT}/remarks/A-06", fields)
    assert sent.headers["location"] == f"{AT}/remarks"
    written = Explanation("A-06", fields["text"], "BA.010.brut", "scope_change")
    assert browser.world.calls("justify") == [(FILING_ID, written)]


@pytest.mark.parametrize("reason", ["", "unspecified", "nonsense"])
async def test_a_justification_without_a_reason_stays_in_view(reason):
    async with a_browser() as browser:
        await browser.sign_in()
        fields = {"text": "Mon explication gardée.", "cell": "", "reason": reason}
        page = await browser.post(f"{AT}/remarks/A-06", fields)
    assert page.status_code == 400
    assert "Choisissez un motif." in page.text
    assert "Mon explication gardée.</textarea>" in page.text
    assert browser.world.calls("justify") == []


async def test_a_control_that_fails_in_several_places_tells_those_left():
    written = a_justification(cell="BA.010.brut", reason="rounding", text="Arrondi au millier près.")
    places = (FindingPlace(("BA.010.brut",), written), FindingPlace(("BA.030.brut",)))
    async with a_browser(World(findings=(a_finding(cells=("BA.010.brut", "BA.030.brut"), places=places),))) as browser:
        await browser.sign_in()
        french = (await browser.get(f"{AT}/remarks")).text
        english = (await browser.get(f"{AT}/remarks", headers={"accept-language": "en"})).text
    assert "1 endroit à corriger ou à justifier sur 2." in french
    assert "Arrondi\N{NO-BREAK SPACE}: « Arrondi au millier près. »" in french
    assert "1 place of 2 to correct or to justify." in english
    options = re.findall(r'<option value="(BA[^"]+)">([^<]*)</option>', french)
    assert [address for address, _ in options] == ["BA.030.brut", "BA.010.brut"], "what is left to justify comes first"
    assert options[1][1] == "BA.010.brut Frais d&#39;établissement — Brut"


async def test_texts_of_earlier_years_about_several_cells_are_each_to_take():
    proposals = (
        a_justification(cell="BA.010.brut", reason="earlier_error", text="Erreur de 2022 reprise ici."),
        a_justification(cell="BA.030.brut", text="Terrain reçu d’une commune."),
        a_justification(cell="BA.820.brut", text="Plus rien à cette case ici."),
    )
    places = (FindingPlace(("BA.010.brut",)), FindingPlace(("BA.030.brut",)))
    async with a_browser(World(findings=(a_finding(places=places),), proposals=proposals)) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/remarks")).text
    assert ">Erreur de 2022 reprise ici.</textarea>" in text
    assert '<option value="earlier_error" selected>' in text
    assert '<option value="BA.010.brut" selected>' in text
    assert 'name="text" value="Terrain reçu d’une commune."' in text
    assert "Plus rien à cette case" not in text


async def test_what_was_written_of_a_control_that_holds_by_now_stays_in_view():
    async with a_browser(World(failures={"justify": Invalid("Ce contrôle est respecté.")})) as browser:
        await browser.sign_in()
        fields = {"text": "Mon explication gardée.", "cell": "", "reason": "other"}
        page = await browser.post(f"{AT}/remarks/A-20", fields)
    assert page.status_code == 400
    assert "Ce contrôle est respecté." in page.text
    assert "Mon explication gardée." in page.text


async def test_a_text_after_a_refusal_is_about_the_cell_that_was_refused():
    refused = a_justification(cell="BA.010.brut", answer="Trop vague.", answered_by="Alix Agent")
    async with a_browser(
        World(findings=(a_finding(places=(FindingPlace(("BA.010.brut",), None, refused),)),))
    ) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/remarks")).text
    assert '<option value="BA.010.brut" selected>' in text
