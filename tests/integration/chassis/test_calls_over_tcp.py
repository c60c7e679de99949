"""Mutual TLS between processes and between servers: who answers and who calls is proven by the right authority."""

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.sync.v1 import sync_pb2, sync_pb2_grpc

from chassis.errors import Forbidden, Unauthenticated, Unavailable
from chassis.host import Listening, host
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from tests.support.hosting import FakePassports, a_caller, a_stack
from tests.support.tiny import Federation, Tiny, over_tcp

PASSPORTS = FakePassports({"anne": a_caller("Anne")})
INTERNAL = pb.GetFrozenFilingRequest()
READ = pb.GetFilingRequest(filing_id="f")
PULL = sync_pb2.PullBatchRequest()


@pytest.fixture
async def world(tmp_path):
    """Give the ministry's service, its address, and the federation's authorities."""
    federation, tiny = Federation(tmp_path, "MIN", "FED-OPH"), Tiny()
    async with over_tcp(tiny, federation.identity("MIN", "forms"), PASSPORTS, tmp_path) as (address, _):
        yield tiny, address, federation


def as_process(identity, address, service="signature"):
    return Peers(service, "", {"forms": address, "sync": address}, identity)


async def test_a_service_of_the_stack_is_proven_by_its_certificate(world):
    tiny, address, federation = world
    async with as_process(federation.identity("MIN", "signature"), address, service="whatever") as peers:
        await pb_grpc.FormsServiceStub(peers.channel("forms")).GetFrozenFiling(INTERNAL)

    assert (tiny.callers[0].subject, tiny.callers[0].is_service) == ("signature", True)


async def test_a_person_travels_with_the_service_that_carries_them(world):
    tiny, address, federation = world
    async with as_process(federation.identity("MIN", "gateway"), address) as peers:
        with carrying("anne"):
            await pb_grpc.FormsServiceStub(peers.channel("forms")).GetFiling(READ)

    assert (tiny.callers[0].name, tiny.callers[0].is_service) == ("Anne", True)


async def test_another_server_is_a_peer_and_no_service_of_ours(world):
    tiny, address, federation = world
    async with as_process(federation.identity("FED-OPH", "sync"), address) as peers:
        channel = peers.server_channel(address, "MIN")
        await sync_pb2_grpc.SyncServiceStub(channel).PullBatch(PULL)
        with pytest.raises(Forbidden):
            await pb_grpc.FormsServiceStub(channel).GetFrozenFiling(INTERNAL)

    assert (tiny.callers[0].peer, tiny.callers[0].is_service) == ("FED-OPH", False)


async def test_another_server_never_speaks_for_a_person_of_ours(world):
    _, address, federation = world
    credentials = federation.identity("FED-OPH", "sync").channel_credentials()
    options = (("grpc.ssl_target_name_override", "harmonia.internal"),)
    async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pb_grpc.FormsServiceStub(channel).GetFiling(READ, metadata=(("authorization", "Bearer anne"),))

    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_no_passport_of_ours_leaves_the_stack(world):
    tiny, address, federation = world
    async with as_process(federation.identity("FED-OPH", "sync"), address) as peers:
        with carrying("anne"):
            await sync_pb2_grpc.SyncServiceStub(peers.server_channel(address)).PullBatch(PULL)

    assert tiny.callers[0].name == ""


async def test_a_certificate_of_another_authority_in_our_name_is_refused(world):
    tiny, address, federation = world
    forged = federation.impostor("FED-OPH", claimed="MIN", service="signature")
    credentials = grpc.ssl_channel_credentials(forged._roots(), forged.key, forged.certificate)
    options = (("grpc.ssl_target_name_override", "harmonia.internal"),)
    async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pb_grpc.FormsServiceStub(channel).GetFrozenFiling(INTERNAL)

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert tiny.callers == []


async def test_an_unknown_authority_does_not_even_connect(world, tmp_path):
    tiny, address, federation = world
    strangers = tmp_path / "strangers"
    strangers.mkdir()
    stranger = Federation(strangers, "MIN").identity("MIN", "signature")
    ours = federation.identity("MIN", "signature")
    credentials = grpc.ssl_channel_credentials(ours._roots(), stranger.key, stranger.certificate)
    options = (("grpc.ssl_target_name_override", "harmonia.internal"),)
    async with grpc.aio.secure_channel(address, credentials, options=options) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pb_grpc.FormsServiceStub(channel).GetFrozenFiling(INTERNAL, timeout=3)

    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert tiny.callers == []


async def test_no_certificate_does_not_even_connect(world):
    tiny, address, _ = world
    async with grpc.aio.insecure_channel(address) as channel:
        with pytest.raises(grpc.aio.AioRpcError):
            await pb_grpc.FormsServiceStub(channel).GetFrozenFiling(INTERNAL, timeout=3)

    assert tiny.callers == []


async def test_a_passport_is_not_given_to_another_server_that_answers_in_our_place(tmp_path):
    federation, thief = Federation(tmp_path, "MIN", "FED-OPH"), Tiny()
    async with (
        over_tcp(thief, federation.identity("FED-OPH", "forms"), PASSPORTS, tmp_path) as (address, _),
        as_process(federation.identity("MIN", "gateway"), address) as peers,
    ):
        with carrying("anne"), pytest.raises(Unavailable):
            await pb_grpc.FormsServiceStub(peers.channel("forms")).GetFiling(READ, timeout=3)

    assert thief.callers == []


async def test_a_forged_passport_is_refused_over_tcp_too(world):
    _, address, federation = world
    async with as_process(federation.identity("MIN", "gateway"), address) as peers:
        with carrying("forged"), pytest.raises(Unauthenticated):
            await pb_grpc.FormsServiceStub(peers.channel("forms")).GetFiling(READ)


async def test_a_probe_without_certificate_is_told_of_health_and_nothing_else(tmp_path):
    socket, tiny = f"unix:{tmp_path}/t.sock", Tiny()
    listening = Listening(socket, health_address=f"unix:{tmp_path}/probe.sock")
    async with (
        Peers("forms", socket) as peers,
        host(a_stack(), [tiny], peers, PASSPORTS, listening) as hosted,
        grpc.aio.insecure_channel(listening.health_address) as channel,
    ):
        await hosted.health.check()
        answer = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await pb_grpc.FormsServiceStub(channel).GetFrozenFiling(INTERNAL)

    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
