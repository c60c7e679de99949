"""Three real servers, a partition with writes on both sides, and what a third server must never hold (T5, P5, P6, P7)."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from services.sync.service import shared_concepts
from tests.integration.sync.federation import BODY, Link, Server, a_federation, eventually, state_members
from tests.support.postgres import TestDatabase

pytestmark = pytest.mark.slow

ESH_BODY = "555555555"
TWO_WAY = sorted(concept.code for concept in shared_concepts().values() if concept.is_two_way)
Three = tuple[Server, Server, Server, dict[tuple[str, str], Link]]


@pytest.fixture
async def three(database: TestDatabase) -> AsyncIterator[Three]:
    links: dict[tuple[str, str], Link] = {}
    with TemporaryDirectory(prefix="hs-") as folder:
        async with a_federation(database.admin_url, Path(folder), ("FED-OPH", "FED-ESH"), links) as servers:
            ministry, oph, esh = servers
            await state_members(ministry, {BODY: "FED-OPH", ESH_BODY: "FED-ESH"})
            await ministry.type("0", body=ESH_BODY)
            await eventually(lambda: esh.shows("0", body=ESH_BODY))
            await ministry.type("0")
            await eventually(lambda: oph.shows("0"))
            yield ministry, oph, esh, links


def standing(server: Server, body: str = BODY) -> list[tuple[object, ...]]:
    """Everything that stands about a body, as bytes to compare."""
    return server.rows(
        "SELECT concept, digest, value, vector FROM fact_versions "
        f"WHERE is_standing AND siren = '{body}' ORDER BY concept, digest"
    )


def everything(server: Server) -> str:
    """Every row of every table of a server, as one text."""
    tables = server.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'sync'")
    return "".join(
        str(server.rows(f"SELECT encode(convert_to(t::text, 'UTF8'), 'escape') FROM {name} t")) for (name,) in tables
    )


async def test_after_a_partition_both_sides_agree_and_every_clash_is_shown(three: Three) -> None:
    ministry, oph, esh, links = three
    for pair in (("MIN", "FED-OPH"), ("FED-OPH", "MIN")):
        links[pair].cut()
    clashing, here, there = TWO_WAY[:10], TWO_WAY[10:25], TWO_WAY[25:40]

    for concept in (*clashing, *here):
        await ministry.type("111", concept)
    for concept in (*clashing, *there):
        await oph.type("222", concept)
    await ministry.type("333", body=ESH_BODY)
    await eventually(lambda: esh.shows("333", body=ESH_BODY))
    assert standing(ministry) != standing(oph)

    for pair in (("MIN", "FED-OPH"), ("FED-OPH", "MIN")):
        links[pair].mend()

    async def agree() -> bool:
        return standing(ministry) == standing(oph)

    await eventually(agree)
    for server in (ministry, oph):
        facts = [await server.fact(concept) for concept in TWO_WAY[:40]]
        assert sorted(fact.concept for fact in facts if fact and fact.HasField("conflict")) == clashing
    assert [await oph.value(concept) for concept in here] == ["111"] * len(here)
    assert [await ministry.value(concept) for concept in there] == ["222"] * len(there)


async def test_a_link_that_flaps_loses_and_repeats_nothing(three: Three) -> None:
    ministry, oph, _, links = three

    async def flap() -> None:
        for _ in range(4):
            for pair in (("MIN", "FED-OPH"), ("FED-OPH", "MIN")):
                links[pair].cut()
            await asyncio.sleep(0.3)
            for pair in (("MIN", "FED-OPH"), ("FED-OPH", "MIN")):
                links[pair].mend()
            await asyncio.sleep(0.7)

    flapping = asyncio.create_task(flap())
    for place, concept in enumerate(TWO_WAY):
        await (ministry if place % 2 else oph).type(str(place + 1), concept)
    await flapping

    async def agree() -> bool:
        return standing(ministry) == standing(oph)

    await eventually(agree)
    assert len(standing(oph)) == len(TWO_WAY)
    for server, origin in ((oph, "MIN"), (ministry, "FED-OPH")):
        seqs = [seq for (seq,) in server.rows(f"SELECT seq FROM inbox WHERE origin = '{origin}' ORDER BY seq")]
        assert seqs == list(range(1, len(seqs) + 1))


async def test_a_federation_holds_no_byte_of_another_federations_body(three: Three) -> None:
    ministry, oph, esh, _ = three

    await ministry.type("4711001", TWO_WAY[0])
    await oph.type("4711002", TWO_WAY[1])
    await eventually(lambda: oph.shows("4711001", TWO_WAY[0]))
    await eventually(lambda: ministry.shows("4711002", TWO_WAY[1]))

    assert "4711001" in everything(oph)
    assert BODY not in everything(esh)
    assert "4711" not in everything(esh)
    assert ESH_BODY not in everything(oph)
