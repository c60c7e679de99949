"""Every page, in both languages, on fakes."""

import html
import re
from dataclasses import replace

import pytest

import formsets
from chassis.errors import Invalid
from services.gateway.clients.answers import (
    Document,
    FiledCell,
    Origin,
    ReviewState,
    Sentence,
    Severity,
    Step,
    TransmittedFilter,
    Verdict,
)
from tests.support.gateway import (
    DIGEST,
    FILING_ID,
    NOW,
    World,
    a_browser,
    a_filing,
    a_finding,
    a_passport,
    an_identity,
    in_conflict,
)

AT = f"/filings/{FILING_ID}"
SIGNED = {"step": Step.REVIEW, "signed_version": 1, "receipt_number": "R-2025-000001", "verdict": Verdict.CLEAN}
PAGES = {
    "/": ("Mes dossiers", "My filings"),
    AT: ("Synthèse", "Overview"),
    f"{AT}/forms": ("Formulaires", "Forms"),
    f"{AT}/forms/BA": ("Bilan, actif", "Save"),
    f"{AT}/import": ("Fichier à importer", "File to import"),
    f"{AT}/import/imp-1": ("Lignes refusées", "Refused lines"),
    f"{AT}/remarks": ("Le brut dépasse le seuil.", "The gross amount is over the threshold."),
    f"{AT}/release": ("Parce que la case est cochée.", "Because the box is ticked."),
    f"{AT}/release?simulate=CDC": ("Simulation", "Simulation"),
    f"{AT}/sign": ("Ce que vous signez", "What you sign"),
    f"{AT}/receipt": ("Récépissé n°", "Receipt no."),
    f"{AT}/history": ("Ce qui s’est passé", "What happened"),
    f"{AT}/cells/BA.010.brut": ("Versions de la case", "Versions of the cell"),
    "/verify": ("Vérifier une signature", "Verify a signature"),
    "/help/controls": ("Contrôles officiels", "Official controls"),
    "/help/forms/CC?version=2024.1": ("Colonne fermée : rec.", "Closed column: rec."),
}


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_speaks_french_and_english(path):
    async with a_browser() as browser:
        await browser.sign_in()
        french = await browser.get(path)
        english = await browser.get(path, headers={"accept-language": "en-GB,en;q=0.9,fr;q=0.5"})
    assert (french.status_code, english.status_code) == (200, 200)
    assert PAGES[path][0] in french.text
    assert PAGES[path][1] in english.text
    assert '<html lang="fr">' in french.text
    assert '<html lang="en">' in english.text


async def test_what_to_know_of_a_form_is_told_where_it_is_filled_and_beside_its_instructions():
    note = formsets.load("2024.1").form("BA").note
    async with a_browser() as browser:
        await browser.sign_in()
        for path in (f"{AT}/forms/BA", "/help/forms/BA?version=2024.1"):
            french = (await browser.get(path, headers={"accept-language": "fr"})).text
            english = (await browser.get(path, headers={"accept-language": "en"})).text
            assert note["fr"] in html.unescape(french), path
            assert note["en"] in html.unescape(english), path
        assert '<p class="note">' not in (await browser.get("/help/forms/VA?version=2024.1")).text


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_has_a_title_a_skip_link_one_heading_and_scoped_headers(path):
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(path)).text
    assert text.count("<h1") == 1
    assert 'href="#main"' in text
    assert "<th>" not in text
    assert text.count("<script") == 1, "our own file and no other"
    assert " style=" not in text


async def test_a_visitor_is_shown_the_way_in():
    async with a_browser() as browser:
        assert "/auth/login" in (await browser.get("/")).text
        refused = await browser.get(AT)
    assert refused.status_code == 401
    assert "/auth/login?next=" in refused.text


async def test_home_says_what_is_left_to_do_and_who_sees_the_filing():
    async with a_browser(World(filing=a_filing(conflicts=("PL.010.n",)))) as browser:
        await browser.sign_in()
        text = (await browser.get("/")).text
    assert "Choisir entre deux valeurs pour 1 donnée commune en conflit." in text
    assert "Corriger ou justifier les anomalies." in text
    assert "Ni le ministère ni aucun partenaire ne le voit avant la signature." in text
    assert "Ouvrir" in text


