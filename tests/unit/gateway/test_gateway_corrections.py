"""What people see of a filing that was signed and reopened: who still relies on what, since when, and what replaces it."""

import json
from dataclasses import replace

import pytest

from services.gateway.clients.answers import DeliveryState, Standing, Step, Verdict
from tests.support.gateway import (
    CONTENT,
    FILING_ID,
    NOW,
    World,
    a_browser,
    a_decision,
    a_delivery,
    a_filing,
    a_passport,
    a_previous,
    a_receipt,
    a_signed_attachment,
)

AT = f"/filings/{FILING_ID}"
ENGLISH = {"accept-language": "en"}
REOPENED = a_filing(
    step=Step.ENTRY, signed_version=1, receipt_number="R-2025-000001", verdict=Verdict.CLEAN, reopened_at=NOW
)
SUSPENDED = a_delivery(standing=Standing.SUSPENDED, suspended_at=NOW)
WITHDRAWN = a_delivery(standing=Standing.WITHDRAWN, withdrawn_at=NOW, notice_acknowledged_at=NOW)
SINCE = "2 juin 2025 à 11:00 (heure de Paris)"


async def read(path, world, **headers):
    async with a_browser(world) as browser:
        await browser.sign_in()
        return (await browser.get(path, headers=headers)).text


@pytest.mark.parametrize("path", [AT, f"{AT}/forms", f"{AT}/release", f"{AT}/history", f"{AT}/receipt"])
async def test_every_page_of_a_reopened_filing_says_since_when_its_signed_version_is_suspended(path):
    world = World(filing=REOPENED, deliveries=(SUSPENDED,))

    assert f"Version 1 suspendue depuis le {SINCE}." in await read(path, world)
    assert "Version 1 suspended since 2 June 2025 at 11:00 (Paris time)." in await read(path, world, **ENGLISH)


async def test_the_correction_under_way_is_said_to_be_visible_to_the_team_only():
    page = await read(AT, World(filing=REOPENED, deliveries=(SUSPENDED,)))

    assert "par le ministère et par\N{NO-BREAK SPACE}: Caisse des dépôts." in page
    assert "La rectification en cours n’est visible que par les utilisateurs de OPH de Démonstration." in page


async def test_who_had_it_withdrawn_is_not_said_to_see_it():
    signed = replace(REOPENED, step=Step.REVIEW, reopened_at=None)

    page = await read(AT, World(filing=signed, deliveries=(WITHDRAWN,)))

    assert "Caisse des dépôts" not in page.partition('class="seen"')[2].partition("</p>")[0]
    assert "suspendue" not in page.partition("Rouvrir pour rectifier")[0]


async def test_who_received_what_says_what_each_version_is_to_its_recipient():
    deliveries = (SUSPENDED, WITHDRAWN, a_delivery(version=2), a_delivery(standing=Standing.UNSPECIFIED))
    world = World(filing=REOPENED, deliveries=deliveries)

    french, english = await read(f"{AT}/history", world), await read(f"{AT}/history", world, **ENGLISH)

    assert f"Suspendue depuis le {SINCE} (avis pas encore pris en compte)" in french
    assert (
        f"Retirée depuis le {SINCE}\N{NO-BREAK SPACE}: plus en vigueur chez ce destinataire (avis pris en compte le {SINCE})"
        in french
    )
    assert "<td>En vigueur</td>" in french
    assert "Suspended since 2 June 2025 at 11:00 (Paris time) (notice not confirmed yet)" in english


async def test_the_release_table_says_what_each_recipient_holds_and_what_signing_will_do():
    decisions = (a_decision(is_released=False, is_ticked=False), a_decision("PREFET-69", is_released=False))
    older = a_delivery(state=DeliveryState.SUPERSEDED, standing=Standing.REPLACED)
    held = replace(SUSPENDED, version=2)
    world = World(filing=REOPENED, decisions=decisions, deliveries=(held, older))

    french, english = await read(f"{AT}/release", world), await read(f"{AT}/release", world, **ENGLISH)

    assert f"Version 2\u00a0: Suspendue depuis le {SINCE}" in french
    assert french.count("lui sera retirée à la signature") == 1
    assert "<td>rien</td>" in french
    assert "will be withdrawn at signature" in english


async def test_a_filing_that_was_never_signed_has_nothing_to_say_of_what_is_held():
    page = await read(f"{AT}/release", World())

    assert "Ce qu’il a déjà" not in page
    assert "suspendue" not in page


async def test_the_receipt_of_a_correction_names_what_it_replaces_and_what_is_attached():
    receipt = replace(a_receipt(), version=2, previous=a_previous(), attachments=(a_signed_attachment(),))
    world = World(filing=replace(REOPENED, reopened_at=None, step=Step.REVIEW), receipt=receipt)

    french, english = await read(f"{AT}/receipt", world), await read(f"{AT}/receipt", world, **ENGLISH)

    assert [part for part in ("ef" * 32, "rapport.pdf", "ad" * 32, "Rapport de gestion") if part not in french] == []
    assert "Version que celle-ci remplace" in french
    assert "Version that this one replaces" in english
    assert "Attached files that the signature covers" in english


async def test_what_is_to_be_signed_shows_what_it_replaces_and_what_is_attached_from_the_same_bytes():
    attached = {"kind": "NOTES", "file_name": "notes.pdf", "size": 7, "digest": "ad" * 32}
    before = {"version": 1, "digest": "ef" * 32, "receipt_number": "R-2025-000001", "log_index": 41}
    content = json.dumps({**json.loads(CONTENT), "previous": before, "attachments": [attached]}).encode()

    page = await read(f"{AT}/sign", World(filing=a_filing(step=Step.SIGNATURE), content=content))

    assert [part for part in ("ef" * 32, "R-2025-000001", "notes.pdf", "ad" * 32) if part not in page] == []


@pytest.mark.parametrize("content", [CONTENT, b"", b"{", b'{"attachments":{"a.pdf":"x"},"previous":"y"}'])
async def test_bytes_that_say_nothing_of_it_are_shown_without(content):
    page = await read(f"{AT}/sign", World(filing=a_filing(step=Step.SIGNATURE), content=content))

    assert "Aucune pièce jointe." in page
    assert "Version que celle-ci remplace" not in page


async def test_officers_see_that_what_they_read_is_suspended():
    async with a_browser(World(filing=REOPENED)) as browser:
        browser.office.persons["access-director"] = a_passport(("staff.read",), "*")
        await browser.sign_in()
        listed = (await browser.get("/staff")).text
        form = (await browser.get(f"/staff/filings/{FILING_ID}/forms/BA")).text
        english = (await browser.get(f"/staff/filings/{FILING_ID}/forms/BA", headers=ENGLISH)).text

    assert f"Suspendue depuis le {SINCE}" in listed
    assert f"Version 1 suspendue depuis le {SINCE}." in form
    assert "The filing is reopened to be rectified" in english
