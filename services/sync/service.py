"""Puts the sync service together; the only file that knows all its rooms."""

import asyncio
import random
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg
from harmonia.sync.v1 import sync_pb2_grpc as pb_grpc
from pydantic import SecretStr
from sqlalchemy import make_url

import formsets
from chassis.database.engine import CONNECT_SECONDS, has_schema, lone_sessions_of, open_engine, sessions_of
from chassis.database.relay import Relay
from chassis.database.unit_of_work import SqlAppliedRequests
from chassis.ending import end
from chassis.peers import Peers
from chassis.service import Opened
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from chassis.tls import DevelopmentAuthority, Identity, load_identity
from services.sync.clients.exchange_key import CertificateSigner, CertificateVerifier
from services.sync.clients.forms import GrpcFilings
from services.sync.clients.peer import GrpcPeerServers
from services.sync.clients.validation import GrpcControls
from services.sync.domain.concept import Catalogue, Concept, Nature
from services.sync.domain.hlc import HybridClock
from services.sync.rpc.servicer import SyncServicer, UseCases
from services.sync.settings import SyncSettings
from services.sync.store.hints import PostgresHints
from services.sync.store.rows import OutboxEventRow
from services.sync.store.unit_of_work import SqlSync
from services.sync.usecases.apply_batch import ApplyBatch
from services.sync.usecases.catch_up import CatchUp
from services.sync.usecases.get_peer_status import GetPeerStatus
from services.sync.usecases.list_facts import ListFacts
from services.sync.usecases.note_exchange import NoteExchange
from services.sync.usecases.ports import OpensWork
from services.sync.usecases.provision_membership import ProvisionMembership
from services.sync.usecases.publish_adjustment import PublishAdjustment
from services.sync.usecases.publish_facts import PublishFacts
from services.sync.usecases.pull_batch import PullBatch
from services.sync.usecases.release_lanes import ReleaseLanes
from services.sync.usecases.resolve_fact import ResolveFact
from services.sync.usecases.sending import Here
from services.sync.usecases.take_receipt import TakeReceipt
from services.sync.usecases.tell_forms import TellForms
from services.sync.usecases.tell_validation import TellValidation
from services.sync.workers.following import BackOff, Following
from services.sync.workers.telling import Telling

NAME = "sync"
GRPC_SERVICE = "harmonia.sync.v1.SyncService"


class UnsafeInProduction(RuntimeError):
    """The exchange would sign with a development key in production."""


@dataclass
class Wake:
    """Calls whoever waits for commits, once it exists."""

    who: Callable[[], None] | None = None

    def __call__(self) -> None:
        """Call them."""
        if self.who is not None:
            self.who()


class SyncService:
    """The service, ready to be opened by a host."""

    name = NAME

    def __init__(self, stack: Stack, settings: SyncSettings) -> None:
        self._stack, self._settings = stack, settings

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Open the database, follow the peers, relay the outbox, and say what to serve."""
        engine = open_engine(self._settings.database, NAME)
        sessions = sessions_of(engine)
        stack, settings = self._stack, self._settings
        identity = exchange_identity(stack, settings)
        signer, verifier = CertificateSigner(identity), CertificateVerifier(identity.authorities, stack.clock)
        here = Here(stack.name, settings.ministry, shared_concepts(), frozenset(settings.peers))
        clock, hybrid = stack.clock, HybridClock()
        wake = Wake()
        open_work: OpensWork = partial(SqlSync, sessions, clock, stack.identifiers, stack.name, _blind, wake)
        hints = PostgresHints(partial(_listener, settings.database))
        apply_batch = ApplyBatch(open_work, here, signer, verifier, clock)
        servers = GrpcPeerServers(peers, settings.peers)
        catch_up = CatchUp(open_work, here, servers, apply_batch, verifier)
        usecases = UseCases(
            publish_facts=PublishFacts(open_work, here, clock, hybrid),
            publish_adjustment=PublishAdjustment(open_work, here, clock, hybrid),
            list_facts=ListFacts(open_work, here),
            resolve_fact=ResolveFact(open_work, here, clock, hybrid),
            get_peer_status=GetPeerStatus(open_work, here, sorted(settings.peers)),
            pull_batch=PullBatch(open_work, here, signer, hints, clock),
            take_receipt=TakeReceipt(open_work, here, verifier),
            provision_membership=ProvisionMembership(open_work, here, settings.sharing_families, clock, hybrid),
        )
        relay = Relay(
            sessions,
            OutboxEventRow,
            NAME,
            Telling(
                TellForms(open_work, here, GrpcFilings(peers, here.catalogue), clock),
                TellValidation(open_work, GrpcControls(peers)),
            ),
            clock,
        )
        wake.who = relay.hint
        followers = [
            Following(
                peer,
                catch_up,
                ReleaseLanes(open_work, here, clock),
                NoteExchange(open_work, clock),
                BackOff(random.SystemRandom().random),
                clock,
            )
            for peer in sorted(settings.peers)
        ]
        async with AsyncExitStack() as exits:
            exits.push_async_callback(engine.dispose)
            await exits.enter_async_context(
                _running([hints.run(), relay.run(), *(follower.run() for follower in followers)])
            )
            yield Opened(
                register=partial(
                    pb_grpc.add_SyncServiceServicer_to_server,
                    SyncServicer(usecases, here.server, here.catalogue, settings.first_year),
                ),
                grpc_services=(GRPC_SERVICE,),
                is_ready=partial(has_schema, engine, NAME),
                stop_waiting=hints.close,
                applied_requests=SqlAppliedRequests(lone_sessions_of(engine)),
            )


@asynccontextmanager
async def _running(work: Sequence[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(one) for one in work]
    try:
        yield
    finally:
        await end(tasks)


def exchange_identity(stack: Stack, settings: SyncSettings) -> Identity:
    """Return the key and certificate that sign batches, and the authorities that are trusted.

    Raises:
        UnsafeInProduction: nothing is configured and the stack is in production mode.
    """
    tls = settings.tls
    if tls.certificate and tls.key and tls.trust:
        return load_identity(tls.certificate, tls.key, tls.trust)
    if stack.is_production:
        raise UnsafeInProduction("HARMONIA_TLS__CERTIFICATE, __KEY and __TRUST must be set in production.")
    folder = stack.data_folder / "tls"
    certificate, key = DevelopmentAuthority(folder, stack.name, stack.clock).issue(NAME, folder / "processes")
    return load_identity(certificate, key, tls.trust or folder)


def shared_concepts() -> Catalogue:
    """Return every concept of the shipped form sets; a later version of one wins, codes never change meaning."""
    return {
        concept.code: Concept(
            concept.code, Nature(concept.nature), has_alias=concept.direction == "both", address=concept.cell
        )
        for version in formsets.available()
        for concept in formsets.load(version).concepts
    }


def _blind() -> str:
    return secrets.token_hex(16)


async def _listener(database: DatabaseSettings) -> psycopg.AsyncConnection[tuple[object, ...]]:
    url = make_url(database.url.get_secret_value()).set(drivername="postgresql")
    return await psycopg.AsyncConnection.connect(
        url.render_as_string(hide_password=False), autocommit=True, connect_timeout=CONNECT_SECONDS
    )


def make_service(stack: Stack, database_url: str) -> SyncService:
    """Return the service for this stack; the environment may override the database."""
    return SyncService(stack, SyncSettings(database=DatabaseSettings(url=SecretStr(database_url))))
