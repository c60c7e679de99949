"""The story of one stack over gRPC: open, import, correct, justify, sign, reopen, sign again, and who finds what in a feed.

For either shape.
"""

import asyncio
import hashlib
import uuid
from dataclasses import dataclass

from harmonia.auth.v1 import auth_pb2, auth_pb2_grpc
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.forms.v1 import forms_pb2_grpc
from harmonia.signature.v1 import signature_pb2 as signature
from harmonia.signature.v1 import signature_pb2_grpc
from harmonia.transmission.v1 import transmission_pb2 as transmission
from harmonia.transmission.v1 import transmission_pb2_grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as validation

from chassis.errors import Failure, NotFound
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from cli.login import log_in
from demo.federation import SAMPLE_OPH, YEAR
from tests.support.stacks import RunningStack

SIREN = "000000018"
RELAY_SECONDS = 60.0


def request_id() -> str:
    """Return a request id that nobody used."""
    return str(uuid.uuid4())


@dataclass
class Told:
    """What the story found, for the test to assert."""

    filing_id: str
    imported: int
    refused_code: str
    finding: str
    verdict_after: str
    receipt: signature.Receipt
    content_digest: str
    repeated: signature.Receipt
    readers: dict[str, list[str]]
    stranger_sees: str
    correction: signature.Receipt
    told: dict[str, list[str]]
    """Partner → what its feed says at the end, in order."""


