"""Earlier years: versions as signed, series, comparisons; last year carried over; a signed filing reopened."""

import pytest

from chassis.errors import Invalid, RuleBroken, Violation
from services.gateway.clients.answers import Document, Step
from services.gateway.web.consultation_pages import cells_of
from tests.support.gateway import FILING_ID, SIREN, World, a_browser, a_filing

AT = f"/filings/{FILING_ID}"
BEARER = {"authorization": "Bearer access-api"}
PAGES = {
    f"{AT}/years": ("Exercices et versions", "Years and versions"),
    f"{AT}/signed/1/forms/BA": ("telle qu’elle a été signée", "as it was signed"),
    f"{AT}/series?cells=BA.010.brut": ("Rupture de série", "Break in the series"),
    f"{AT}/compare?version=1&other={FILING_ID}:0": ("Différences\u00a0: 1 case.", "Differences: 1 cell."),
}


def a_signed_world() -> World:
    return World(filing=a_filing(step=Step.REVIEW, signed_version=2))


@pytest.mark.parametrize("path", PAGES)
async def test_consultation_speaks_french_and_english_without_a_script(path):
    async with a_browser(a_signed_world()) as browser:
        await browser.sign_in()
        french = await browser.get(path)
        english = await browser.get(path, headers={"accept-language": "en"})
    assert (french.status_code, english.status_code) == (200, 200)
    assert PAGES[path][0] in french.text
    assert PAGES[path][1] in english.text
    assert french.text.count("<h1") == 1
    assert "<th>" not in french.text
    assert french.text.count("<script") == 1, "our own file and no other"


async def test_each_signed_version_is_linked_and_downloadable():
    async with a_browser(a_signed_world()) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/years")).text
        led = await browser.get(f"{AT}/signed/1")
        form = await browser.get(f"{AT}/signed/1/forms/BA")
        unknown = [await browser.get(f"{AT}/signed/{rest}") for rest in ("x", "1/forms/QA", "1/forms/ZZ")]
    assert f'href="{AT}/signed/2"' in text
    assert f"{AT}/export/xlsx?version=1" in text
    assert led.headers["location"] == f"{AT}/signed/1/forms/ID"
    assert "1\u202f234\u202f567" in form.text
    assert 'name="cell:' not in form.text
    assert [answer.status_code for answer in unknown] == [404, 404, 404]


async def test_a_series_marks_breaks_unsigned_years_and_other_labels():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/series?cells=BA.010.brut,BA.010.brut;PL.010.n&years=3")).text
    assert "⚠ rupture" in text
    assert "Aucune case de ces exercices ne s’appelle ainsi\u00a0: PL.010.n." in text, "no figure came for it"
    assert "(non signé)" in text
    assert "1\u202f300\u202f000" in text
    assert browser.world.calls("series") == [(SIREN, Document.ER, ("BA.010.brut", "PL.010.n"), 3)]


async def test_a_series_of_nothing_is_explained():
    refusal = Invalid(violations=[Violation("addresses", "De 1 à 50 cases.", "TOO_MANY_CELLS")])
    async with a_browser(World(failures={"series": refusal})) as browser:
        await browser.sign_in()
        page = await browser.get(f"{AT}/series?cells=")
    assert page.status_code == 400
    assert "De 1 à 50 cases." in page.text


async def test_a_comparison_is_with_a_filing_of_the_body_and_nothing_else():
    async with a_browser(a_signed_world()) as browser:
        await browser.sign_in()
        shown = await browser.get(f"{AT}/compare?version=2&other={FILING_ID}:1")
        other = await browser.get(f"{AT}/compare?other=019aa000-0000-7000-8000-000000000099:0")
    assert f'href="{AT}/cells/BA.010.brut"' in shown.text
    assert browser.world.calls("compare") == [(FILING_ID, 2, FILING_ID, 1)]
    assert other.status_code == 404


