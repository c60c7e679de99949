"""Forms, validation, signature and transmission, all real: a filing is signed, reopened, told of, signed again, replaced (F26, F34)."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.forms.v1 import forms_pb2_grpc
from harmonia.signature.v1 import signature_pb2 as signature
from harmonia.signature.v1 import signature_pb2_grpc
from harmonia.transmission.v1 import transmission_pb2 as pb
from harmonia.transmission.v1 import transmission_pb2_grpc
from harmonia.types.v1 import types_pb2 as types

from chassis.errors import NotFound, RuleBroken
from chassis.identity import Caller
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from services.forms.service import make_service as make_forms
from services.signature.service import make_service as make_signature
from services.transmission.service import make_service, shipped_matrix
from services.validation.service import make_service as make_validation
from tests.support.clocks import FrozenClock
from tests.support.form_sets import SAMPLE
from tests.support.forms import SIREN
from tests.support.forms_neighbours import FactsServicer, a_sync_service, an_auth_service
from tests.support.hosting import DIRECTOR, FakePassports, a_caller, a_stack, hosting
from tests.support.pdfs import a_pdf
from tests.support.postgres import TestDatabase

FEED = {"*": frozenset({"feed.read"})}
JULY = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)
"""After the accounts of the sample were approved (W-04)."""
PASSPORTS = {
    "director": replace(a_caller("Dominique Directeur", on={SIREN: DIRECTOR}), authenticated_at=JULY),
    "cdc": Caller(subject="cdc", partner="CDC", grants=FEED),
    "prefet": Caller(subject="prefet", partner="PREFET-21", grants=FEED),
    "cglls": Caller(subject="cglls", partner="CGLLS", grants=FEED),
}
PDF = a_pdf()
REASON = "Le total de l'actif était de 987654321 euros."


@dataclass
class Server:
    """The services of one server, called as a person or a partner."""

    forms: Any
    signature: Any
    transmission: Any
    requests: int = 0

    def request_id(self) -> str:
        """A request id nobody used."""
        self.requests += 1
        return f"request-{self.requests}"

    async def file(self) -> str:
        """Import the sample, attach a PDF, and return the filing."""
        with carrying("director"):
            opening = forms.OpenFilingRequest(body=SIREN, document=types.DOCUMENT_ER, year=2024)
            filing_id = (await self.forms.OpenFiling(opening)).filing.identity.filing_id
            sent = {"request_id": self.request_id(), "filing_id": filing_id, "file_name": "er.csv"}
            preview = await self.forms.PreviewImport(forms.PreviewImportRequest(content=SAMPLE.read_bytes(), **sent))
            await self.forms.ConfirmImport(
                forms.ConfirmImportRequest(
                    request_id=self.request_id(), filing_id=filing_id, import_id=preview.preview.import_id
                )
            )
            await self.forms.AttachFile(
                forms.AttachFileRequest(
                    request_id=self.request_id(), filing_id=filing_id, kind="NOTES", file_name="notes.pdf", content=PDF
                )
            )
        return filing_id

    async def sign(self, filing_id: str) -> signature.Receipt:
        """Move to the signatory and sign."""
        with carrying("director"):
            await self.forms.MoveFiling(
                forms.MoveFilingRequest(request_id=self.request_id(), filing_id=filing_id, step=forms.STEP_SIGNATURE)
            )
            prepared = await self.signature.PrepareSignature(signature.PrepareSignatureRequest(filing_id=filing_id))
            asked = signature.SignFilingRequest(
                intent_id=prepared.intent_id, digest=prepared.digest, accepts_recipients=True
            )
            receipt: signature.Receipt = (await self.signature.SignFiling(asked)).receipt
            await self.until(lambda filing: filing.signed_version == receipt.version, filing_id)
        return receipt

    async def until(self, holds: Callable[[Any], bool], filing_id: str) -> None:
        """Wait until the forms service says so of the filing."""
        async with asyncio.timeout(20):
            while not holds((await self.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))).filing):  # noqa: ASYNC110 - told by an outbox
                await asyncio.sleep(0.05)

    async def reopen(self, filing_id: str) -> None:
        """Reopen."""
        with carrying("director"):
            reopening = {"request_id": self.request_id(), "filing_id": filing_id, "reason": REASON}
            await self.forms.ReopenFiling(forms.ReopenFilingRequest(**reopening))

    async def feed(self, partner: str, size: int) -> list[pb.FeedEntry]:
        """Return a partner's feed as soon as it has that many entries."""
        with carrying(partner):
            async with asyncio.timeout(20):
                while len(entries := (await self.transmission.ReadFeed(pb.ReadFeedRequest())).entries) < size:  # noqa: ASYNC110 - polls
                    await asyncio.sleep(0.05)
        return list(entries)

    async def fetch(self, partner: str, entry: pb.FeedEntry, **asked: Any) -> bytes:
        """Return the container of an entry."""
        with carrying(partner):
            request = pb.FetchDeliveryRequest(delivery_id=entry.delivery_id, **asked)
            container: bytes = (await self.transmission.FetchDelivery(request)).container
        return container