async def test_after_signature_the_frame_names_those_who_received():
    async with a_browser(World(filing=a_filing(**SIGNED))) as browser:
        await browser.sign_in()
        text = (await browser.get(AT)).text
    assert "par le ministère et par\u00a0: Caisse des dépôts." in text
    assert f"{AT}/receipt" in text


LACKING = (
    a_finding("W-01", severity=Severity.TRANSMISSION, cells=("PR.110.debut",), operands=()),
    a_finding("W-03", severity=Severity.TRANSMISSION, cells=(), operands=()),
    a_finding("W-08", severity=Severity.REMARK, cells=(), operands=()),
)


@pytest.mark.parametrize("step", [Step.ENTRY, Step.SIGNATURE])
async def test_what_a_filing_lacks_to_be_signed_is_left_to_do_where_it_is_mended(step):
    async with a_browser(World(filing=a_filing(lacking=LACKING, step=step))) as browser:
        await browser.sign_in()
        overview = (await browser.get(AT)).text
        english = (await browser.get(f"{AT}/remarks?lang=en")).text
    assert f'<a href="{AT}/forms/PR#cell-PR.110.debut">W-01\xa0: Le brut dépasse le seuil. Case' in overview
    assert f'<a href="{AT}/attachments">W-03' in overview
    assert f'<a href="{AT}/remarks">W-08' in overview
    assert "Controls of the transmission (3)" in english
    assert 'id="remark-W-08"' in english
    assert "The gross amount is over the threshold." in english


async def test_staff_see_that_a_filing_was_late():
    late = a_filing(**SIGNED, signed_at=NOW, is_late=True)
    async with a_browser(World(filing=late)) as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read",), "*")
        await browser.sign_in()
        french = (await browser.get("/staff")).text
    assert "tardif (W-08)" in french


async def test_a_form_shows_labels_figures_origin_and_remarks():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/forms/BA")).text
    assert 'value="1\u202f234\u202f567"' in text
    assert 'name="was:BA.010.brut" value="4:1\u202f234\u202f567"' in text
    assert "Importée, sample_oph.csv, ligne 12" in text
    assert 'aria-describedby="cell-BA.010.brut-origin cell-BA.010.brut-controls"' in text
    assert 'href="#remark-A-06"' in text
    assert 'name="cell:BA.010.net"' not in text


async def test_a_qdis_form_shows_the_shared_fact_kept_under_its_er_address():
    shared = FiledCell("ID.030.v", "000000018", 7, Origin.SYNCHRONISED, "Camille", None, server="MIN")
    world = World(filing=a_filing(an_identity(Document.QDIS)), cells=(shared,), findings=())
    async with a_browser(world) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/forms/QA")).text
    assert 'name="was:QA.010.v" value="7:000000018"' in text
    assert "donnée commune avec l’ER" in text
    assert "depuis MIN" in text


async def test_a_sealed_shared_fact_cannot_be_typed():
    sealed = FiledCell("ID.030.v", "000000018", 7, Origin.SYNCHRONISED, server="MIN", is_sealed=True)
    world = World(filing=a_filing(an_identity(Document.QDIS)), cells=(sealed,), findings=())
    async with a_browser(world) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/forms/QA")).text
    assert 'name="cell:QA.010.v"' not in text
    assert "scellée par l’ER signé" in text


async def test_ratios_stand_beside_the_quartiles_of_the_family_and_the_size():
    cells = (
        FiledCell("QR.001.n", "9000", origin=Origin.COMPUTED),
        FiledCell("QR.090.n", "3900.125", origin=Origin.COMPUTED),
    )
    world = World(filing=a_filing(an_identity(Document.QDIS)), cells=cells, findings=())
    async with a_browser(world) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/forms/QR")).text
    assert "Famille OPH\N{NO-BREAK SPACE}: médiane" in text
    assert "Moins de 12 000 logements\N{NO-BREAK SPACE}: médiane" in text
    assert "3\u202f863,5" in text
    assert "3\u202f900,13" in text


