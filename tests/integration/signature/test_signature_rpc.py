"""The whole service over a socket, its neighbours played by small servicers: from the first view to the reports."""

# ruff: noqa: N802 - the methods are named by the contract

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from harmonia.forms.v1 import forms_pb2, forms_pb2_grpc
from harmonia.signature.v1 import signature_pb2 as pb
from harmonia.signature.v1 import signature_pb2_grpc as pb_grpc
from harmonia.transmission.v1 import transmission_pb2, transmission_pb2_grpc
from harmonia.types.v1 import types_pb2
from harmonia.validation.v1 import validation_pb2

from chassis.errors import Conflict, Forbidden, NotFound, Unauthenticated
from chassis.peers import Peers
from chassis.rpc.identity import caller, carrying
from chassis.service import Opened
from services.signature.service import make_service
from tests.support.clocks import FrozenClock
from tests.support.hosting import FakePassports, a_caller, a_stack, hosting

BODY = "000000018"
FILING = "019aa000-0000-7000-8000-000000000001"
IDENTITY = types_pb2.FilingIdentity(
    filing_id=FILING,
    body=BODY,
    body_name="OPH d'exemple",
    family=types_pb2.FAMILY_OPH,
    document=types_pb2.DOCUMENT_ER,
    year=2024,
    form_set="2024.1",
    departement="21",
)
DIGEST = "ab" * 32


@dataclass
class PlayedForms(forms_pb2_grpc.FormsServiceServicer):
    """Stands for `forms`: one filing, which may be edited or blocked."""

    name: str = "forms"
    changed: list[str] = field(default_factory=list)
    verdict: Any = validation_pb2.VERDICT_CLEAN
    asked_by: list[str] = field(default_factory=list)
    sealed: list[Any] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def FreezeFiling(self, request: Any, context: Any) -> Any:
        self.asked_by.append(caller().subject)
        frozen = forms_pb2.FrozenFiling(
            identity=IDENTITY,
            version=1,
            revision=12,
            cells=[types_pb2.Cell(address="BA.010.brut", value="1234"), types_pb2.Cell(address="BA.020.brut")],
            verdict=self.verdict,
            rule_set=DIGEST,
            form_set_digest=DIGEST,
            justifications=[validation_pb2.Justification(control="A-06", text="Écart dû à une cession.")],
        )
        return forms_pb2.FreezeFilingResponse(frozen=frozen)

    async def LockFiling(self, request: Any, context: Any) -> Any:
        return forms_pb2.LockFilingResponse(is_locked=not self.changed, changed=self.changed)

    async def SealFiling(self, request: Any, context: Any) -> Any:
        self.sealed.append(request)
        self.heard.set()
        return forms_pb2.SealFilingResponse()

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        yield Opened(
            lambda server: forms_pb2_grpc.add_FormsServiceServicer_to_server(self, server),
            ("harmonia.forms.v1.FormsService",),
        )


@dataclass
class PlayedTransmission(transmission_pb2_grpc.TransmissionServiceServicer):
    """Stands for `transmission`: two recipients, and the reports it got."""

    name: str = "transmission"
    cdc_receives: bool = True
    dispatched: list[Any] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def DecideRelease(self, request: Any, context: Any) -> Any:
        decisions = [
            transmission_pb2.ReleaseDecision(
                recipient="CDC",
                is_released=self.cdc_receives,
                rule="T-13",
                level=3,
                reason=types_pb2.Sentence(fr="Case cochée", en="Box ticked"),
            ),
            transmission_pb2.ReleaseDecision(recipient="CGLLS", rule="T-14", level=2),
        ]
        return transmission_pb2.DecideReleaseResponse(decisions=decisions, matrix_digest=DIGEST)

    async def DispatchFiling(self, request: Any, context: Any) -> Any:
        self.dispatched.append(request)
        self.heard.set()
        return transmission_pb2.DispatchFilingResponse(dispatched=1)

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        yield Opened(
            lambda server: transmission_pb2_grpc.add_TransmissionServiceServicer_to_server(self, server),
            ("harmonia.transmission.v1.TransmissionService",),
        )


