"""Every interceptor around a tiny real service on a Unix socket, as inside one process."""

import asyncio

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.sync.v1 import sync_pb2, sync_pb2_grpc

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    Unavailable,
    Violation,
)
from chassis.rpc.failures import InternalFailure
from chassis.rpc.identity import carrying, passport
from tests.support.hosting import FakePassports, a_caller, a_stack, hosting
from tests.support.tiny import Tiny

PASSPORTS = FakePassports({"anne": a_caller("Anne"), "stranger": a_caller("Max", on={"000000018": ["member.manage"]})})
READ = pb.GetFilingRequest(filing_id="f")


def raising(error):
    async def answer() -> None:
        raise error

    return answer


@pytest.fixture
async def world():
    """Give the service, a stub as the gateway has it, and the peers."""
    tiny = Tiny()
    async with hosting(a_stack(), [tiny], PASSPORTS) as (peers, hosted):
        yield tiny, pb_grpc.FormsServiceStub(peers.channel("forms")), peers, hosted


# --- failures -----------------------------------------------------------------


@pytest.mark.parametrize(
    "meaning",
    [
        Invalid,
        Unauthenticated,
        Forbidden,
        NotFound,
        AlreadyExists,
        RuleBroken,
        Conflict,
        Exhausted,
        Unavailable,
    ],
)
async def test_a_failure_arrives_as_it_was_raised(world, meaning):
    tiny, stub, _, _ = world
    tiny.answer = raising(meaning("Pourquoi.", metadata={"fact": "1"}, reason="SOME_REASON"))

    with carrying("anne"), pytest.raises(meaning) as caught:
        await stub.GetFiling(READ)

    assert type(caught.value) is meaning
    assert (caught.value.message, caught.value.code) == ("Pourquoi.", "SOME_REASON")


async def test_an_unforeseen_failure_gives_nothing_away(world):
    tiny, stub, _, _ = world
    tiny.answer = raising(RuntimeError("password is hunter2"))

    with carrying("anne"), pytest.raises(InternalFailure) as caught:
        await stub.GetFiling(READ)

    assert "hunter2" not in caught.value.message


async def test_a_failure_of_a_service_behind_stays_unforeseen(world):
    tiny, stub, _, _ = world
    tiny.answer = raising(InternalFailure("ailleurs"))

    with carrying("anne"), pytest.raises(InternalFailure) as caught:
        await stub.GetFiling(READ)

    assert "ailleurs" not in caught.value.message


async def test_a_thousand_wrong_fields_arrive(world):
    tiny, stub, _, _ = world
    violations = [
        Violation(f"BA.{number:03d}.brut", "Pas un montant : « 1.234,56 ».", "F-01") for number in range(1000)
    ]
    tiny.answer = raising(Invalid("Mille champs.", violations=violations))

    with carrying("anne"), pytest.raises(Invalid) as caught:
        await stub.GetFiling(READ)

    assert list(caught.value.violations) == violations


# --- identity and permission ----------------------------------------------------


async def test_the_caller_is_the_bearer_of_the_passport_carried_by_a_service(world):
    tiny, stub, _, _ = world

    with carrying("anne"):
        await stub.GetFiling(READ)

    assert (tiny.callers[0].name, tiny.callers[0].is_service, tiny.callers[0].peer) == ("Anne", True, "")


async def test_the_passport_goes_on_to_the_next_service(world):
    tiny, stub, _, _ = world
    carried = []

    async def answer() -> None:
        carried.append(passport())

    tiny.answer = answer
    with carrying("anne"):
        await stub.GetFiling(READ)

    assert carried == ["anne"]
    assert passport() == ""


async def test_without_a_passport_a_person_must_sign_in(world):
    _, stub, _, _ = world

    with pytest.raises(Unauthenticated):
        await stub.GetFiling(READ)


async def test_a_forged_passport_proves_nobody(world):
    tiny, stub, _, _ = world

    with carrying("forged"), pytest.raises(Unauthenticated):
        await stub.GetFiling(READ)

    assert tiny.callers == []


async def test_a_person_without_the_permission_is_refused(world):
    _, stub, _, _ = world

    with carrying("stranger"), pytest.raises(Forbidden) as caught:
        await stub.GetFiling(READ)

    assert caught.value.metadata == {"permission": "filing.read"}


async def test_a_service_of_the_stack_may_call_internal_methods(world):
    tiny, stub, _, _ = world

    await stub.GetFrozenFiling(pb.GetFrozenFilingRequest())

    assert (tiny.callers[0].subject, tiny.callers[0].is_service) == ("gateway", True)