async def test_a_form_can_be_typed_while_controls_do_not_answer():
    from chassis.errors import Unavailable

    world = World(failures={"check": Unavailable()})
    async with a_browser(world) as browser:
        await browser.sign_in()
        page = await browser.get(f"{AT}/forms/BA")
    assert page.status_code == 200
    assert "Les contrôles ne répondent pas" in page.text


async def test_a_form_of_the_other_document_or_of_none_is_not_found():
    async with a_browser() as browser:
        await browser.sign_in()
        assert (await browser.get(f"{AT}/forms/QA")).status_code == 404
        assert (await browser.get(f"{AT}/forms/ZZ")).status_code == 404


async def test_the_preview_counts_what_is_not_stored_here_and_what_is_protected():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/import/imp-1")).text
    assert "1 ligne du QDIS non stockée ici." in text
    assert "Valeurs saisies à la main, gardées" in text
    assert "Écrivez 1234,56." in text
    assert "Confirmer l’import de 2 cases" in text


async def test_the_preview_shows_totals_of_the_file_that_differ_in_three_parts_and_two_languages():
    async with a_browser() as browser:
        await browser.sign_in()
        french = (await browser.get(f"{AT}/import/imp-1")).text
        english = (await browser.get(f"{AT}/import/imp-1", headers={"accept-language": "en"})).text
    for page, what, where, how in (
        (french, "Le total du fichier diffère.", "Le fichier donne 5, le calcul 7.", "La valeur calculée est retenue."),
        (
            english,
            "The total of the file differs.",
            "The file says 5, the formula gives 7.",
            "The computed value is kept.",
        ),
    ):
        assert all(part in page for part in (what, where, how, "F-22"))


async def test_signing_shows_the_digest_and_the_content_read_from_the_same_bytes():
    async with a_browser(World(filing=a_filing(step=Step.SIGNATURE))) as browser:
        await browser.sign_in()
        page = await browser.get(f"{AT}/sign")
        exact = await browser.get(f"{AT}/sign/content/{DIGEST}")
        stale = await browser.get(f"{AT}/sign/content/{'00' * 32}")
    assert DIGEST in page.text
    assert "K7QF-29XD" in page.text
    assert "1\u202f234\u202f567" in page.text
    assert "Signer et transmettre" in page.text
    assert exact.content.startswith(b'{"cells"')
    assert exact.headers["content-disposition"].startswith("attachment")
    assert stale.status_code == 409


async def test_an_old_proof_of_identity_must_be_renewed_before_signing():
    async with a_browser() as browser:
        await browser.sign_in()
        browser.clock.advance(minutes=5)
        text = (await browser.get(f"{AT}/sign")).text
    assert "/auth/login?again=1" in text
    assert "<button>Signer et transmettre" not in text


async def test_obstacles_take_the_place_of_the_button():
    async with a_browser(World(obstacles=(Sentence("Des contrôles bloquants échouent."),))) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/sign")).text
    assert "Des contrôles bloquants échouent." in text
    assert 'name="intent_id"' not in text


async def test_a_conflict_offers_both_values():
    async with a_browser(World(cells=(in_conflict(),))) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/cells/PL.010.n")).text
    assert 'value="12"' in text
    assert 'value="99"' in text
    assert "FED-OPH" in text


async def test_staff_read_transmitted_filings_as_signed():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read",), "*")
        await browser.sign_in()
        listed = await browser.get("/staff?year=2024")
        led = await browser.get(f"/staff/filings/{FILING_ID}/forms")
        form = await browser.get(f"/staff/filings/{FILING_ID}/forms/BA")
    assert "R-2025-000001" in listed.text
    assert led.headers["location"].endswith("/forms/ID")
    assert "1\u202f234\u202f567" in form.text
    assert "<input" not in form.text.partition("<main")[2]