@dataclass
class Running:
    """The stack as a test drives it."""

    forms: PlayedForms
    transmission: PlayedTransmission
    stub: Any
    ready: bool

    async def prepare(self) -> Any:
        return await self.stub.PrepareSignature(pb.PrepareSignatureRequest(filing_id=FILING))

    async def sign(self, prepared: Any, **changes: Any) -> Any:
        request = {"intent_id": prepared.intent_id, "digest": prepared.digest, "accepts_recipients": True}
        return (await self.stub.SignFiling(pb.SignFilingRequest(**request | changes))).receipt


@asynccontextmanager
async def running(database_url: str, stack: Any = None) -> AsyncIterator[Running]:
    stack = stack or a_stack(clock=FrozenClock())
    forms, transmission = PlayedForms(), PlayedTransmission()
    stale = stack.clock.now() - timedelta(minutes=6)
    callers = {
        "director": a_caller("Anne Dupré", authenticated_at=stack.clock.now()),
        "absent": a_caller("Anne Dupré", authenticated_at=stale),
        "accountant": a_caller(on={BODY: ["filing.read", "receipt.read"]}),
        "stranger": a_caller(on={"999999999": ["filing.sign", "receipt.read"]}),
    }
    services = [forms, transmission, make_service(stack, database_url)]
    async with hosting(stack, services, FakePassports(callers)) as (peers, hosted):
        stub = pb_grpc.SignatureServiceStub(peers.channel("signature"))
        yield Running(forms, transmission, stub, await hosted.health.check())


@pytest.fixture
async def stack(database_url):
    async with running(database_url) as started:
        yield started


async def test_the_story_from_view_to_receipt(stack):
    with carrying("director"):
        prepared = await stack.prepare()
        receipt = await stack.sign(prepared)
        read = (await stack.stub.GetReceipt(pb.GetReceiptRequest(filing_id=FILING))).receipt
        got = await stack.stub.GetContainer(pb.GetContainerRequest(filing_id=FILING, version=1))
    verified = await stack.stub.VerifyContainer(pb.VerifyContainerRequest(container=got.container))

    assert stack.ready
    assert receipt == read
    assert receipt.number.startswith("ER-2024-MIN-000001-")
    assert (receipt.digest, receipt.code, receipt.level) == (prepared.digest, prepared.code, prepared.level)
    assert [(term.recipient, term.is_released) for term in receipt.terms] == [("CDC", True), ("CGLLS", False)]
    assert got.file_name == f"ER-2024-{BODY}-v1.asice"
    assert verified.indication == pb.INDICATION_PASSED
    assert (verified.content, verified.signatory) == (prepared.content, "Anne Dupré")
    assert verified.signed_at.ToSeconds() == receipt.signed_at.ToSeconds()


async def test_the_passport_of_the_signatory_travels_to_forms(stack):
    with carrying("director"):
        await stack.prepare()

    assert stack.forms.asked_by == ["anne.dupré"]


async def test_forms_and_transmission_hear_of_the_signature(stack):
    with carrying("director"):
        prepared = await stack.prepare()
        receipt = await stack.sign(prepared)

    async with asyncio.timeout(30):
        await stack.forms.heard.wait()
        await stack.transmission.heard.wait()

    (sealed,), (dispatched,) = stack.forms.sealed, stack.transmission.dispatched
    assert (sealed.revision, sealed.version, sealed.receipt_number) == (12, 1, receipt.number)
    assert list(dispatched.recipients) == ["CDC"]
    assert dispatched.identity == IDENTITY
    assert (dispatched.content_digest, dispatched.container_digest) == (receipt.digest, receipt.container_digest)
    assert dispatched.signed_at.ToSeconds() == receipt.signed_at.ToSeconds()


async def test_a_repeat_with_or_without_request_id_returns_the_same_receipt(stack):
    with carrying("director"):
        prepared = await stack.prepare()
        first = await stack.sign(prepared, request_id="one")
        again = [await stack.sign(prepared, request_id=request_id) for request_id in ("one", "two", "")]

    assert again == [first] * 3


async def test_two_hundred_parallel_requests_sign_once(stack):
    with carrying("director"):
        prepared = await stack.prepare()
        receipts = await asyncio.gather(*(stack.sign(prepared) for _ in range(200)))

    assert {receipt.number for receipt in receipts} == {receipts[0].number}
    async with asyncio.timeout(30):
        await stack.forms.heard.wait()
    assert len(stack.forms.sealed) == 1


