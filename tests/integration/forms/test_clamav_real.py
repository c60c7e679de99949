"""Attachments and a real clamd: what it finds is refused, what it could not look at too, and nothing of either is kept."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from harmonia.auth.v1 import auth_pb2 as auth
from harmonia.forms.v1 import forms_pb2 as pb
from harmonia.forms.v1 import forms_pb2_grpc as pb_grpc
from harmonia.validation.v1 import validation_pb2_grpc as validation_grpc
from pydantic import SecretStr
from sqlalchemy import text

from chassis.database.engine import open_engine
from chassis.errors import Invalid
from chassis.settings import DatabaseSettings
from services.forms.service import FormsService
from services.forms.settings import FormsSettings, ScannerSettings
from services.validation.service import make_service as make_validation
from tests.integration.forms.conftest import JULY, PASSPORTS, Running, plan
from tests.support.clocks import FrozenClock
from tests.support.forms import SIREN
from tests.support.forms_neighbours import (
    FactsServicer,
    RecipientsServicer,
    a_sync_service,
    a_transmission_service,
    an_auth_service,
)
from tests.support.hosting import FakePassports, a_stack, hosting
from tests.support.pdfs import a_pdf, stream
from tests.support.postgres import TestDatabase

pytestmark = [pytest.mark.real, pytest.mark.slow]
UP = Path(__file__).parents[3] / "tools" / "clamd-up"
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!" + b"$H+H*"
"""The harmless text that every scanner is to find (eicar.org), in two pieces here so that none finds this file."""


@dataclass
class Clamd:
    """A real clamd with one signature, which may be ended and started again."""

    folder: Path
    address: str = ""
    process: int = 0

    async def start(self) -> None:
        """Start it; skip with a sentence if it cannot run here."""
        made = await asyncio.create_subprocess_exec(
            *(str(UP), str(self.folder)), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await made.communicate()
        if made.returncode == 3:
            pytest.skip(err.decode().strip().splitlines()[-1])
        assert made.returncode == 0, err.decode()
        socket, process = out.decode().split()
        self.address, self.process = f"unix:{socket}", int(process)

    def send(self, number: signal.Signals) -> None:
        """Signal it."""
        os.kill(self.process, number)


@pytest.fixture
async def clamd(tmp_path: Path) -> AsyncIterator[Clamd]:
    (tmp_path / "signatures").mkdir()
    (tmp_path / "signatures" / "own.ndb").write_text(f"Harmonia.Eicar:0:*:{EICAR.hex()}\n")
    started = Clamd(tmp_path)
    await started.start()
    yield started
    started.send(signal.SIGKILL)


@pytest.fixture
async def scanned(clamd: Clamd, database: TestDatabase) -> AsyncIterator[Running]:
    """The forms service with that scanner, over gRPC."""
    url = database.fresh("forms")
    database_of = DatabaseSettings(url=SecretStr(url))
    settings = FormsSettings(database=database_of, scanner=ScannerSettings(address=clamd.address, seconds=3.0))
    clock, facts, recipients = FrozenClock(JULY), FactsServicer(), RecipientsServicer()
    stack = a_stack(clock=clock)
    body = auth.Body(siren=SIREN, name="OPH de l'exemple", family="OPH", departement="21")
    services = [
        FormsService(stack, settings),
        make_validation(stack, database.fresh("validation")),
        an_auth_service(body),
        a_sync_service(facts),
        a_transmission_service(recipients),
    ]
    engine = open_engine(database_of, "forms")
    async with hosting(stack, services, FakePassports(PASSPORTS)) as (peers, _):
        forms = pb_grpc.FormsServiceStub(peers.channel("forms"))
        validation = validation_grpc.ValidationServiceStub(peers.channel("validation"))
        await plan(forms)
        yield Running(forms, validation, engine, clock, facts, recipients)
    await engine.dispose()


async def attach(running: Running, filing_id: str, content: bytes) -> pb.Attachment:
    with running.by("accountant"):
        request = pb.AttachFileRequest(
            request_id=running.request_id(),
            filing_id=filing_id,
            kind="DELIBERATION",
            file_name="pv.pdf",
            content=content,
        )
        return (await running.stub.AttachFile(request)).attachment


async def refused(running: Running, filing_id: str, content: bytes) -> str:
    with pytest.raises(Invalid) as caught:
        await attach(running, filing_id, content)
    [violation] = caught.value.violations
    assert violation.reason == "F-30"
    return f"{violation.fr} {violation.en}"


async def kept(running: Running) -> int:
    async with running.engine.connect() as connection:
        counted = await connection.scalar(text("SELECT count(*) FROM forms.attachment_contents"))
    assert counted is not None
    return int(counted)


async def test_what_the_scanner_finds_is_refused_and_what_is_clean_says_when_it_was_scanned(
    clamd: Clamd, scanned: Running
) -> None:
    filing_id = await scanned.open()

    answer = await refused(scanned, filing_id, a_pdf(stream(EICAR)))

    assert "Harmonia.Eicar" in answer
    assert "L'antivirus a trouvé" in answer
    assert "The virus scanner found" in answer
    assert await kept(scanned) == 0
    attached = await attach(scanned, filing_id, a_pdf(stream(b"\0" * 5_000_000)))
    assert attached.HasField("scanned_at")
    assert attached.scanned_at.ToDatetime(tzinfo=JULY.tzinfo) == JULY


async def test_a_scanner_that_is_slow_or_gone_refuses_every_file_until_it_is_back(
    clamd: Clamd, scanned: Running
) -> None:
    filing_id = await scanned.open()
    clamd.send(signal.SIGSTOP)

    slow = await refused(scanned, filing_id, a_pdf())

    assert "Réessayez dans quelques minutes" in slow
    clamd.send(signal.SIGKILL)
    gone = await asyncio.gather(*(refused(scanned, filing_id, a_pdf()) for _ in range(3)))
    assert all("Try again in a few minutes" in answer for answer in gone)
    assert await kept(scanned) == 0
    await clamd.start()
    assert (await attach(scanned, filing_id, a_pdf())).HasField("scanned_at")