async def test_staff_look_for_transmitted_filings_and_the_next_page_keeps_what_they_look_for():
    async with a_browser(World(transmitted_after=FILING_ID)) as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read",), "*")
        await browser.sign_in()
        asked = "body=%C3%89pinal+%26&document=qdis&year=2023&step=review&review=waiting"
        found = (await browser.get(f"/staff?{asked}")).text
        next_one = (await browser.get(f"/staff?{asked}&after={FILING_ID}")).text
        await browser.get("/staff?document=zz&year=20&step=9&review=x")
    wanted = TransmittedFilter("Épinal &", Document.QDIS, 2023, Step.REVIEW, ReviewState.WAITING)
    calls = browser.world.calls("transmitted")
    assert calls == [(wanted, "", 0), (wanted, FILING_ID, 0), (TransmittedFilter(), "", 0)]
    assert f'href="/staff?{asked.replace("&", "&amp;")}&amp;after={FILING_ID}">Dossiers suivants' in found
    assert f'href="/staff?{asked.replace("&", "&amp;")}">Premiers dossiers' in next_one
    assert 'value="Épinal &amp;"' in found
    assert '<option value="waiting" selected>' in found


async def test_the_language_asked_for_is_kept():
    async with a_browser() as browser:
        answer = await browser.get("/?lang=en")
        browser.keep(answer)
        assert "Sign in" in (await browser.get("/")).text


async def test_a_reader_is_offered_nothing_to_change():
    async with a_browser() as browser:
        browser.office.persons["access-director"] = a_passport(("filing.read", "release.read"))
        await browser.sign_in()
        form = (await browser.get(f"{AT}/forms/BA")).text
        release = (await browser.get(f"{AT}/release")).text
        overview = (await browser.get(AT)).text
    assert "Lecture seule" in form
    assert "Décocher" not in release
    assert 'action="' + AT + '/step"' not in overview


async def test_replaced_filings_are_said_to_be_awaiting_signature():
    filing = replace(a_filing(step=Step.SIGNATURE), verdict=Verdict.CLEAN)
    async with a_browser(World(filing=filing)) as browser:
        await browser.sign_in()
        assert "Relire, signer et transmettre." in (await browser.get("/")).text


async def test_the_other_language_leads_to_the_same_page():
    async with a_browser(World(failures={"justify": Invalid()})) as browser:
        await browser.sign_in()
        asked = await browser.get(f"{AT}/series?cells=BA.010.brut&years=3&lang=fr")
        refused = await browser.post(f"{AT}/remarks/A-06", {"text": "Trop court", "reason": "other"})
        answers = [(await browser.get(f"{AT}/remarks?lang={language}")).status_code for language in ("en", "fr")]
    assert f'href="{AT}/series?cells=BA.010.brut&amp;years=3&amp;lang=en"' in asked.text
    assert f'href="{AT}/remarks?lang=en"' in refused.text, "the form was sent where no page is"
    assert answers == [200, 200]


@pytest.mark.parametrize("language", ["fr", "en"])
async def test_a_remark_leads_to_the_instructions_it_rests_on_without_signing_in(language):
    async with a_browser(World(findings=(a_finding(),))) as browser, a_browser() as anybody:
        await browser.sign_in()
        headers = {"accept-language": language}
        remarks = (await browser.get(f"{AT}/remarks", headers=headers)).text
        addresses = set(re.findall(r'href="(/help/[^"]+#[^"]+)"', remarks))
        pages = {one: (await anybody.get(one.partition("#")[0], headers=headers)).text for one in addresses}
    assert {"/help/controls?version=2024.1#A-06", "/help/forms/BA?version=2024.1#BA.010"} <= addresses
    assert [one for one, page in pages.items() if f'id="{one.partition("#")[2]}"' not in page] == []


@pytest.mark.parametrize("code", ["ZZ", "ba", "BA.010", "%3Cscript%3E"])
async def test_a_form_that_no_form_set_has_has_no_instructions(code):
    async with a_browser() as browser:
        assert (await browser.get(f"/help/forms/{code}")).status_code == 404