async def test_a_cell_edited_meanwhile_is_named_in_the_refusal(stack):
    with carrying("director"):
        prepared = await stack.prepare()
        stack.forms.changed = ["BA.010.brut"]
        with pytest.raises(Conflict) as refused:
            await stack.sign(prepared)

    assert (refused.value.code, refused.value.metadata) == ("DIGEST_CHANGED", {"cells": "BA.010.brut"})


async def test_a_box_unticked_meanwhile_is_named_in_the_refusal(stack):
    with carrying("director"):
        prepared = await stack.prepare()
        stack.transmission.cdc_receives = False
        with pytest.raises(Conflict) as refused:
            await stack.sign(prepared)

    assert refused.value.metadata == {"recipients": "CDC"}


async def test_a_blocked_filing_gets_obstacles_and_no_intent(stack):
    stack.forms.verdict = validation_pb2.VERDICT_BLOCKED
    with carrying("director"):
        prepared = await stack.prepare()
        with pytest.raises(NotFound):
            await stack.sign(prepared)

    assert prepared.obstacles[0].fr
    assert prepared.intent_id == ""


async def test_an_old_proof_of_identity_does_not_sign(stack):
    with carrying("director"):
        prepared = await stack.prepare()
    with carrying("absent"), pytest.raises(Unauthenticated) as refused:
        await stack.sign(prepared)

    assert refused.value.code == "REAUTHENTICATION_TOO_OLD"


async def test_who_lacks_the_right_cannot_even_prepare(stack):
    with carrying("accountant"), pytest.raises(Forbidden):
        await stack.prepare()
    with carrying("stranger"), pytest.raises(NotFound):
        await stack.prepare()


async def test_a_stranger_cannot_tell_a_signed_filing_from_none(stack):
    with carrying("stranger"), pytest.raises(NotFound) as before:
        await stack.stub.GetReceipt(pb.GetReceiptRequest(filing_id=FILING))
    with carrying("director"):
        await stack.sign(await stack.prepare())
    with carrying("stranger"), pytest.raises(NotFound) as after:
        await stack.stub.GetReceipt(pb.GetReceiptRequest(filing_id=FILING))

    assert (before.value.code, before.value.message) == (after.value.code, after.value.message)


async def test_only_services_fetch_containers_without_a_person(stack):
    with carrying("director"):
        receipt = await stack.sign(await stack.prepare())

    fetched = await stack.stub.FetchContainer(pb.FetchContainerRequest(filing_id=FILING, version=1))

    assert fetched.receipt == receipt


async def test_anybody_may_check_the_log_and_the_roots(stack):
    empty = await stack.stub.GetCheckpoint(pb.GetCheckpointRequest())
    with carrying("director"):
        receipt = await stack.sign(await stack.prepare())
    grown = await stack.stub.GetCheckpoint(pb.GetCheckpointRequest())
    anchors = await stack.stub.GetTrustAnchors(pb.GetTrustAnchorsRequest())

    assert empty.checkpoint.startswith("harmonia/MIN\n0\n")
    assert grown.checkpoint.startswith("harmonia/MIN\n1\n")
    assert receipt.log_proof.endswith(grown.checkpoint)
    assert anchors.pem.startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize("noise", [b"", b"PK\x03\x04", b"\x00" * 100_000])
async def test_noise_fails_to_verify_and_breaks_nothing(stack, noise):
    verdict = await stack.stub.VerifyContainer(pb.VerifyContainerRequest(container=noise))

    assert verdict.indication == pb.INDICATION_FAILED
    assert verdict.reasons[0].fr
    assert verdict.content == b""


async def test_after_a_restart_the_receipt_and_the_keys_are_still_there(database_url):
    shared = a_stack(clock=FrozenClock())
    async with running(database_url, shared) as before:
        with carrying("director"):
            receipt = await before.sign(await before.prepare())
        anchors = await before.stub.GetTrustAnchors(pb.GetTrustAnchorsRequest())
    async with running(database_url, shared) as after:
        with carrying("director"):
            read = (await after.stub.GetReceipt(pb.GetReceiptRequest(filing_id=FILING))).receipt

        assert read == receipt
        assert await after.stub.GetTrustAnchors(pb.GetTrustAnchorsRequest()) == anchors
