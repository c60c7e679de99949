"""Two real servers: PostgreSQL, gRPC over mutual TLS, workers and all."""

import asyncio
from typing import Any

import grpc
import pytest
from harmonia.sync.v1 import sync_pb2 as pb

from chassis.errors import Conflict, Forbidden, Invalid, RuleBroken
from tests.integration.sync.federation import (
    BODY,
    COMPUTED,
    INPUT,
    OTHER_BODY,
    YEAR,
    Server,
    eventually,
    state_members,
)

Pair = tuple[Server, Server]


async def synchronised(pair: Pair, value: str) -> None:
    """A value typed at the ministry is known on both sides, and forms of the federation has been told."""
    ministry, federation = pair
    await ministry.type(value)
    await eventually(lambda: federation.shows(value))

    async def is_told() -> bool:
        return bool(federation.rows(f"SELECT 1 FROM tellings WHERE concept = '{INPUT}'"))

    await eventually(is_told)


async def test_what_is_entered_at_the_ministry_is_visible_at_the_federation(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")

    await ministry.type("1234.5")
    await eventually(lambda: federation.shows("1234.5"))

    fact = await federation.fact()
    assert fact is not None
    assert (fact.server, fact.author, fact.address) == ("MIN", "Camille", "PL.180.n")


async def test_what_is_entered_at_the_federation_is_visible_at_the_ministry(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")

    await federation.type("2")

    await eventually(lambda: ministry.shows("2"))
    await eventually(lambda: settled(ministry))
    told = ministry.forms.last(INPUT)
    assert told is not None
    assert (told.value, told.server) == ("2", "FED-OPH")


async def test_a_computed_fact_travels_down_and_is_provisional(pair: Pair) -> None:
    ministry, federation = pair

    await ministry.type("12.3456789012", COMPUTED)

    await eventually(lambda: federation.shows("12.3456789012", COMPUTED))
    await eventually(lambda: settled(federation))
    told = federation.forms.last(COMPUTED)
    assert told is not None
    assert (told.is_computed, told.is_provisional, told.is_sealed) == (True, True, False)


async def test_a_federation_cannot_write_a_computed_fact(pair: Pair) -> None:
    _, federation = pair
    await synchronised(pair, "1")

    assert await federation.type("5", COMPUTED) == 0

    assert await federation.value(COMPUTED) is None
    assert federation.rows("SELECT kind, facts->>'reason' FROM incidents") == [("EditRefused", "CONCEPT_READ_ONLY")]


async def test_an_event_reported_twice_is_published_once(pair: Pair) -> None:
    ministry, _ = pair

    assert await ministry.type("1", event_id="e1") == 1
    assert await ministry.type("1", event_id="e1") == 0


async def test_concurrent_different_values_are_a_conflict_on_both_sides_until_someone_chooses(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")

    await asyncio.gather(ministry.type("10"), federation.type("20"))
    await eventually(ministry.is_in_conflict)
    await eventually(federation.is_in_conflict)
    own = await federation.fact()
    assert own is not None
    assert (own.value, own.conflict.value, own.conflict.server) == ("20", "10", "MIN")

    await eventually(lambda: settled(federation))
    await federation.resolve("10")

    await eventually(lambda: ministry.shows("10"))
    assert await federation.shows("10")


async def test_a_choice_taken_back_is_the_same_conflict_again_on_both_sides_and_can_be_chosen_again(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    await asyncio.gather(ministry.type("10"), federation.type("20"))
    await eventually(ministry.is_in_conflict)
    await eventually(federation.is_in_conflict)
    before = [await server.fact() for server in pair]
    await eventually(lambda: settled(federation))
    await federation.resolve("10")
    await eventually(lambda: ministry.shows("10"))
    await eventually(lambda: settled(federation))

    assert before[1] is not None
    await federation.type("20", beside=before[1].conflict)

    await eventually(ministry.is_in_conflict)
    await eventually(federation.is_in_conflict)
    after = [await server.fact() for server in pair]
    shown = [(one.value, one.server, one.conflict.value, one.conflict.server) for one in after if one]
    assert shown == [("10", "MIN", "20", "FED-OPH"), ("20", "FED-OPH", "10", "MIN")]
    assert after[1] is not None
    assert after[1].conflict == before[1].conflict
    await eventually(lambda: settled(ministry))
    await ministry.resolve("20")
    await eventually(lambda: federation.shows("20"))


async def settled(server: Server) -> bool:
    """Forms has been told all there is to tell."""
    return not server.rows("SELECT 1 FROM outbox_events WHERE delivered_at IS NULL")


async def test_a_value_that_forms_had_not_been_told_of_is_never_overwritten(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    await federation.type("2")
    await eventually(lambda: ministry.shows("2"))
    await eventually(lambda: settled(ministry))
    before = ministry.rows("SELECT now() - interval '1 minute'")[0][0]

    late = pb.ChangedFact(concept=INPUT, value="3", source=pb.FACT_SOURCE_TYPED, author="Camille")
    late.changed_at.FromDatetime(before)
    await ministry.stub.PublishFacts(pb.PublishFactsRequest(event_id="late", body=BODY, year=YEAR, facts=[late]))

    fact = await ministry.fact()
    assert fact is not None
    assert {fact.value, fact.conflict.value} == {"2", "3"}


async def test_there_is_nothing_to_choose_without_a_conflict(pair: Pair) -> None:
    ministry, _ = pair
    await ministry.type("1")

    with pytest.raises(RuleBroken):
        await ministry.resolve("1")


async def test_a_choice_of_a_value_that_does_not_stand_is_refused(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    await asyncio.gather(ministry.type("10"), federation.type("20"))
    await eventually(ministry.is_in_conflict)
    await eventually(lambda: settled(ministry))

    with pytest.raises(Conflict):
        await ministry.resolve("30")


async def test_sealed_facts_are_read_only_on_both_sides(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    await ministry.type("7", COMPUTED)

    await ministry.type("1", seals=True)
    await eventually(lambda: is_sealed(federation, INPUT))
    await eventually(lambda: is_sealed(federation, COMPUTED))
    await eventually(lambda: settled(federation))
    await federation.type("2")

    assert await federation.shows("1")
    assert await ministry.shows("1")


async def is_sealed(server: Server, concept: str) -> bool:
    """Tell whether the server shows the fact as sealed."""
    fact = await server.fact(concept)
    return fact is not None and fact.is_sealed and not fact.is_provisional


async def test_a_reopened_er_lets_its_facts_change_again(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    await ministry.type("1", seals=True)
    await eventually(lambda: is_sealed(federation, INPUT))

    await ministry.type("2")

    await eventually(lambda: federation.shows("2"))
    assert not await is_sealed(federation, INPUT)


async def test_a_server_that_was_away_catches_up_and_entry_went_on_meanwhile(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    await federation.stop()

    await ministry.type("2")
    assert await ministry.shows("2")
    await federation.start()

    await eventually(lambda: federation.shows("2"))


async def test_a_peer_that_comes_back_is_found_again_by_the_one_that_stayed(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    await ministry.stop()
    await federation.type("2")
    await asyncio.sleep(1)

    await ministry.start()

    await eventually(lambda: ministry.shows("2"))


async def test_a_body_of_nobody_goes_nowhere(pair: Pair) -> None:
    ministry, federation = pair

    assert await ministry.type("1", body=OTHER_BODY) == 0
    await synchronised(pair, "1")

    assert await federation.value(body=OTHER_BODY) is None


async def test_a_body_that_joins_brings_its_facts_and_one_that_leaves_sends_no_more(pair: Pair) -> None:
    ministry, federation = pair
    await ministry.type("1", body=OTHER_BODY)

    await state_members(ministry, {BODY: "FED-OPH", OTHER_BODY: "FED-OPH"})
    await eventually(lambda: federation.shows("1", body=OTHER_BODY))
    await state_members(ministry, {BODY: "FED-OPH"})

    assert await ministry.type("2", body=OTHER_BODY) == 0


async def test_the_same_membership_stated_again_changes_nothing(pair: Pair) -> None:
    ministry, _ = pair

    await state_members(ministry, {BODY: "FED-OPH"})

    assert ministry.rows("SELECT version FROM membership_documents WHERE federation = 'FED-OPH'") == [(1,)]


async def test_both_sides_keep_the_signed_receipt_and_the_backlog_is_empty(pair: Pair) -> None:
    ministry, federation = pair
    await synchronised(pair, "1")
    query = "SELECT epoch, size, content, signature FROM receipts WHERE is_ours = {} ORDER BY size DESC LIMIT 1"

    async def is_acknowledged() -> bool:
        return ministry.rows(query.format("false")) == federation.rows(query.format("true")) != []

    await eventually(is_acknowledged)
    head = ministry.rows("SELECT size FROM stream_heads WHERE peer = 'FED-OPH'")
    assert ministry.rows(query.format("false"))[0][1] == head[0][0]


async def test_streams_are_only_for_peers_proven_by_their_certificate(pair: Pair) -> None:
    ministry, _ = pair

    with pytest.raises(Forbidden):
        await ministry.stub.PullBatch(pb.PullBatchRequest())


async def test_a_malformed_report_is_refused(pair: Pair) -> None:
    ministry, _ = pair

    with pytest.raises(Invalid) as caught:
        await ministry.stub.PublishFacts(pb.PublishFactsRequest(event_id="x", body="12", year=1))

    assert {violation.field for violation in caught.value.violations} == {"body", "year"}


async def test_a_server_without_a_trusted_certificate_gets_no_connection(pair: Pair) -> None:
    ministry, _ = pair

    async with grpc.aio.insecure_channel(ministry.address) as channel:
        call: Any = channel.unary_unary("/harmonia.sync.v1.SyncService/PullBatch")
        with pytest.raises(grpc.aio.AioRpcError):
            await call(b"", timeout=2)