async def test_who_names_no_service_may_not_call_internal_methods(world):
    _, _, peers, _ = world
    async with grpc.aio.insecure_channel(peers._local) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pb_grpc.FormsServiceStub(channel).GetFrozenFiling(pb.GetFrozenFilingRequest())

    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_nobody_on_the_socket_is_another_server(world):
    _, _, peers, _ = world

    with pytest.raises(Forbidden):
        await sync_pb2_grpc.SyncServiceStub(peers.channel("sync")).PullBatch(sync_pb2.PullBatchRequest())


async def test_two_callers_at_once_are_not_mixed_up(world):
    tiny, stub, _, _ = world
    tiny.answer = lambda: asyncio.sleep(0.05)

    async def call(token: str) -> None:
        with carrying(token):
            await stub.GetFiling(READ)

    PASSPORTS.callers.update({f"p{number}": a_caller(f"P{number}") for number in range(20)})
    await asyncio.gather(*(call(f"p{number}") for number in range(20)))

    assert {caller.name for caller in tiny.callers} == {f"P{number}" for number in range(20)}


# --- deadline ---------------------------------------------------------------------


async def test_a_method_that_takes_too_long_is_cut_with_a_reason(world):
    tiny, stub, _, _ = world
    tiny.answer = lambda: asyncio.sleep(5)

    with carrying("anne"), pytest.raises(Unavailable, match="Délai dépassé"):
        await stub.GetFiling(READ, timeout=0.2)


async def test_a_call_that_comes_too_late_is_not_begun(world):
    tiny, stub, _, _ = world

    with carrying("anne"), pytest.raises(Unavailable):
        await stub.GetFiling(READ, timeout=0.015)

    assert tiny.callers == []


# --- idempotency ----------------------------------------------------------------------


def save(request_id: str, text: str = "1") -> pb.SaveCellsRequest:
    return pb.SaveCellsRequest(
        request_id=request_id, filing_id="f", edits=[pb.CellEdit(address="BA.010.brut", text=text)]
    )


async def test_a_repeat_is_answered_and_not_applied(world):
    tiny, stub, _, _ = world

    with carrying("anne"):
        first = await stub.SaveCells(save("r1"))
        again = await stub.SaveCells(save("r1"))

    assert again == first
    assert tiny.saves == 1


async def test_a_request_id_is_for_one_request(world):
    tiny, stub, _, _ = world

    with carrying("anne"):
        await stub.SaveCells(save("r1"))
        with pytest.raises(Invalid) as caught:
            await stub.SaveCells(save("r1", text="2"))

    assert caught.value.code == "REQUEST_ID_REUSED"
    assert tiny.saves == 1


async def test_two_people_may_use_the_same_request_id(world):
    tiny, stub, _, _ = world
    PASSPORTS.callers["berthe"] = a_caller("Berthe")

    for token in ("anne", "berthe"):
        with carrying(token):
            await stub.SaveCells(save("r1"))

    assert tiny.saves == 2


async def test_a_request_that_failed_may_be_tried_again(world):
    tiny, stub, _, _ = world
    tiny.answer = raising(Unavailable())

    with carrying("anne"):
        with pytest.raises(Unavailable):
            await stub.SaveCells(save("r1"))
        tiny.answer = Tiny().answer
        await stub.SaveCells(save("r1"))

    assert tiny.saves == 2


async def test_an_endless_request_id_is_refused(world):
    _, stub, _, _ = world

    with carrying("anne"), pytest.raises(Invalid) as caught:
        await stub.SaveCells(save("r" * 101))

    assert caught.value.violations[0].field == "request_id"


async def test_a_response_that_cannot_be_kept_still_reaches_its_caller(world):
    tiny, stub, _, _ = world

    async def lost(*_) -> None:
        raise OSError("the database is gone")

    tiny.applied.keep_response = lost
    with carrying("anne"):
        response = await stub.SaveCells(save("r1"))

    assert response.filing.revision == 1


# --- health -----------------------------------------------------------------------------


async def test_the_process_is_ready_when_all_its_services_are(world):
    tiny, _, peers, hosted = world
    stub = health_pb2_grpc.HealthStub(peers.channel("forms"))

    assert await hosted.health.check()
    answer = await stub.Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING

    tiny.ready = False
    assert not await hosted.health.check()
    answer = await stub.Check(health_pb2.HealthCheckRequest(service="forms"))
    assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING


async def test_two_services_of_one_name_do_not_start():
    with pytest.raises(ValueError, match="same name"):
        async with hosting(a_stack(), [Tiny(), Tiny()], PASSPORTS):
            pass
