"""Two or more real sync services: own databases on one real PostgreSQL, mutual TLS over TCP, and a forms service that only listens."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from google.protobuf.timestamp_pb2 import Timestamp
from harmonia.forms.v1 import forms_pb2, forms_pb2_grpc
from harmonia.sync.v1 import sync_pb2 as pb
from harmonia.sync.v1 import sync_pb2_grpc as pb_grpc
from harmonia.types.v1 import types_pb2
from harmonia.validation.v1 import validation_pb2, validation_pb2_grpc
from pydantic import SecretStr
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.pool import NullPool

from chassis.clock import SystemClock
from chassis.database.migrations import prepare_schema, upgrade
from chassis.errors import RuleBroken, Unavailable
from chassis.host import Listening, host
from chassis.peers import Peers
from chassis.service import Service
from chassis.settings import DatabaseSettings, TlsSettings
from chassis.stack import Stack
from chassis.tls import DevelopmentAuthority, load_identity
from services.sync.service import SyncService
from services.sync.settings import SyncSettings
from tests.support.forms_neighbours import StandIn
from tests.support.hosting import FakePassports
from tests.support.ports import free_port

BODY = "123456789"
OTHER_BODY = "987654321"
YEAR = 2024
INPUT = "PAT.SURFACE"
COMPUTED = "PAT.LOG_GERES"
FEDERATIONS = ("FED-OPH", "FED-ESH")


class ListeningForms(forms_pb2_grpc.FormsServiceServicer):
    """Notes what it is told; answers nothing else."""

    def __init__(self) -> None:
        self.told: list[forms_pb2.ApplyFactsRequest] = []

    async def ApplyFacts(self, request: Any, context: Any) -> Any:  # noqa: N802
        self.told.append(request)
        return forms_pb2.ApplyFactsResponse()

    def last(self, concept: str, body: str = BODY) -> forms_pb2.SharedFact | None:
        """Return how the concept was last told."""
        facts = [f for r in self.told if r.body == body for f in r.facts if f.concept == concept]
        return facts[-1] if facts else None


class ListeningValidation(validation_pb2_grpc.ValidationServiceServicer):
    """Notes the decisions it is told, refuses those on a control, answers nothing else."""

    def __init__(self) -> None:
        self.told: list[validation_pb2.Adjustment] = []
        self.refused_control = ""
        self.is_down = False

    async def ApplyAdjustment(self, request: Any, context: Any) -> Any:  # noqa: N802
        if self.is_down:
            raise Unavailable
        if request.adjustment.control == self.refused_control:
            raise RuleBroken(reason="NOT_THE_AUTHORITY")
        self.told.append(request.adjustment)
        return validation_pb2.ApplyAdjustmentResponse()


@dataclass
class Server:
    """One server of the federation, which can be stopped and started again on the same data."""

    name: str
    folder: Path
    address: str
    database_url: str
    peers: dict[str, str]
    forms: ListeningForms = field(default_factory=ListeningForms)
    validation: ListeningValidation = field(default_factory=ListeningValidation)
    neighbours: Sequence[Service] = ()
    """The services beside sync; stand-ins that listen when there are none."""
    passports: FakePassports = field(default_factory=FakePassports)
    stub: Any = None
    channel: Any = None
    _exits: AsyncExitStack | None = None

    @property
    def stack(self) -> Stack:
        return Stack(self.name, self.folder, clock=SystemClock())

    @property
    def tls(self) -> TlsSettings:
        own = self.folder / "tls"
        certificate, key = DevelopmentAuthority(own, self.name, SystemClock()).issue("node", own / "processes")
        return TlsSettings(certificate=certificate, key=key, trust=self.folder.parent / "trust")

    async def start(self) -> None:
        """Host the sync service and the stand-in for forms."""
        tls = self.tls
        assert tls.certificate is not None
        assert tls.key is not None
        assert tls.trust is not None
        identity = load_identity(tls.certificate, tls.key, tls.trust)
        settings = SyncSettings(database=DatabaseSettings(url=SecretStr(self.database_url)), peers=self.peers, tls=tls)
        exits = self._exits = AsyncExitStack()
        local = f"unix:{self.folder}/{uuid4().hex[:8]}.sock"
        peers = await exits.enter_async_context(Peers("node", local, identity=identity))
        services = [*(self.neighbours or self._stand_ins()), SyncService(self.stack, settings)]
        listening = Listening(local, self.address)
        await exits.enter_async_context(host(self.stack, services, peers, self.passports, listening, identity))
        self.stub = pb_grpc.SyncServiceStub(peers.channel("sync"))
        self.channel = peers.channel

    def _stand_ins(self) -> list[Service]:
        add_forms = forms_pb2_grpc.add_FormsServiceServicer_to_server
        add_validation = validation_pb2_grpc.add_ValidationServiceServicer_to_server
        return [
            StandIn("forms", "harmonia.forms.v1.FormsService", add_forms, self.forms),
            StandIn("validation", "harmonia.validation.v1.ValidationService", add_validation, self.validation),
        ]

    async def stop(self) -> None:
        """Stop it; its data stays."""
        if self._exits is not None:
            await self._exits.aclose()
            self._exits = None

    async def type(self, value: str, concept: str = INPUT, body: str = BODY, **other: Any) -> int:
        """Report that somebody typed a value in a filing of this server."""
        changed_at = Timestamp()
        changed_at.FromDatetime(datetime.now(UTC))
        source = pb.FACT_SOURCE_COMPUTED if concept == COMPUTED else pb.FACT_SOURCE_TYPED
        fact = pb.ChangedFact(
            concept=concept,
            value=value,
            source=source,
            author="Camille",
            changed_at=changed_at,
            beside=other.pop("beside", None),
        )
        request = pb.PublishFactsRequest(
            event_id=other.pop("event_id", uuid4().hex), body=body, year=YEAR, facts=[fact], **other
        )
        appended: int = (await self.stub.PublishFacts(request)).appended
        return appended

    async def decide(self, control: str = "A-20", **changes: Any) -> tuple[str, int]:
        """Publish a decision of this server's authority; return its identifier and how many envelopes it made."""
        at = Timestamp()
        at.FromDatetime(datetime.now(UTC))
        adjustment = validation_pb2.Adjustment(
            id=changes.pop("id", str(uuid4())),
            form_set="2024.1",
            document=types_pb2.DOCUMENT_ER if self.name == "MIN" else types_pb2.DOCUMENT_QDIS,
            year=YEAR,
            control=control,
            severity=validation_pb2.SEVERITY_REMARK,
            reason="Instruction de campagne.",
            author="Alex Agent",
            adjusted_at=at,
        )
        adjustment.MergeFrom(validation_pb2.Adjustment(**changes))
        request = pb.PublishAdjustmentRequest(adjustment=adjustment)
        return adjustment.id, (await self.stub.PublishAdjustment(request)).appended

    async def was_told(self, identifier: str) -> bool:
        """Tell whether validation was told this decision."""
        return identifier in {one.id for one in self.validation.told}

    async def fact(self, concept: str = INPUT, body: str = BODY) -> pb.Fact | None:
        """Return the fact as this server shows it."""
        answer = await self.stub.ListFacts(pb.ListFactsRequest(body=body, year=YEAR))
        return next((fact for fact in answer.facts if fact.concept == concept), None)

    async def value(self, concept: str = INPUT, body: str = BODY) -> str | None:
        """Return the value shown, None when nothing is known."""
        fact = await self.fact(concept, body)
        return fact.value if fact else None

    async def shows(self, value: str, concept: str = INPUT, body: str = BODY) -> bool:
        """Tell whether this value is shown, without conflict."""
        fact = await self.fact(concept, body)
        return fact is not None and fact.value == value and not fact.HasField("conflict")

    async def is_in_conflict(self, concept: str = INPUT) -> bool:
        """Tell whether forms was told of a conflict that still stands."""
        fact, told = await self.fact(concept), self.forms.last(concept)
        return bool(fact and fact.HasField("conflict") and told and told.HasField("conflict"))

    async def resolve(self, value: str, concept: str = INPUT) -> pb.Fact:
        """Choose."""
        request = pb.ResolveFactRequest(
            request_id=uuid4().hex, body=BODY, year=YEAR, concept=concept, value=value, author="Camille"
        )
        fact: pb.Fact = (await self.stub.ResolveFact(request)).fact
        return fact

    @contextmanager
    def sql(self) -> Iterator[Any]:
        """A connection as the service's own role."""
        engine = create_engine(self.database_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("SET search_path TO sync"))
            yield connection
        engine.dispose()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query gives."""
        with self.sql() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


def free_address() -> str:
    """Return an address of this machine that nobody listens on."""
    return f"127.0.0.1:{free_port()}"


def fresh_database(admin_url: str, name: str, service: str = "sync") -> str:
    """Make a database with the service's migrated schema, and return the URL of the service's role on it."""
    engine = create_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    url = prepare_schema(make_url(admin_url).set(database=name).render_as_string(hide_password=False), service)
    upgrade(url, service)
    return url


class Link:
    """A TCP connection between two servers that a test can cut and mend."""

    def __init__(self, target: str) -> None:
        self.address = free_address()
        self._target = target
        self._is_cut = False
        self._open: set[asyncio.StreamWriter] = set()

    async def listen(self) -> asyncio.Server:
        """Begin to forward."""
        host_name, _, port = self.address.rpartition(":")
        return await asyncio.start_server(self._forward, host_name, int(port))

    def cut(self) -> None:
        """Drop what is open and let nothing new through."""
        self._is_cut = True
        for writer in list(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host_name, _, port = self._target.rpartition(":")
        if self._is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(host_name, int(port))
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, far_writer}
        await asyncio.gather(self._pump(reader, far_writer), self._pump(far_reader, writer))
        self._open -= {writer, far_writer}

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while content := await reader.read(65_536):
                writer.write(content)
                await writer.drain()
        writer.transport.abort()


@asynccontextmanager
async def a_federation(
    admin_url: str,
    folder: Path,
    names: tuple[str, ...] = ("FED-OPH",),
    links: dict[tuple[str, str], Link] | None = None,
    furnish: Callable[[Server], None] = lambda _: None,
) -> AsyncIterator[list[Server]]:
    """Start the ministry and the federations named; the ministry has stated BODY to be of FED-OPH.

    Into ``links`` go the connections from one server to another, for a test to cut. ``furnish`` may give a server its
    neighbours and passports before it starts.
    """
    addresses = {name: free_address() for name in ("MIN", *names)}
    listeners: list[asyncio.Server] = []

    async def address_of(caller: str, called: str) -> str:
        if links is None:
            return addresses[called]
        link = links[caller, called] = Link(addresses[called])
        listeners.append(await link.listen())
        return link.address

    servers = []
    for name, address in addresses.items():
        peers = {n: await address_of(name, n) for n in addresses if n != name and "MIN" in (n, name)}
        database = fresh_database(admin_url, f"sync-{name.lower()}")
        server = Server(name, folder / name, address, database, peers)
        server.folder.mkdir()
        furnish(server)
        servers.append(server)
    (folder / "trust").mkdir()
    for server in servers:
        authority = DevelopmentAuthority(server.folder / "tls", server.name, SystemClock())
        shutil.copy(authority.certificate_path, folder / "trust")
    try:
        for server in servers:
            await server.start()
        await state_members(servers[0], {BODY: "FED-OPH"})
        yield servers
    finally:
        for server in servers:
            await server.stop()
        for listener in listeners:
            listener.close()


async def state_members(ministry: Server, members: dict[str, str]) -> None:
    """Have the ministry state which body belongs to which federation, once it answers: a busy machine starts slowly."""
    memberships = [pb.Membership(body=body, federation=federation) for body, federation in members.items()]
    request = pb.ProvisionMembershipRequest(memberships=memberships)
    async with asyncio.timeout(120):
        while True:
            try:
                await ministry.stub.ProvisionMembership(request)
            except Unavailable:
                await asyncio.sleep(0.2)
            else:
                return


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 60.0) -> float:
    """Wait until the condition holds and return how long it took.

    Raises:
        TimeoutError: it does not hold in time.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not await condition():
        if loop.time() - began > seconds:
            raise TimeoutError("the condition does not come true")
        await asyncio.sleep(0.02)
    return loop.time() - began
