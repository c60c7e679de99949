"""A choice between the values of two servers, made and undone in the browser of one, seen in that of the other."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from playwright.async_api import Browser, expect

from tests.support.browser import (
    CHROMIUM,
    NO_CHROMIUM,
    OFFICIAL,
    Desk,
    RunningFederation,
    chromium,
    desk,
    two_servers,
)
from tests.support.stacks import nobody_writes

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=NO_CHROMIUM),
]
SYNC_SECONDS = 60.0
SHARED, ALIAS = "BP.180.n", "QE.140.n"
"""An amount that travels both ways: its cell in the ER, and its alias in the QDIS."""


@dataclass
class Scene:
    """The ministry, the federation and one browser."""

    running: RunningFederation
    browser: Browser

    async def seat(self, stack: AsyncExitStack, server: str) -> Desk:
        """Seat the accountant of the body at one of the servers."""
        seated = await stack.enter_async_context(
            desk(self.running, self.browser, server, "comptable.oph", scripts=False)
        )
        seated.own_words += OFFICIAL
        return seated


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    with TemporaryDirectory(prefix="hc-", ignore_cleanup_errors=True) as folder:
        async with two_servers(Path(folder)) as running, chromium() as browser:
            yield Scene(running, browser)


async def test_a_choice_undone_opens_the_same_conflict_on_both_servers(scene: Scene) -> None:
    async with AsyncExitStack() as stack:
        ministry, federation = await scene.seat(stack, "MIN"), await scene.seat(stack, "FED-OPH")
        places = {ministry: await opens(ministry), federation: await opens(federation)}
        address = await clash(scene, ministry, federation, places)
        cells = {seated: f"{at}/cells/{address}" for seated, at in places.items()}
        before = {seated: await conflict_of(seated, cell) for seated, cell in cells.items()}

        await chooses(federation, cells[federation])
        await is_settled(ministry, cells[ministry])
        await undoes_the_choice(federation, places[federation])

        for seated, cell in cells.items():
            assert await conflict_of(seated, cell) == before[seated]
        await federation.go(cells[federation])
        await federation.look("e01-conflict-again")
        await federation.sees("Deux serveurs ont des valeurs différentes")
        await chooses(ministry, cells[ministry])
        await is_settled(federation, cells[federation])


async def opens(seated: Desk) -> str:
    await seated.press(re.compile("^Ouvrir"))
    await seated.sees("Dossier ouvert")
    found = re.search(r"/filings/[^/?#]+", seated.page.url)
    assert found, seated.page.url
    return found[0]


async def clash(scene: Scene, ministry: Desk, federation: Desk, places: dict[Desk, str]) -> str:
    """Type both values of a shared amount while neither server hears of the other's; return its cell in the ER."""
    typed = ((ministry, SHARED, "100"), (federation, ALIAS, "200"))
    for seated, cell, value in typed:
        await seated.go(f"{places[seated]}/forms/{cell[:2]}")
        await seated.cell(cell).fill(value)
    async with AsyncExitStack() as unheard:
        for name in ("MIN", "FED-OPH"):
            await unheard.enter_async_context(nobody_writes(scene.running.servers[name], "sync", "fact_versions"))
        for seated, _, _ in typed:
            await seated.press("Enregistrer")
            await seated.arrived()
            assert not await seated.page.get_by_role("alert").count()
    return SHARED


async def conflict_of(seated: Desk, cell: str) -> str:
    """What the page of a cell says of the two values, waited for."""
    async with asyncio.timeout(SYNC_SECONDS):
        while True:
            await seated.go(cell)
            section = seated.page.locator("section.warn")
            if await section.count():
                # Ours is written anew when the choice is undone: its time, and nothing else, may be another.
                return re.sub(r"le \d+ \w+ \d+ à \d+:\d+", "", await section.inner_text())
            await asyncio.sleep(0.3)


async def chooses(seated: Desk, cell: str) -> None:
    await seated.go(cell)
    await seated.page.locator("#theirs").check()
    await seated.press("Garder cette valeur")
    await seated.sees("Valeur choisie. Ce choix s’annule dans l’historique.")


async def is_settled(seated: Desk, cell: str) -> None:
    async with asyncio.timeout(SYNC_SECONDS):
        while True:
            await seated.go(cell)
            if not await seated.page.locator("section.warn").count():
                return
            await asyncio.sleep(0.3)


async def undoes_the_choice(seated: Desk, at: str) -> None:
    await seated.go(f"{at}/history")
    row = seated.page.locator("tr").filter(has_text=re.compile(r"valeur «\s\d+\s» choisie")).first
    await row.get_by_role("button").click()
    await seated.sees(re.compile(r"Annulé\s: 1 case remise comme avant\."))
    await expect(seated.page.get_by_text("annulée").first).to_be_visible()
