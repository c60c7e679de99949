"""S1 and S2: whole drafts saved (every typed cell of a filing), delta saves (20 cells), and imports, through the real stack.

One server as one process with everything embedded; saves over mutual-TLS gRPC by several accountants at once, each on
their own filing, controls and outbox included, zero loss checked. The peer, in the same run on the same PostgreSQL:
inserting the same bytes and committing, with nothing else (performance.md S1, S2). An import reads the file in a
disposable process, shows the preview and writes it: it has no peer and no goal here.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
from harmonia.auth.v1 import auth_pb2, auth_pb2_grpc
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.forms.v1 import forms_pb2_grpc
from harmonia.types.v1 import types_pb2 as types
from rich.console import Console

from chassis.clock import SystemClock
from chassis.peers import Peers
from chassis.rpc.identity import carrying
from chassis.tls import DevelopmentAuthority, load_identity
from cli.login import log_in
from demo.accounts import load_or_make
from demo.extra_bodies import add_body, all_bodies
from demo.federation import YEAR, Federation, federation
from demo.provisioning import make_trust, provision
from demo.supervising import Node

DELTA = 20
AMOUNTS = ("BA", "BP", "CC", "CP", "ED", "PR")
"""Forms whose typed cells are all amounts."""
DRAFT_BYTES = 100_000


async def passports_of(servers: Federation, peers: Peers, names: list[str]) -> list[str]:
    """Return a passport for each login name, by real logins."""
    accounts = load_or_make(servers.accounts_file, all_bodies(servers))
    auth: auth_pb2_grpc.AuthServiceAsyncStub = auth_pb2_grpc.AuthServiceStub(peers.channel("auth"))
    tokens = []
    for name in names:
        person = accounts.person("MIN", name)
        given = await asyncio.to_thread(log_in, servers["MIN"].identity_url, name, person.password)
        asked = auth_pb2.OpenSessionRequest(access_token=given["access_token"])
        tokens.append((await auth.OpenSession(asked)).passport.token)
    return tokens


class Accountant:
    """One person with one filing, who saves again and again."""

    def __init__(self, stub: "forms_pb2_grpc.FormsServiceAsyncStub", passport: str, siren: str, file: Path) -> None:
        self.stub, self.passport, self.siren, self.file = stub, passport, siren, file
        self.filing_id = ""
        self.versions: dict[str, int] = {}
        self.values: dict[str, str] = {}
        self.saved = 0

    async def import_file(self) -> None:
        """Preview and confirm the import of every line."""
        with carrying(self.passport):
            if not self.filing_id:
                asked = forms.OpenFilingRequest(body=self.siren, document=types.DOCUMENT_ER, year=YEAR)
                self.filing_id = (await self.stub.OpenFiling(asked)).filing.identity.filing_id
            upload = forms.PreviewImportRequest(
                request_id=str(uuid.uuid4()),
                filing_id=self.filing_id,
                file_name="f.csv",
                content=self.file.read_bytes(),
            )
            preview = (await self.stub.PreviewImport(upload)).preview
            confirm = forms.ConfirmImportRequest(
                request_id=str(uuid.uuid4()),
                filing_id=self.filing_id,
                import_id=preview.import_id,
                overwrite_typed=True,
            )
            await self.stub.ConfirmImport(confirm)
            cells = (await self.stub.GetFiling(forms.GetFilingRequest(filing_id=self.filing_id))).cells
            self.versions = {c.address: c.version for c in cells if c.version}
            self.values.clear()

    async def draft(self) -> None:
        """Save every amount of the filing, having seen their versions."""
        await self._save([a for a in self.versions if a[:2] in AMOUNTS])

    async def delta(self) -> None:
        """Save twenty cells, having seen their versions."""
        await self._save([a for a in self.versions if a.startswith("BA.") and a.endswith(".brut")][:DELTA])

    async def lose_nothing(self) -> None:
        """Read the filing back.

        Raises:
            RuntimeError: a cell is not as it was last saved.
        """
        with carrying(self.passport):
            cells = (await self.stub.GetFiling(forms.GetFilingRequest(filing_id=self.filing_id))).cells
        found = {cell.address: cell.value for cell in cells}
        if lost := [address for address, value in self.values.items() if found.get(address) != value]:
            raise RuntimeError(f"lost after save {self.saved}: {lost[:5]}")

    async def _save(self, addresses: list[str]) -> None:
        self.saved += 1
        edits = [
            forms.CellEdit(address=a, text=str(1000 + self.saved), base_version=self.versions[a]) for a in addresses
        ]
        with carrying(self.passport):
            asked = forms.SaveCellsRequest(request_id=str(uuid.uuid4()), filing_id=self.filing_id, edits=edits)
            for cell in (await self.stub.SaveCells(asked)).cells:
                if cell.version:
                    self.versions[cell.address] = cell.version
        self.values |= {edit.address: edit.text for edit in edits}


async def rate(work: Callable[[int], Awaitable[None]], callers: int, seconds: float) -> tuple[float, list[float]]:
    """Return calls per second of so many callers in a closed loop, and every latency in milliseconds."""
    latencies: list[float] = []
    began = time.perf_counter()

    async def call(place: int) -> None:
        while time.perf_counter() - began < seconds:
            start = time.perf_counter()
            await work(place)
            latencies.append((time.perf_counter() - start) * 1000)

    await asyncio.gather(*(call(place) for place in range(callers)))
    return len(latencies) / (time.perf_counter() - began), latencies


async def peer_rate(folder: Path, size: int, callers: int, seconds: float) -> float:
    """Return inserts of so many bytes per second, a commit each, on the same PostgreSQL."""
    url = f"postgresql://postgres:@/postgres?host={folder / 'postgres'}"
    connections = [await psycopg.AsyncConnection.connect(url) for _ in range(callers)]
    await connections[0].execute("CREATE TABLE IF NOT EXISTS bench_peer (at bigserial primary key, content bytea)")
    await connections[0].commit()
    content = bytes(size)

    async def insert(place: int) -> None:
        await connections[place].execute("INSERT INTO bench_peer (content) VALUES (%s)", (content,))
        await connections[place].commit()

    found, _ = await rate(insert, callers, seconds)
    await connections[0].execute("DROP TABLE bench_peer")
    await connections[0].commit()
    for connection in connections:
        await connection.close()
    return found


async def measure(callers: int, seconds: float, rounds: int) -> dict[str, object]:
    """Return the figures of so many rounds, peer and candidate alternating."""
    with tempfile.TemporaryDirectory(prefix="s1-", ignore_cleanup_errors=True) as root:
        servers = federation(Path(root), 8700)
        make_trust(servers)
        (servers.root / "files").mkdir()
        load_or_make(servers.accounts_file, all_bodies(servers))
        bodies = [add_body(servers) for _ in range(callers)]
        server = servers["MIN"]
        node = Node(servers, server, Console(quiet=True))
        await node.start()
        try:
            await provision(servers, server, all_bodies(servers), load_or_make(servers.accounts_file, ()))
            authority = DevelopmentAuthority(server.folder / "tls", server.name, SystemClock())
            certificate, key = authority.issue("gateway", server.folder / "tls" / "processes")
            identity = load_identity(certificate, key, servers.trust)
            async with Peers("gateway", "", dict.fromkeys(("auth", "forms"), server.grpc_address), identity) as peers:
                passports = await passports_of(servers, peers, [f"comptable.{body.siren}" for body, _, _ in bodies])
                stub: forms_pb2_grpc.FormsServiceAsyncStub = forms_pb2_grpc.FormsServiceStub(peers.channel("forms"))
                people = [
                    Accountant(stub, passport, body.siren, file)
                    for passport, (body, file, _) in zip(passports, bodies, strict=True)
                ]
                return await _rounds(people, server.folder, seconds, rounds)
        finally:
            await node.stop()


async def _rounds(people: list[Accountant], folder: Path, seconds: float, rounds: int) -> dict[str, object]:
    await asyncio.gather(*(person.import_file() for person in people))
    imports, drafts, deltas, peers_large, peers_small, delays = [], [], [], [], [], []
    for _ in range(rounds):
        peers_large.append(await peer_rate(folder, DRAFT_BYTES, len(people), seconds / 2))
        drafts.append((await rate(lambda place: people[place].draft(), len(people), seconds))[0])
        peers_small.append(await peer_rate(folder, 400, len(people), seconds / 2))
        found, latencies = await rate(lambda place: people[place].delta(), len(people), seconds)
        deltas.append(found)
        delays += latencies
        await asyncio.gather(*(person.lose_nothing() for person in people))
        imports.append((await rate(lambda place: people[place].import_file(), len(people), seconds))[0])
    median = statistics.median
    quantiles = statistics.quantiles(delays, n=100)
    return {
        "metric": "S1 S2",
        "callers": len(people),
        "rounds": rounds,
        "draft_cells": sum(address[:2] in AMOUNTS for address in people[0].versions),
        "s1_drafts_per_s": round(median(drafts), 1),
        "s1_of_peer": round(median(drafts) / median(peers_large), 4),
        "s2_deltas_per_s": round(median(deltas), 1),
        "s2_of_peer": round(median(deltas) / median(peers_small), 4),
        "s2_p50_ms": round(median(delays), 1),
        "s2_p99_ms": round(quantiles[98], 1),
        "imports_per_s": round(median(imports), 1),
        "peer_100kB_per_s": round(median(peers_large)),
        "peer_400B_per_s": round(median(peers_small)),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(measure(arguments.callers, arguments.seconds, arguments.rounds))))


if __name__ == "__main__":
    main()
