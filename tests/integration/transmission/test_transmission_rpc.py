"""The whole service over a socket, its neighbours played by small servicers: the story from box to delivery."""

# ruff: noqa: N802 - the methods are named by the contract

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import grpc
import pytest
from harmonia.forms.v1 import forms_pb2, forms_pb2_grpc
from harmonia.signature.v1 import signature_pb2, signature_pb2_grpc
from harmonia.transmission.v1 import transmission_pb2 as pb
from harmonia.transmission.v1 import transmission_pb2_grpc as pb_grpc

from chassis.errors import Forbidden, Invalid, NotFound, RuleBroken
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from chassis.service import Opened
from chassis.stack import Stack
from services.transmission.rpc.mapping import from_identity
from services.transmission.service import make_service, shipped_matrix
from tests.support.hosting import FakePassports, hosting
from tests.support.transmission import NOON, a_container, a_content, a_partner, a_person, a_report, an_identity

IDENTITY = from_identity(an_identity())
CALLERS = {
    "director": a_person("release.read", "release.choose", "delivery.read", "filing.read"),
    "stranger": a_person("release.read", "release.choose", "delivery.read", "filing.read", body="999999999"),
    "cdc": a_partner("CDC"),
    "cglls": a_partner("CGLLS"),
}


class PlayedSignature(signature_pb2_grpc.SignatureServiceServicer):
    name = "signature"
    content = a_content()

    async def FetchContainer(self, request: Any, context: Any) -> Any:
        return signature_pb2.FetchContainerResponse(container=a_container(self.content))

    async def VerifyContainer(self, request: Any, context: Any) -> Any:
        is_whole = request.container == a_container(self.content)
        indication = signature_pb2.INDICATION_PASSED if is_whole else signature_pb2.INDICATION_FAILED
        return signature_pb2.VerifyContainerResponse(indication=indication, content=self.content)

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        def register(server: grpc.aio.Server) -> None:
            signature_pb2_grpc.add_SignatureServiceServicer_to_server(self, server)

        yield Opened(register, ("harmonia.signature.v1.SignatureService",))


class PlayedForms(forms_pb2_grpc.FormsServiceServicer):
    name = "forms"
    step = forms_pb2.STEP_SIGNATURE

    async def GetFiling(self, request: Any, context: Any) -> Any:
        return forms_pb2.GetFilingResponse(filing=forms_pb2.Filing(identity=IDENTITY, step=self.step))

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        def register(server: grpc.aio.Server) -> None:
            forms_pb2_grpc.add_FormsServiceServicer_to_server(self, server)

        yield Opened(register, ("harmonia.forms.v1.FormsService",))


class Client:
    """Calls the service under a passport."""

    def __init__(self, peers: Peers, forms: PlayedForms) -> None:
        self._stub = pb_grpc.TransmissionServiceStub(peers.channel("transmission"))
        self.forms = forms

    async def call(self, passport: str, request: Any) -> Any:
        method = type(request).__name__.removesuffix("Request")
        with carrying(passport):
            return await getattr(self._stub, method)(request)


@pytest.fixture
async def client(database_url: str, tmp_path: Path) -> AsyncIterator[Client]:
    stack, forms = Stack("MIN", tmp_path), PlayedForms()
    services = [make_service(stack, database_url), PlayedSignature(), forms]
    async with hosting(stack, services, FakePassports(CALLERS)) as (peers, _):
        client = Client(peers, forms)
        await client.call("", pb.ProvisionMatrixRequest(matrix=shipped_matrix()))
        yield client


def a_dispatch_request() -> pb.DispatchFilingRequest:
    report = a_report()
    return pb.DispatchFilingRequest(
        event_id=report.event_id,
        identity=IDENTITY,
        version=1,
        recipients=sorted(report.recipients),
        container_digest=report.container_digest,
        content_digest=report.content_digest,
        receipt_number=report.receipt_number,
        signed_at=NOON,
    )


async def test_the_table_shows_each_recipient_with_its_reason(client: Client) -> None:
    answer = await client.call("director", pb.GetReleaseTableRequest(identity=IDENTITY))
    rows = {row.recipient: row for row in answer.decisions}

    assert answer.matrix_digest == hashlib.sha256(shipped_matrix().encode()).hexdigest()
    assert [rows["CDC"].is_released, rows["CDC"].rule, rows["CDC"].level, rows["CDC"].is_choice] == [
        True,
        "T-13",
        3,
        True,
    ]
    assert rows["CGLLS"].recipient_name == "CGLLS"
    assert "aucune convention" in rows["CGLLS"].reason.fr


async def test_a_simulated_box_is_shown_and_not_kept(client: Client) -> None:
    request = pb.GetReleaseTableRequest(identity=IDENTITY, simulate_recipient="CDC")
    simulated = await client.call("director", request)
    real = await client.call("", pb.DecideReleaseRequest(identity=IDENTITY))

    assert {row.recipient: row.is_released for row in simulated.decisions}["CDC"] is False
    assert {row.recipient: row.is_released for row in real.decisions}["CDC"] is True


async def test_a_ticked_box_is_answered_again_under_its_request_id(client: Client) -> None:
    request = pb.TickBoxRequest(request_id="r1", identity=IDENTITY, recipient="CDC", is_ticked=False)

    first = await client.call("director", request)
    again = await client.call("director", request)

    assert first == again
    assert (first.decision.is_ticked, first.decision.decided_by) == (False, "anne")
    assert first.decision.decided_at.ToDatetime(UTC) <= datetime.now(UTC)


