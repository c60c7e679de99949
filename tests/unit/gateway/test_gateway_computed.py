"""The page of a computed cell says how it comes about."""

import re

from chassis.errors import Unavailable
from services.gateway.clients.answers import Document, FiledCell, Origin
from tests.support.gateway import FILING_ID, World, a_browser, a_filing, an_identity

AT = f"/filings/{FILING_ID}"


async def page_of(address, world=None, language="fr"):
    async with a_browser(world) as browser:
        await browser.sign_in()
        text = (await browser.get(f"{AT}/cells/{address}?lang={language}")).text
    return re.sub(r"\s+", " ", text), browser.world


async def test_a_computed_cell_shows_its_formula_and_the_cells_it_reads_with_their_present_values():
    french, world = await page_of("BA.010.net")
    english, _ = await page_of("BA.010.net", language="en")

    assert world.calls("formula") == [("2024.1", "BA.010.net")]
    assert '<dt>Formule</dt><dd class="code">brut-amort</dd>' in french
    assert "<strong>1 234 567</strong>" in french
    assert f'<a class="code" href="{AT}/cells/BA.010.brut">BA.010.brut</a>' in french
    assert f'<a class="code" href="{AT}/cells/BA.010.amort">BA.010.amort</a>' in french
    assert '<td class="number">vide</td>' in french
    assert "Cells it reads" in english


async def test_a_cell_that_a_person_fills_has_no_formula():
    french, world = await page_of("BA.010.brut")

    assert world.calls("formula") == []
    assert "Case calculée" not in french
    assert "Versions de la case" in french


async def test_the_formula_is_shown_while_the_controls_do_not_answer():
    french, _ = await page_of("BA.010.net", World(failures={"formula": Unavailable()}))

    assert "brut-amort" in french
    assert "ne peuvent pas être données" in french


async def test_on_the_other_server_a_cell_of_the_er_is_received_and_not_computed():
    received = FiledCell("BA.570.net", "9", 1, Origin.SYNCHRONISED, "Camille", None, server="MIN")
    world = World(filing=a_filing(an_identity(Document.QDIS)), cells=(received,))
    french, _ = await page_of("QF.110.n", world)

    assert world.calls("formula") == []
    assert "Case calculée" not in french
