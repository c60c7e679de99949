"""Choosing what an import writes, on the page and for programs; walking the pages of changes."""

import re
from dataclasses import replace

import formsets
from chassis.errors import Invalid, ThreeParts, violation
from services.gateway.clients.answers import ImportChoice, ImportEffect
from tests.support.gateway import FILING_ID, World, a_browser, a_preview, an_import_change

AT = f"/filings/{FILING_ID}"
BEARER = {"authorization": "Bearer access-api"}
FORM_SET = formsets.load("2024.1")


def previewing(*changes, **other):
    return World(preview=replace(a_preview(), changes=changes, problems=(), **other))


async def page_of(world, **headers):
    async with a_browser(world) as browser:
        await browser.sign_in()
        return (await browser.get(f"{AT}/import/imp-1", headers=headers)).text


def boxes(text):
    return re.findall(r'<input type="checkbox" name="((?:leave|take)\.[^"]+)"', text)


async def test_a_form_a_line_and_a_cell_can_be_left_out_and_a_typed_correction_taken():
    protected = an_import_change("BA.020.brut", ImportEffect.PROTECTED)
    text = await page_of(previewing(an_import_change("BA.010.brut"), an_import_change("BA.010.amort"), protected))

    assert boxes(text) == ["leave.BA", "leave.BA.010", "leave.BA.010.brut", "leave.BA.010.amort", "take.BA.020.brut"]
    assert " checked" not in text


async def test_a_line_of_one_cell_and_a_form_of_corrections_only_have_no_box_of_their_own():
    assert boxes(await page_of(previewing(an_import_change("BA.010.brut")))) == ["leave.BA", "leave.BA.010.brut"]
    only_typed = previewing(an_import_change("BA.010.brut", ImportEffect.PROTECTED))
    assert boxes(await page_of(only_typed)) == ["take.BA.010.brut"]


async def test_what_is_never_written_is_not_chosen_from():
    changes = [
        an_import_change("BA.010.brut", effect)
        for effect in (ImportEffect.SAME, ImportEffect.COMPARED, ImportEffect.SEALED, ImportEffect.ELSEWHERE)
    ]

    assert boxes(await page_of(previewing(*changes))) == []


async def test_what_departs_from_the_default_is_all_that_is_sent():
    async with a_browser() as browser:
        await browser.sign_in()
        sent = await browser.post(f"{AT}/import/imp-1", {"leave.BA.120.brut": "yes", "take.BA.150.brut": "yes"})
        text = (await browser.get(sent.headers["location"])).text

    assert browser.world.calls("choice") == [ImportChoice(("BA.150.brut",), ("BA.120.brut",))]
    assert "414 cases importées, 1 valeur saisie à la main gardée. 1 case laissée de côté." in text


async def test_a_refused_choice_is_explained_on_the_preview_which_keeps_it():
    fr = ThreeParts("Rien de ce nom.", "Choix « ZZ ».", "Prenez une case de l’aperçu.")
    en = ThreeParts("Nothing of this name.", "Choice “ZZ”.", "Take a cell of the preview.")
    refusal = Invalid(reason="IMPORT_CHOICE_REFUSED", violations=[violation("ZZ", "IMPORT_CHOICE", fr, en)])
    async with a_browser(World(failures={"confirm": refusal})) as browser:
        await browser.sign_in()
        fields = {"leave.ZZ": "yes", "leave.BA.120.brut": "yes", "accept_partial": "yes"}
        page = await browser.post(f"{AT}/import/imp-1", fields)
        english = await browser.post(f"{AT}/import/imp-1?lang=en", fields)

    assert page.status_code == 400
    assert "Rien de ce nom. Choix « ZZ ». Prenez une case de l’aperçu." in page.text
    assert 'name="leave.BA.120.brut" value="yes" checked' in page.text
    assert 'name="accept_partial" value="yes" required checked' in page.text
    assert '<details id="chosen-BA" open>' in page.text
    assert "Nothing of this name. Choice “ZZ”. Take a cell of the preview." in english.text


