"""Plugs a whole forms service into these tests: PostgreSQL, the real validation service, stand-ins for auth, sync and transmission."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2_grpc as validation_grpc
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database.engine import open_engine
from chassis.rpc.identity import carrying
from chassis.settings import DatabaseSettings
from services.forms.service import make_service
from services.validation.service import make_service as make_validation
from tests.support.clocks import FrozenClock
from tests.support.forms import SIREN
from tests.support.forms_neighbours import (
    FactsServicer,
    RecipientsServicer,
    a_sync_service,
    a_transmission_service,
    an_auth_service,
)
from tests.support.hosting import ACCOUNTANT, DIRECTOR, OFFICER, FakePassports, a_caller, a_stack, hosting
from tests.support.postgres import TestDatabase

STRANGERS_BODY = "552081317"
JULY = datetime(2025, 7, 1, 9, 0, tzinfo=UTC)
"""After the accounts of the sample were approved, before the deadline."""


@dataclass
class Running:
    """The service over gRPC; `by(name)` calls it as that person, nobody as the service `signature`."""

    stub: pb_grpc.FormsServiceStub
    validation: validation_grpc.ValidationServiceStub
    engine: AsyncEngine
    clock: FrozenClock
    sync: FactsServicer = field(default_factory=FactsServicer)
    transmission: RecipientsServicer = field(default_factory=RecipientsServicer)
    requests: int = 0

    def by(self, name: str) -> carrying:
        """Call as this person."""
        return carrying(name)

    def request_id(self) -> str:
        """A request id nobody used."""
        self.requests += 1
        return f"request-{self.requests}"

    async def open(self, document: int = types.DOCUMENT_ER, by: str = "director") -> str:
        """Open a filing and return its id."""
        with self.by(by):
            request = pb.OpenFilingRequest(body=SIREN, document=document, year=2024)  # type: ignore[arg-type]
            return (await self.stub.OpenFiling(request)).filing.identity.filing_id

    async def preview(self, filing_id: str, content: bytes, name: str = "er.csv") -> pb.ImportPreview:
        """Preview an import."""
        with self.by("director"):
            request = pb.PreviewImportRequest(
                request_id=self.request_id(), filing_id=filing_id, file_name=name, content=content
            )
            return (await self.stub.PreviewImport(request)).preview

    async def save(self, filing_id: str, *edits: tuple[str, str, int], by: str = "director") -> pb.SaveCellsResponse:
        """Save cells."""
        with self.by(by):
            return await self.stub.SaveCells(
                pb.SaveCellsRequest(
                    request_id=self.request_id(),
                    filing_id=filing_id,
                    edits=[pb.CellEdit(address=a, text=t, base_version=v) for a, t, v in edits],
                )
            )

    async def read(self, filing_id: str) -> tuple[pb.Filing, dict[str, pb.FiledCell]]:
        """Return the filing and its cells by address."""
        with self.by("director"):
            response = await self.stub.GetFiling(pb.GetFilingRequest(filing_id=filing_id))
        return response.filing, {cell.address: cell for cell in response.cells}


PASSPORTS = {
    "director": a_caller("Dominique Directeur"),
    "accountant": a_caller("Camille Compte", on={SIREN: ACCOUNTANT}),
    "colleague": a_caller("Claude Collègue", on={SIREN: ACCOUNTANT}),
    "reader": a_caller("Lou Lecteur", on={SIREN: ["filing.read"]}),
    "stranger": a_caller("Sacha Ailleurs", on={STRANGERS_BODY: DIRECTOR}),
    "officer": a_caller("Alex Agent", on={"*": OFFICER}),
}


@pytest.fixture(scope="session")
async def host(database: TestDatabase) -> AsyncIterator[Running]:
    """One host for the session: starting the worker processes of validation takes longer than most tests."""
    url = database.fresh("forms")
    clock, facts, recipients = FrozenClock(JULY), FactsServicer(), RecipientsServicer()
    stack = a_stack(clock=clock)
    body = auth.Body(siren=SIREN, name="OPH de l'exemple", family="OPH", departement="21")
    services = [
        make_service(stack, url),
        make_validation(stack, database.fresh("validation")),
        an_auth_service(body, auth.Body(siren=STRANGERS_BODY, name="ESH", family="ESH", departement="69")),
        a_sync_service(facts),
        a_transmission_service(recipients),
    ]
    engine = open_engine(DatabaseSettings(url=SecretStr(url)), "forms")
    async with hosting(stack, services, FakePassports(PASSPORTS)) as (peers, _):
        forms = pb_grpc.FormsServiceStub(peers.channel("forms"))
        validation = validation_grpc.ValidationServiceStub(peers.channel("validation"))
        yield Running(forms, validation, engine, clock, facts, recipients)
    await engine.dispose()


@pytest.fixture
async def running(host: Running, database: TestDatabase) -> Running:
    """The service with empty tables and two campaigns."""
    # In a thread: emptying waits for the relay's transaction, which needs this loop to end.
    await asyncio.to_thread(database.fresh, "forms")
    await asyncio.to_thread(database.fresh, "validation")
    host.sync.forget()
    host.transmission.suspended.clear()
    await plan(host.stub)
    return host


async def plan(stub: pb_grpc.FormsServiceStub) -> None:
    """Plan the campaigns for 2024 as a node does at each start."""
    for document in (types.DOCUMENT_ER, types.DOCUMENT_QDIS):
        campaign = pb.Campaign(
            document=document,
            year=2024,
            form_set="2024.1",
            opens_on="2025-04-01",
            due_on="2025-07-15",
            closes_on="2025-12-31",
            families=[types.FAMILY_OPH, types.FAMILY_ESH],
        )
        await stub.ProvisionCampaign(pb.ProvisionCampaignRequest(campaign=campaign))