class Story:
    """Tells the story against a running stack."""

    def __init__(self, stack: RunningStack, peers: Peers) -> None:
        self._stack, self._peers = stack, peers
        self.forms = forms_pb2_grpc.FormsServiceStub(peers.channel("forms"))
        self.signature = signature_pb2_grpc.SignatureServiceStub(peers.channel("signature"))
        self.transmission = transmission_pb2_grpc.TransmissionServiceStub(peers.channel("transmission"))
        self.auth = auth_pb2_grpc.AuthServiceStub(peers.channel("auth"))

    async def passport(self, username: str) -> str:
        """Return a person's passport: real login at the identity provider, then the auth service."""
        person = self._stack.accounts.person(self._stack.server.name, username)
        issuer = self._stack.server.identity_url
        tokens = await asyncio.to_thread(log_in, issuer, username, person.password)
        asked = auth_pb2.OpenSessionRequest(access_token=tokens["access_token"])
        return (await self.auth.OpenSession(asked)).passport.token

    async def partner_passport(self, partner: str) -> str:
        """Return a partner's passport, for its own credentials."""
        account = self._stack.accounts.partner(self._stack.server.name, partner)
        asked = auth_pb2.OpenPartnerSessionRequest(client_id=account.client_id, client_secret=account.secret)
        return (await self.auth.OpenPartnerSession(asked)).passport.token

    async def open_and_import(self) -> tuple[str, int]:
        """Open the ER and import the whole sample file; return the filing and how many cells were written."""
        asked = forms.OpenFilingRequest(body=SIREN, document=types.DOCUMENT_ER, year=YEAR)
        filing_id = (await self.forms.OpenFiling(asked)).filing.identity.filing_id
        upload = forms.PreviewImportRequest(
            request_id=request_id(), filing_id=filing_id, file_name="sample_oph.csv", content=SAMPLE_OPH.read_bytes()
        )
        preview = (await self.forms.PreviewImport(upload)).preview
        confirm = forms.ConfirmImportRequest(request_id=request_id(), filing_id=filing_id, import_id=preview.import_id)
        return filing_id, (await self.forms.ConfirmImport(confirm)).written

    async def save(self, filing_id: str, address: str, text: str) -> forms.SaveCellsResponse:
        """Type one cell, having seen its present version."""
        cells = (await self.forms.GetFiling(forms.GetFilingRequest(filing_id=filing_id))).cells
        version = next((cell.version for cell in cells if cell.address == address), 0)
        edit = forms.CellEdit(address=address, text=text, base_version=version)
        asked = forms.SaveCellsRequest(request_id=request_id(), filing_id=filing_id, edits=[edit])
        return await self.forms.SaveCells(asked)

    async def sign(
        self, filing_id: str
    ) -> tuple[signature.PrepareSignatureResponse, signature.Receipt, signature.Receipt]:
        """Prepare and sign, then sign again: the receipt must be the same."""
        prepared = await self.signature.PrepareSignature(signature.PrepareSignatureRequest(filing_id=filing_id))
        asked = signature.SignFilingRequest(
            request_id=request_id(), intent_id=prepared.intent_id, digest=prepared.digest, accepts_recipients=True
        )
        receipt = (await self.signature.SignFiling(asked)).receipt
        asked.request_id = request_id()
        return prepared, receipt, (await self.signature.SignFiling(asked)).receipt

    async def feed_of(self, partner: str) -> list[transmission.FeedEntry]:
        """Return everything in a partner's own feed."""
        with carrying(await self.partner_passport(partner)):
            return list((await self.transmission.ReadFeed(transmission.ReadFeedRequest())).entries)

    async def wait_for_feed(self, partner: str, size: int = 1) -> list[transmission.FeedEntry]:
        """Return a partner's feed as soon as it has so many entries."""
        async with asyncio.timeout(RELAY_SECONDS):
            while len(entries := await self.feed_of(partner)) < size:  # noqa: ASYNC110 - another process answers
                await asyncio.sleep(0.1)
        return entries

    async def correct(self, filing_id: str) -> signature.Receipt:
        """Reopen, take the CDC off the recipients, and sign the rectifying version."""
        with carrying(await self.passport("directeur.oph")):
            await self._until(filing_id, forms.STEP_REVIEW)
            reopening = forms.ReopenFilingRequest(request_id=request_id(), filing_id=filing_id, reason="Total à revoir")
            identity = (await self.forms.ReopenFiling(reopening)).filing.identity
        await self.wait_for_feed("CDC", 2)
        with carrying(await self.passport("directeur.oph")):
            untick = {"request_id": request_id(), "identity": identity, "recipient": "CDC", "is_ticked": False}
            await self.transmission.TickBox(transmission.TickBoxRequest(**untick))
        with carrying(await self.passport("comptable.oph")):
            await self.save(filing_id, "PL.120.n", "99998")
            justify = forms.JustifyFindingRequest(
                request_id=request_id(), filing_id=filing_id, control="A-08", text="Logements repris de l'enquête 2024."
            )
            await self.forms.JustifyFinding(justify)
            move = forms.MoveFilingRequest(request_id=request_id(), filing_id=filing_id, step=forms.STEP_SIGNATURE)
            await self.forms.MoveFiling(move)
        with carrying(await self.passport("directeur.oph")):
            _, receipt, _ = await self.sign(filing_id)
        return receipt

    async def _until(self, filing_id: str, step: forms.Step.ValueType) -> None:
        asked = forms.GetFilingRequest(filing_id=filing_id)
        async with asyncio.timeout(RELAY_SECONDS):
            while (await self.forms.GetFiling(asked)).filing.step != step:  # noqa: ASYNC110 - another process answers
                await asyncio.sleep(0.1)

    async def told_to(self, partner: str) -> list[str]:
        """Return what a partner's feed says once all three entries of the correction are in it."""
        entries = await self.wait_for_feed(partner, 3)
        return [f"{_word(transmission.EntryKind.Name(e.kind))} {e.version}: {_word(standing(e))}" for e in entries]

    async def tell(self) -> Told:
        """Tell the whole story."""
        with carrying(await self.passport("comptable.oph")):
            filing_id, imported = await self.open_and_import()
            refused_code = await self._refused(filing_id)
            saved = await self.save(filing_id, "PL.120.n", "99999")
            finding = next(f.control for f in saved.findings if f.severity == validation.SEVERITY_ANOMALY)
            justify = forms.JustifyFindingRequest(
                request_id=request_id(),
                filing_id=filing_id,
                control=finding,
                text="Logements conventionnés repris de l'enquête.",
            )
            verdict = (await self.forms.JustifyFinding(justify)).verdict
            move = forms.MoveFilingRequest(request_id=request_id(), filing_id=filing_id, step=forms.STEP_SIGNATURE)
            await self.forms.MoveFiling(move)
        with carrying(await self.passport("directeur.oph")):
            prepared, receipt, repeated = await self.sign(filing_id)
        delivered = await self.wait_for_feed("CDC")
        readers = {
            name: [e.receipt_number for e in await self.feed_of(name)]
            for name in ("CDC", "CGLLS", "PREFET-21", "PREFET-69")
        }
        stranger_sees = await self._stranger_sees(delivered[0].delivery_id)
        correction = await self.correct(filing_id)
        told = {partner: await self.told_to(partner) for partner in ("CDC", "PREFET-21")}
        return Told(
            filing_id,
            imported,
            refused_code,
            finding,
            validation.Verdict.Name(verdict),
            receipt,
            hashlib.sha256(prepared.content).hexdigest(),
            repeated,
            readers,
            stranger_sees,
            correction,
            told,
        )

    async def _refused(self, filing_id: str) -> str:
        try:
            await self.save(filing_id, "PL.120.n", "1.234,56")
        except Failure as failure:
            return failure.violations[0].reason
        return "accepted"

    async def _stranger_sees(self, delivery_id: str) -> str:
        with carrying(await self.partner_passport("CGLLS")):
            try:
                await self.transmission.FetchDelivery(transmission.FetchDeliveryRequest(delivery_id=delivery_id))
            except NotFound:
                return "nothing"
        return "something"


def standing(entry: transmission.FeedEntry) -> str:
    """Return what the version is to the partner now."""
    return transmission.Standing.Name(entry.standing)


def _word(name: str) -> str:
    return name.removeprefix("ENTRY_KIND_").removeprefix("STANDING_").lower()
