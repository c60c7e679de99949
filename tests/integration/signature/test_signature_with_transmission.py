"""Signature and transmission, both real: the terms that were shown are the terms that are sent (P4)."""

import asyncio
from datetime import UTC, datetime

import pytest
from harmonia.signature.v1 import signature_pb2 as pb
from harmonia.signature.v1 import signature_pb2_grpc as pb_grpc
from harmonia.transmission.v1 import transmission_pb2, transmission_pb2_grpc

from chassis.identity import Caller
from chassis.rpc.identity import carrying
from services.signature.service import make_service
from services.transmission.service import make_service as make_transmission
from services.transmission.service import shipped_matrix
from tests.integration.signature.test_signature_rpc import FILING, PlayedForms
from tests.support.clocks import FrozenClock
from tests.support.hosting import FakePassports, a_caller, a_stack, hosting

DAY = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
async def stub_and_feed(database):
    stack = a_stack(clock=FrozenClock(DAY))
    partner = {"*": frozenset({"feed.read"})}
    callers = {
        "director": a_caller("Anne Dupré", authenticated_at=DAY),
        "ANCOLS": Caller(subject="ancols", partner="ANCOLS", grants=partner),
        "CGLLS": Caller(subject="cglls", partner="CGLLS", grants=partner),
    }
    services = [
        PlayedForms(),
        make_transmission(stack, database.fresh("transmission")),
        make_service(stack, database.fresh("signature")),
    ]
    async with hosting(stack, services, FakePassports(callers)) as (peers, _):
        feed = transmission_pb2_grpc.TransmissionServiceStub(peers.channel("transmission"))
        await feed.ProvisionMatrix(transmission_pb2.ProvisionMatrixRequest(matrix=shipped_matrix()))
        yield pb_grpc.SignatureServiceStub(peers.channel("signature")), feed


async def entries_of(feed, partner):
    with carrying(partner):
        return (await feed.ReadFeed(transmission_pb2.ReadFeedRequest())).entries


async def first_entry(feed, partner):
    async with asyncio.timeout(30):
        while not (entries := await entries_of(feed, partner)):  # noqa: ASYNC110 - a partner has no event, it polls
            await asyncio.sleep(0.05)
    return entries[0]


async def test_a_signed_filing_reaches_the_recipients_of_its_terms_and_no_other(stub_and_feed):
    stub, feed = stub_and_feed
    with carrying("director"):
        prepared = await stub.PrepareSignature(pb.PrepareSignatureRequest(filing_id=FILING))
        request = pb.SignFilingRequest(intent_id=prepared.intent_id, digest=prepared.digest, accepts_recipients=True)
        receipt = (await stub.SignFiling(request)).receipt

    entry = await first_entry(feed, "ANCOLS")
    with carrying("ANCOLS"):
        delivery = transmission_pb2.FetchDeliveryRequest(delivery_id=entry.delivery_id)
        fetched = await feed.FetchDelivery(delivery)
    verified = await stub.VerifyContainer(pb.VerifyContainerRequest(container=fetched.container))

    assert {term.recipient for term in receipt.terms if term.is_released} >= {"ANCOLS", "MIN"}
    assert (entry.content_digest, entry.receipt_number) == (prepared.digest, receipt.number)
    assert verified.content == prepared.content
    assert list(await entries_of(feed, "CGLLS")) == []