async def test_a_signed_filing_keeps_its_boxes(client: Client) -> None:
    client.forms.step = forms_pb2.STEP_REVIEW

    with pytest.raises(RuleBroken) as refused:
        await client.call("director", pb.TickBoxRequest(identity=IDENTITY, recipient="CDC", is_ticked=False))

    assert refused.value.code == "FILING_ALREADY_SIGNED"


async def test_a_stranger_sees_nothing(client: Client) -> None:
    for request in (
        pb.GetReleaseTableRequest(identity=IDENTITY),
        pb.ListDeliveriesRequest(filing_id=IDENTITY.filing_id, body=IDENTITY.body),
        pb.TickBoxRequest(identity=IDENTITY, recipient="CDC", is_ticked=True),
    ):
        with pytest.raises(NotFound):
            await client.call("stranger", request)


async def test_a_partner_may_not_read_tables_nor_a_person_feeds(client: Client) -> None:
    with pytest.raises(Forbidden):
        await client.call("cdc", pb.GetReleaseTableRequest(identity=IDENTITY))
    with pytest.raises(Forbidden):
        await client.call("director", pb.ReadFeedRequest())


async def test_a_signed_filing_travels_from_dispatch_to_acknowledgement(client: Client) -> None:
    dispatched = await client.call("", a_dispatch_request())
    feed = await client.call("cdc", pb.ReadFeedRequest())
    (entry,) = feed.entries
    fetched = await client.call("cdc", pb.FetchDeliveryRequest(delivery_id=entry.delivery_id))
    taken = await client.call("cdc", pb.AcknowledgeDeliveryRequest(delivery_id=entry.delivery_id))
    seen = await client.call("director", pb.ListDeliveriesRequest(filing_id=IDENTITY.filing_id, body=IDENTITY.body))

    assert dispatched.dispatched == 2
    assert (feed.next_after, feed.is_complete, entry.identity, entry.rule) == (1, True, IDENTITY, "T-13")
    assert hashlib.sha256(fetched.container).hexdigest() == entry.container_digest
    assert (fetched.entry.state, taken.entry.state) == (pb.DELIVERY_STATE_DELIVERED, pb.DELIVERY_STATE_ACKNOWLEDGED)
    assert {one.recipient: one.state for one in seen.deliveries} == {
        "CDC": pb.DELIVERY_STATE_ACKNOWLEDGED,
        "MIN": pb.DELIVERY_STATE_AVAILABLE,
    }


async def test_a_reopened_version_is_suspended_in_the_feed_and_handed_out_as_such(client: Client) -> None:
    await client.call("", a_dispatch_request())
    reopened = pb.SuspendFilingRequest(event_id="reopened", filing_id=IDENTITY.filing_id, version=1)
    with pytest.raises(Invalid):
        await client.call("", reopened)
    reopened.reopened_at.FromDatetime(NOON)
    told = [(await client.call("", reopened)).told for _ in range(2)]
    release, notice = (await client.call("cdc", pb.ReadFeedRequest())).entries

    with pytest.raises(RuleBroken) as refused:
        await client.call("cdc", pb.FetchDeliveryRequest(delivery_id=release.delivery_id))
    asked = pb.FetchDeliveryRequest(delivery_id=release.delivery_id, accepts_suspended=True)
    fetched = await client.call("cdc", asked)
    await client.call("cdc", pb.AcknowledgeDeliveryRequest(delivery_id=notice.delivery_id))
    listed = pb.ListDeliveriesRequest(filing_id=IDENTITY.filing_id, body=IDENTITY.body)
    seen = {one.recipient: one for one in (await client.call("director", listed)).deliveries}

    assert (told, refused.value.code) == ([2, 0], "DISPATCH_SUSPENDED")
    assert (notice.kind, notice.reason) == (pb.ENTRY_KIND_SUSPENSION, pb.NOTICE_REASON_REOPENED)
    assert (notice.concerns, notice.since.ToDatetime(UTC), notice.version) == (release.delivery_id, NOON, 1)
    assert fetched.entry.standing == seen["CDC"].standing == pb.STANDING_SUSPENDED
    assert seen["CDC"].suspended_at.ToDatetime(UTC) == NOON
    assert (seen["CDC"].HasField("notice_acknowledged_at"), seen["MIN"].HasField("notice_acknowledged_at")) == (
        True,
        False,
    )


async def test_another_partners_credentials_show_nothing_not_even_that_it_exists(client: Client) -> None:
    await client.call("", a_dispatch_request())
    (entry,) = (await client.call("cdc", pb.ReadFeedRequest())).entries

    feed = await client.call("cglls", pb.ReadFeedRequest())
    answers = []
    for delivery_id in (entry.delivery_id, str(UUID(int=7)), "not an identifier", ""):
        for request in (pb.FetchDeliveryRequest, pb.AcknowledgeDeliveryRequest):
            with pytest.raises(NotFound) as refused:
                await client.call("cglls", request(delivery_id=delivery_id))
            answers.append((refused.value.code, refused.value.message, str(refused.value.metadata)))

    assert feed == pb.ReadFeedResponse(is_complete=True)
    assert len(set(answers)) == 1