async def test_a_confirmed_import_shows_what_was_left_out_and_offers_no_choice():
    world = previewing(
        an_import_change("BA.010.brut"), an_import_change("BA.020.brut"), is_confirmed=True, left_out=("BA.020.brut",)
    )
    text = await page_of(world)

    assert boxes(text) == []
    assert "Cet import a été écrit. 1 case laissée de côté." in text
    assert text.count("<td>laissée de côté</td>") == 1
    assert f'href="{AT}/import/imp-1/errors"' in text


async def test_an_import_of_two_thousand_changes_is_folded_by_form_and_can_be_left_out_cell_by_cell():
    lines = [f"{form}.{number:03d}x" for form in ("BA", "BP", "CC", "CP") for number in range(250)]
    addresses = [f"{line}.{column}" for line in lines for column in ("brut", "amort")]
    world = previewing(*map(an_import_change, addresses))
    async with a_browser(world) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/import/imp-1")).text
        sent = await browser.post(f"{AT}/import/imp-1", {f"leave.{address}": "yes" for address in addresses})

    assert text.count('<details id="chosen-') == 4
    assert " open><summary>" not in text
    assert len(boxes(text)) == 4 + 1000 + 2000
    assert len(text) < 1_500_000
    assert sent.status_code == 303
    assert browser.world.calls("choice") == [ImportChoice((), tuple(addresses))]


async def test_programs_say_what_they_take_and_leave():
    path = f"/api/v1{AT}/imports/imp-1/confirm"
    async with a_browser() as browser:
        chosen = {"choice": {"taken": ["BA.020.brut"], "left": ["BP", "BA.010"]}, "overwrite_typed": True}
        done = await browser.http.post(path, headers=BEARER, json=chosen)
        await browser.http.post(path, headers=BEARER)

    assert done.json()["left_out"] == ["BP", "BA.010"]
    assert browser.world.calls("choice") == [ImportChoice(("BA.020.brut",), ("BP", "BA.010")), ImportChoice()]


async def test_the_history_walks_the_pages_of_what_happened_beside_those_of_changes():
    async with a_browser(World(has_older_steps=True, activities_before="41")) as browser:
        await browser.sign_in()
        first = (await browser.get(f"{AT}/history")).text
        both = (await browser.get(f"{AT}/history?before=step-1&happened_before=41")).text
        english = (await browser.get(f"{AT}/history?lang=en")).text

    assert browser.world.calls("activity")[:2] == [(FILING_ID, "", 100), (FILING_ID, "41", 100)]
    assert f'href="{AT}/history?happened_before=41">Événements plus anciens' in first
    assert "Derniers événements" not in first
    assert f'href="{AT}/history?before=step-1">Derniers événements' in both, "changes stay where they are"
    assert f'href="{AT}/history?happened_before=41">Dernières modifications' in both
    assert f'href="{AT}/history?happened_before=41&amp;before=step-1">Événements plus anciens' in both
    assert "Earlier events" in english


async def test_the_history_walks_the_pages_of_changes():
    async with a_browser(World(has_older_steps=True)) as browser:
        await browser.sign_in()
        first = (await browser.get(f"{AT}/history")).text
        second = (await browser.get(f"{AT}/history?before=step-1")).text

    assert browser.world.calls("steps") == [(FILING_ID, "", 50), (FILING_ID, "step-1", 50)]
    assert f'href="{AT}/history?before=step-1">Modifications plus anciennes' in first
    assert "Dernières modifications" not in first
    assert "La toute première." in second
    assert f'href="{AT}/history">Dernières modifications' in second
    assert "Modifications plus anciennes" not in second


async def test_a_history_of_one_page_leads_to_no_other():
    async with a_browser() as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/history")).text

    assert "Modifications plus anciennes" not in text
    assert "Dernières modifications" not in text


async def test_programs_walk_the_pages_of_changes():
    async with a_browser(World(has_older_steps=True)) as browser:
        first = (await browser.get(f"/api/v1{AT}/steps?page_size=2", headers=BEARER)).json()
        last = (await browser.get(f"/api/v1{AT}/steps?page_token={first['next_page_token']}", headers=BEARER)).json()

    assert [step["step_id"] for step in (*first["steps"], *last["steps"])] == ["step-2", "step-1", "step-0"]
    assert last["next_page_token"] == ""
    assert browser.world.calls("steps") == [(FILING_ID, "", 2), (FILING_ID, "step-1", 0)]