@pytest.fixture
async def server(database: TestDatabase) -> AsyncIterator[Server]:
    stack = a_stack(clock=FrozenClock(JULY))
    body = auth.Body(siren=SIREN, name="OPH de l'exemple", family="OPH", departement="21")
    # The tests of forms keep a host for the session, whose relay would take what is told to transmission here.
    apart = database.apart("corrections")
    services = [
        make_forms(stack, apart.fresh("forms")),
        make_validation(stack, apart.fresh("validation")),
        make_signature(stack, apart.fresh("signature")),
        make_service(stack, apart.fresh("transmission")),
        an_auth_service(body),
        a_sync_service(FactsServicer()),
    ]
    async with hosting(stack, services, FakePassports(PASSPORTS)) as (peers, _):
        running = called_through(peers)
        campaign = forms.Campaign(
            document=types.DOCUMENT_ER,
            year=2024,
            form_set="2024.1",
            opens_on="2025-04-01",
            due_on="2025-07-15",
            closes_on="2025-12-31",
            families=[types.FAMILY_OPH],
        )
        await running.forms.ProvisionCampaign(forms.ProvisionCampaignRequest(campaign=campaign))
        await running.transmission.ProvisionMatrix(pb.ProvisionMatrixRequest(matrix=shipped_matrix()))
        yield running


def called_through(peers: Peers) -> Server:
    return Server(
        forms_pb2_grpc.FormsServiceStub(peers.channel("forms")),
        signature_pb2_grpc.SignatureServiceStub(peers.channel("signature")),
        transmission_pb2_grpc.TransmissionServiceStub(peers.channel("transmission")),
    )


async def test_a_reopened_filing_is_suspended_at_its_recipients_then_replaced_or_withdrawn(server: Server) -> None:
    filing_id = await server.file()
    first = await server.sign(filing_id)
    (released,) = await server.feed("cdc", 1)
    (read_before,) = await server.feed("prefet", 1)
    await server.fetch("prefet", read_before)

    await server.reopen(filing_id)
    released, notice = await server.feed("cdc", 2)

    assert (notice.kind, notice.reason) == (pb.ENTRY_KIND_SUSPENSION, pb.NOTICE_REASON_REOPENED)
    assert (notice.version, notice.concerns, notice.since.seconds > 0) == (1, released.delivery_id, True)
    assert b"987654321" not in notice.SerializeToString()
    with pytest.raises(RuleBroken) as refused:
        await server.fetch("cdc", released)
    assert refused.value.code == "DISPATCH_SUSPENDED"
    with pytest.raises(NotFound):
        await server.fetch("cdc", notice, accepts_suspended=True)
    assert await server.fetch("prefet", read_before)
    assert await server.feed("cglls", 0) == []

    await untick_the_cdc(server, filing_id)
    second = await server.sign(filing_id)
    of_the_cdc, of_the_prefet = await server.feed("cdc", 3), await server.feed("prefet", 3)

    assert [entry.sequence for entry in of_the_cdc] == [1, 2, 3]
    assert (of_the_cdc[2].kind, of_the_cdc[2].reason) == (pb.ENTRY_KIND_WITHDRAWAL, pb.NOTICE_REASON_NOT_RELEASED)
    assert of_the_cdc[0].standing == pb.STANDING_WITHDRAWN
    with pytest.raises(RuleBroken):
        await server.fetch("cdc", released, accepts_suspended=True)
    replacing = of_the_prefet[2]
    assert (replacing.kind, replacing.version, replacing.standing) == (pb.ENTRY_KIND_RELEASE, 2, pb.STANDING_CURRENT)
    assert (replacing.replaced_version, replacing.replaced_digest) == (1, first.digest)
    assert of_the_prefet[0].standing == pb.STANDING_REPLACED
    await the_signed_bytes_say_the_same(server, await server.fetch("prefet", replacing), first, second)
    assert await standings(server, filing_id) == {
        ("CDC", 1): pb.STANDING_WITHDRAWN,
        ("PREFET-21", 1): pb.STANDING_REPLACED,
        ("PREFET-21", 2): pb.STANDING_CURRENT,
    }


async def untick_the_cdc(server: Server, filing_id: str) -> None:
    with carrying("director"):
        filing = (await server.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))).filing
        assert (filing.step, filing.reopened_at.seconds > 0) == (forms.STEP_ENTRY, True)
        await server.transmission.TickBox(
            pb.TickBoxRequest(
                request_id=server.request_id(), identity=filing.identity, recipient="CDC", is_ticked=False
            )
        )


async def the_signed_bytes_say_the_same(
    server: Server, container: bytes, first: signature.Receipt, second: signature.Receipt
) -> None:
    digest = hashlib.sha256(PDF).hexdigest()
    held = signature.HeldFile(file_name="notes.pdf", size=len(PDF), digest=digest)
    verified = await server.signature.VerifyContainer(
        signature.VerifyContainerRequest(container=container, files=[held])
    )
    content = json.loads(verified.content)

    assert verified.indication == signature.INDICATION_PASSED
    assert content["previous"] == {
        "version": 1,
        "digest": first.digest,
        "receipt_number": first.number,
        "log_index": first.log_index,
    }
    assert content["attachments"] == [{"kind": "NOTES", "file_name": "notes.pdf", "size": len(PDF), "digest": digest}]
    assert (verified.previous, verified.attachments) == (second.previous, second.attachments)
    held.digest = "00" * 32
    altered = await server.signature.VerifyContainer(
        signature.VerifyContainerRequest(container=container, files=[held])
    )
    assert altered.indication == signature.INDICATION_FAILED
    assert "notes.pdf" in altered.reasons[0].fr


async def standings(server: Server, filing_id: str) -> dict[tuple[str, int], int]:
    with carrying("director"):
        asked = pb.ListDeliveriesRequest(filing_id=filing_id, body=SIREN)
        deliveries = (await server.transmission.ListDeliveries(asked)).deliveries
    return {(d.recipient, d.version): d.standing for d in deliveries if d.recipient in {"CDC", "PREFET-21"}}
