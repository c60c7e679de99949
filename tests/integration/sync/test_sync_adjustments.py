"""Decisions on controls between real servers: PostgreSQL, gRPC over mutual TLS, workers and all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from harmonia.sync.v1 import sync_pb2 as pb
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2

from chassis.errors import Invalid
from tests.integration.sync.federation import Server, a_federation, eventually
from tests.support.postgres import TestDatabase

Pair = tuple[Server, Server]


@pytest.fixture
async def three(database: TestDatabase) -> AsyncIterator[list[Server]]:
    with TemporaryDirectory(prefix="hs-") as folder:
        async with a_federation(database.admin_url, Path(folder), ("FED-OPH", "FED-ESH")) as servers:
            yield servers


async def test_what_the_ministry_decides_is_told_to_every_federation_once(three: list[Server]) -> None:
    ministry, oph, esh = three

    identifier, appended = await ministry.decide(severity=0, is_withdrawn=True)
    again = await ministry.decide(id=identifier)

    assert (appended, again) == (2, (identifier, 0))
    for federation in (oph, esh):
        await eventually(lambda f=federation: f.was_told(identifier))  # type: ignore[misc]
        (told,) = federation.validation.told
        assert (told.authority, told.document, told.control) == ("MIN", types.DOCUMENT_ER, "A-20")
        assert told.reason == "Instruction de campagne."
    assert ministry.validation.told == []


async def test_what_a_federation_decides_reaches_the_others_through_the_ministry(three: list[Server]) -> None:
    ministry, oph, esh = three

    identifier, appended = await oph.decide("Q-02")

    assert appended == 1
    for server in (ministry, esh):
        await eventually(lambda s=server: s.was_told(identifier))  # type: ignore[misc]
        assert [one.authority for one in server.validation.told] == ["FED-OPH"]
    assert oph.validation.told == [], "nobody is told its own decision"
    assert ministry.rows(
        "SELECT peer FROM envelopes WHERE position('adjustment' IN encode(content, 'escape')) > 0"
    ) == [("FED-ESH",)]


async def test_a_server_that_was_away_hears_what_was_decided_and_put_back_meanwhile_in_order(pair: Pair) -> None:
    ministry, federation = pair
    await federation.stop()
    softer, _ = await ministry.decide()
    back, _ = await ministry.decide(severity=validation_pb2.SEVERITY_ANOMALY)

    await federation.start()

    await eventually(lambda: federation.was_told(back))
    assert [one.id for one in federation.validation.told] == [softer, back]


async def test_a_validation_service_that_is_down_is_told_when_it_is_there_again(pair: Pair) -> None:
    ministry, federation = pair
    federation.validation.is_down = True
    identifier, _ = await ministry.decide()

    async def is_held_up() -> bool:
        return bool(federation.rows("SELECT 1 FROM outbox_events WHERE kind = 'AdjustmentReceived' AND attempts > 0"))

    await eventually(is_held_up)
    federation.validation.is_down = False

    await eventually(lambda: federation.was_told(identifier))


async def test_what_validation_turns_down_is_an_incident_and_is_not_told_again(pair: Pair) -> None:
    ministry, federation = pair
    ministry.validation.refused_control = "A-20"

    await federation.decide("A-20")
    sound, _ = await federation.decide("Q-02")

    await eventually(lambda: ministry.was_told(sound))
    assert ministry.rows("SELECT kind, facts->>'origin', facts->>'control', facts->>'reason' FROM incidents") == [
        ("AdjustmentTurnedDown", "FED-OPH", "A-20", "NOT_THE_AUTHORITY")
    ]


async def test_a_decision_that_is_not_its_own_to_take_never_leaves_a_server(pair: Pair) -> None:
    ministry, federation = pair

    _, appended = await federation.decide(document=types.DOCUMENT_ER)
    sound, _ = await federation.decide("Q-02")

    await eventually(lambda: ministry.was_told(sound))
    assert appended == 0
    assert [one.id for one in ministry.validation.told] == [sound]


async def test_a_decision_without_an_identifier_is_refused(pair: Pair) -> None:
    ministry, _ = pair
    with pytest.raises(Invalid):
        await ministry.stub.PublishAdjustment(pb.PublishAdjustmentRequest())


async def test_what_was_decided_is_never_changed_or_removed(pair: Pair) -> None:
    ministry, _ = pair
    await ministry.decide()

    for change in ("DELETE FROM adjustments", "UPDATE adjustments SET content = ''"):
        with pytest.raises(Exception, match="append-only"):
            await asyncio.to_thread(ministry.rows, change)
