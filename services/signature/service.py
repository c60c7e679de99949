"""Puts the signature service together; the only file that knows all its rooms."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from harmonia.signature.v1 import signature_pb2_grpc as pb_grpc
from pydantic import SecretStr

from chassis.database.engine import has_schema, open_engine, sessions_of
from chassis.database.relay import Relay
from chassis.ending import end
from chassis.peers import Peers
from chassis.service import Opened
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from services.signature.clients.asic.container import AsicContainers
from services.signature.clients.asic.sealing import ThreadSeals
from services.signature.clients.form_labels import PackagedLabels
from services.signature.clients.forms import GrpcFilings
from services.signature.clients.reports import GrpcReports
from services.signature.clients.software_key.authority import KeyMaterial, open_or_make
from services.signature.clients.software_key.keys import SoftwareKeys, SoftwareNoteKeys
from services.signature.clients.transmission import GrpcReleases
from services.signature.domain.policy import SERVER_SEAL_1
from services.signature.rpc.servicer import SignatureServicer, UseCases
from services.signature.settings import SignatureSettings
from services.signature.store.rows import OutboxEventRow
from services.signature.store.unit_of_work import SqlSignatures
from services.signature.usecases.complete_signature import CompleteSignature
from services.signature.usecases.finish_interrupted import FinishInterrupted
from services.signature.usecases.ports import Filings, NoteKeys, Releases, Seals, UnitsOfWork
from services.signature.usecases.prepare_signature import PrepareSignature
from services.signature.usecases.read_checkpoint import ReadCheckpoint
from services.signature.usecases.read_receipts import FetchContainer, GetContainer, GetReceipt
from services.signature.usecases.sign_filing import SignFiling
from services.signature.usecases.verify_container import VerifyContainer
from services.signature.workers.finishing import finish_for_ever
from services.signature.workers.reporting import Reporting

NAME = "signature"
GRPC_SERVICE = "harmonia.signature.v1.SignatureService"


class DevelopmentKeysInProduction(RuntimeError):
    """Production must be given its keys; it never makes them."""


class SignatureService:
    """The service, ready to be opened by a host."""

    name = NAME

    def __init__(self, stack: Stack, settings: SignatureSettings) -> None:
        self._stack, self._settings = stack, settings

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Open keys and database, wire the use cases, report and finish signatures until the context is left.

        Raises:
            DevelopmentKeysInProduction: production, and no folder of keys is configured.
            PermissionError: others may read the keys.
        """
        stack, settings = self._stack, self._settings
        material = open_keys(stack, settings)
        engine = open_engine(settings.database, NAME)
        sessions = sessions_of(engine)
        relay = Relay(sessions, OutboxEventRow, NAME, Reporting(GrpcReports(peers)), stack.clock)

        def units() -> SqlSignatures:
            return SqlSignatures(sessions, stack.clock, stack.identifiers, relay.hint)

        roots = [material.root_certificate, *trusted_certificates(settings.keys.trust)]
        containers = AsicContainers(SERVER_SEAL_1, [root.public_bytes(Encoding.DER) for root in roots])
        seals, note_keys = ThreadSeals(containers, SoftwareKeys(material)), SoftwareNoteKeys(material)
        wired = wire(stack, units, seals, note_keys, GrpcFilings(peers), GrpcReleases(peers))
        finishing = settings.finishing
        finish = FinishInterrupted(units, wired.complete, stack.clock, timedelta(seconds=finishing.patience_seconds))
        workers = (relay.run(), finish_for_ever(finish, finishing.every_seconds))
        servicer = SignatureServicer(wired.usecases, SERVER_SEAL_1, pem_of(material.root_certificate))
        try:
            async with running(workers):
                yield Opened(
                    # No applied requests: the intent makes repeats harmless, also between its two transactions.
                    register=partial(pb_grpc.add_SignatureServiceServicer_to_server, servicer),
                    grpc_services=(GRPC_SERVICE,),
                    is_ready=partial(has_schema, engine, NAME),
                )
        finally:
            await engine.dispose()


@dataclass(frozen=True, slots=True)
class Wired:
    """The use cases on their ports."""

    usecases: UseCases
    complete: CompleteSignature
    """Shared by the request that signs and the worker that finishes."""


def wire(
    stack: Stack, units: UnitsOfWork, seals: Seals, note_keys: NoteKeys, filings: Filings, releases: Releases
) -> Wired:
    """Return every use case on these ports; tests pass fakes."""
    policy, clock, server = SERVER_SEAL_1, stack.clock, stack.name
    complete = CompleteSignature(units, seals, note_keys, PackagedLabels(), clock, policy, server, secrets.token_bytes)
    usecases = UseCases(
        prepare_signature=PrepareSignature(units, filings, releases, seals, clock, stack.identifiers, policy, server),
        sign_filing=SignFiling(units, filings, releases, complete, clock, policy),
        get_receipt=GetReceipt(units),
        get_container=GetContainer(units),
        fetch_container=FetchContainer(units),
        verify_container=VerifyContainer(units, seals, clock, server),
        read_checkpoint=ReadCheckpoint(units, note_keys, server),
    )
    return Wired(usecases, complete)


@asynccontextmanager
async def running(workers: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Run the workers until the context is left."""
    tasks = [asyncio.create_task(worker) for worker in workers]
    try:
        yield
    finally:
        await end(tasks)


def pem_of(certificate: x509.Certificate) -> str:
    """Return the certificate in PEM."""
    return certificate.public_bytes(Encoding.PEM).decode()


def open_keys(stack: Stack, settings: SignatureSettings) -> KeyMaterial:
    """Return the keys of this server, made at first start outside production.

    Raises:
        DevelopmentKeysInProduction: see the class.
    """
    folder = settings.keys.folder
    if stack.is_production and (folder is None or not folder.is_dir()):
        raise DevelopmentKeysInProduction("SIGNATURE_KEYS__FOLDER must name an existing folder in production.")
    return open_or_make(folder or stack.folder(NAME) / "keys", stack.name, stack.clock.now())


def trusted_certificates(folder: Path | None) -> Sequence[x509.Certificate]:
    """Return the certificates of the PEM files of a folder, none without one."""
    files = sorted(folder.glob("*.pem")) if folder else []
    return [certificate for file in files for certificate in x509.load_pem_x509_certificates(file.read_bytes())]


def make_service(stack: Stack, database_url: str) -> SignatureService:
    """Return the service for this stack; the environment may override the database."""
    return SignatureService(stack, SignatureSettings(database=DatabaseSettings(url=SecretStr(database_url))))