async def test_last_years_answer_stands_beside_the_cell():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/forms/BA")).text
    assert '<small class="origin last-year" id="cell-BA.030.brut-before">2023\u00a0: 98\u202f765</small>' in text
    assert text.count("last-year") == 1


async def test_last_year_is_carried_from_the_overview():
    async with a_browser() as browser:
        await browser.sign_in()
        assert f'action="{AT}/last-year"' in (await browser.get(AT)).text
        sent = await browser.post(f"{AT}/last-year")
        text = (await browser.get(sent.headers["location"])).text
    assert "12 cases reprises de l’exercice précédent. 1 autre réponse à donner de nouveau" in text


async def test_a_signed_filing_is_reopened_with_a_reason_and_cells():
    async with a_browser(a_signed_world()) as browser:
        await browser.sign_in()
        overview = (await browser.get(AT)).text
        await browser.post(f"{AT}/reopen", {"reason": "Erreur de report", "cells": "BA.010.brut PL.010.n"})
    assert f'action="{AT}/reopen"' in overview
    assert f'action="{AT}/last-year"' not in overview
    assert browser.world.calls("reopen") == [(FILING_ID, "Erreur de report", ("BA.010.brut", "PL.010.n"))]


async def test_a_refused_reopening_is_explained():
    async with a_browser(World(failures={"reopen": RuleBroken("Déjà rouvert.", reason="STEP_REFUSED")})) as browser:
        await browser.sign_in()
        assert (await browser.post(f"{AT}/reopen", {"reason": "abc"})).status_code == 422


async def test_programs_consult_carry_and_reopen():
    async with a_browser(a_signed_world()) as browser:
        signed = await browser.get(f"/api/v1{AT}/signed/1", headers=BEARER)
        series = await browser.get(f"/api/v1{AT}/series?cells=BA.010.brut", headers=BEARER)
        compared = await browser.get(f"/api/v1{AT}/compare?version=1", headers=BEARER)
        carried = await browser.http.post(f"/api/v1{AT}/last-year", headers=BEARER)
        reopened = await browser.http.post(f"/api/v1{AT}/reopen", json={"reason": "Erreur"}, headers=BEARER)
        empty = await browser.http.post(f"/api/v1{AT}/reopen", json={"reason": ""}, headers=BEARER)
    assert signed.json()["versions"] == [2, 1]
    assert [point["is_break"] for point in series.json()["points"]] == [False, True]
    assert compared.json()["differences"][0]["address"] == "BA.010.brut"
    assert carried.json()["carried"] == 12
    assert reopened.json()["step"] == "entry"
    assert empty.status_code == 400


def test_cells_are_parted_by_spaces_commas_semicolons_and_lines():
    assert cells_of(" A.v,B.v;\nC.v A.v ") == ["A.v", "B.v", "C.v"]


async def test_labels_of_a_form_set_that_is_no_longer_shipped_are_said_to_be_of_another():
    paths = (f"{AT}/signed/1/forms/BA", f"{AT}/series?cells=BA.010.brut", f"{AT}/compare?version=1&other={FILING_ID}:0")
    world = a_signed_world()
    async with a_browser(world) as browser:
        await browser.sign_in()
        before = [(await browser.get(path)).text for path in paths]
        world.has_other_labels = True
        french = [(await browser.get(path)).text for path in paths]
        english = [(await browser.get(path, headers={"accept-language": "en"})).text for path in paths]
    assert ["n’est plus livré ici" in text for text in (*before, *french)] == [False] * 3 + [True] * 3
    assert ["not shipped here any more" in text for text in english] == [True] * 3
    assert "montrée avec le référentiel 2024.1" in french[0]


async def test_values_on_both_sides_of_a_break_are_shown_without_a_gap():
    world = a_signed_world()
    world.is_break = True
    async with a_browser(world) as browser:
        await browser.sign_in()
        page = (await browser.get(f"{AT}/compare?version=1&other={FILING_ID}:0")).text
    assert "⚠ rupture" in page
    assert "1\u202f234\u202f567" in page
