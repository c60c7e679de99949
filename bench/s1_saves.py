"""S1 and S2: whole drafts saved (every typed cell of a filing), delta saves (20 cells), and imports, through the real stack.

Saves over mutual-TLS gRPC by several accountants at once, each on their own filing, controls, sync and outbox included, zero loss
checked; how long sync is behind when the last one is answered is said too. One server as one process with everything embedded, or with `--apart` a process a service, as on a cluster. Rates in a
closed loop; latencies in an open one at half of that rate, from when a save was due, so that a queue is seen.

The peers, in the same run on the same PostgreSQL, with the same bytes and a commit: inserting them bare, and sending them to a
Starlette server that inserts them (performance.md S1, S2). An import reads the file in a disposable process, shows the preview and
writes it: it has no peer and no goal here.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from harmonia.auth.v1 import auth_pb2, auth_pb2_grpc
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.forms.v1 import forms_pb2_grpc
from harmonia.types.v1 import types_pb2 as types

from chassis.peers import Peers
from chassis.rpc.identity import carrying
from cli.login import log_in
from demo.federation import YEAR
from tests.support.stacks import RunningStack, one_process, one_process_a_service

ROOT = Path(__file__).resolve().parent.parent
DELTA = 20
AMOUNTS = ("BA", "BP", "CC", "CP", "ED", "PR")
"""Forms whose typed cells are all amounts."""
DRAFT_BYTES = 100_000
DELTA_BYTES = 400
OPEN_LOOP_SECONDS = 20.0


async def passports_of(stack: RunningStack, peers: Peers, names: list[str]) -> list[str]:
    """Return a passport for each login name, by real logins."""
    auth: auth_pb2_grpc.AuthServiceAsyncStub = auth_pb2_grpc.AuthServiceStub(peers.channel("auth"))
    tokens = []
    for name in names:
        person = stack.accounts.person("MIN", name)
        given = await asyncio.to_thread(log_in, stack.server.identity_url, name, person.password)
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


async def open_loop(
    work: Callable[[int], Awaitable[None]], callers: int, per_second: float, seconds: float
) -> list[float]:
    """Return latencies in milliseconds from when each call was due; each caller makes its own calls one after the other."""
    latencies: list[float] = []
    began = time.perf_counter()

    async def call(place: int) -> None:
        for number in range(place, int(per_second * seconds), callers):
            due = began + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            await work(place)
            latencies.append((time.perf_counter() - due) * 1000)

    await asyncio.gather(*(call(place) for place in range(callers)))
    return latencies


class Inserting:
    """The peers: so many connections that insert, and so many clients of a Starlette server that inserts."""

    def __init__(self, database: str, socket: Path, callers: int) -> None:
        self._database, self._socket, self._callers = database, socket, callers
        self._connections: list[psycopg.AsyncConnection[tuple[object, ...]]] = []
        self._streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def __aenter__(self) -> Self:
        self._connections = [await psycopg.AsyncConnection.connect(self._database) for _ in range(self._callers)]
        await self._connections[0].execute("CREATE TABLE bench_peer (at bigserial primary key, content bytea)")
        await self._connections[0].commit()
        command = (sys.executable, "-m", "uvicorn", "bench.insert_server:app", "--uds", str(self._socket))
        given = {"PEER_DATABASE": self._database, "PEER_CONNECTIONS": str(self._callers)}
        self._server = await asyncio.create_subprocess_exec(
            *command, "--log-level", "warning", "--timeout-keep-alive", "3600", env={**os.environ, **given}, cwd=ROOT
        )
        async with asyncio.timeout(30):
            while not self._socket.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.05)
        self._streams = [await asyncio.open_unix_connection(str(self._socket)) for _ in range(self._callers)]
        return self

    async def __aexit__(self, *_: object) -> None:
        for _reader, writer in self._streams:
            writer.close()
        self._server.terminate()
        await self._server.wait()
        await self._connections[0].execute("DROP TABLE bench_peer")
        await self._connections[0].commit()
        for connection in self._connections:
            await connection.close()

    async def bare(self, size: int, seconds: float) -> float:
        """Return inserts of so many bytes per second, a commit each."""
        content = bytes(size)

        async def insert(place: int) -> None:
            await self._connections[place].execute("INSERT INTO bench_peer (content) VALUES (%s)", (content,))
            await self._connections[place].commit()

        return (await rate(insert, self._callers, seconds))[0]

    async def until_sync_has_all(self) -> float:
        """Return after how many seconds nothing that forms reports waits for sync any more."""
        began = time.perf_counter()
        while True:
            found = await self._connections[0].execute(
                "SELECT 1 FROM forms.outbox_events WHERE delivered_at IS NULL LIMIT 1"
            )
            is_behind = await found.fetchone() is not None
            await self._connections[0].commit()
            if not is_behind:
                return time.perf_counter() - began
            await asyncio.sleep(0.02)

    async def behind_starlette(self, size: int, seconds: float) -> float:
        """Return how many requests with so many bytes a second are answered, a commit each."""
        request = f"POST / HTTP/1.1\r\nHost: peer\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(size)

        async def post(place: int) -> None:
            reader, writer = self._streams[place]
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(head.decode())
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))

        return (await rate(post, self._callers, seconds))[0]


async def measure(callers: int, seconds: float, rounds: int, *, is_apart: bool) -> dict[str, object]:
    """Return the figures of so many rounds, peers and candidate alternating."""
    shape = one_process_a_service if is_apart else one_process
    with tempfile.TemporaryDirectory(prefix="s1-", ignore_cleanup_errors=True) as root:
        async with shape(Path(root), callers) as stack, stack.peers() as peers:
            bodies = stack.bodies[-callers:]
            passports = await passports_of(stack, peers, [f"comptable.{body.siren}" for body in bodies])
            stub: forms_pb2_grpc.FormsServiceAsyncStub = forms_pb2_grpc.FormsServiceStub(peers.channel("forms"))
            files = [stack.federation.root / "files" / f"oph-{body.siren}.csv" for body in bodies]
            people = [
                Accountant(stub, passport, body.siren, file)
                for passport, body, file in zip(passports, bodies, files, strict=True)
            ]
            async with Inserting(stack.database, Path(root) / "peer.sock", callers) as peer:
                return {"shape": "apart" if is_apart else "together", **await _rounds(people, peer, seconds, rounds)}


async def _each(people: list[Accountant], save: Callable[[Accountant], Awaitable[None]], place: int) -> None:
    await save(people[place])


async def _rounds(people: list[Accountant], peer: Inserting, seconds: float, rounds: int) -> dict[str, object]:
    await asyncio.gather(*(person.import_file() for person in people))
    found: dict[str, list[float]] = defaultdict(list)
    late: dict[str, list[float]] = {}
    saves = {"s1": (DRAFT_BYTES, Accountant.draft), "s2": (DELTA_BYTES, Accountant.delta)}
    for _ in range(rounds):
        for metric, (size, save) in saves.items():
            found[f"{metric}_bare"].append(await peer.bare(size, seconds / 2))
            found[f"{metric}_starlette"].append(await peer.behind_starlette(size, seconds / 2))
            found[metric].append((await rate(partial(_each, people, save), len(people), seconds))[0])
            found[f"{metric}_behind"].append(await peer.until_sync_has_all())
        await asyncio.gather(*(person.lose_nothing() for person in people))
        found["imports"].append((await rate(lambda place: people[place].import_file(), len(people), seconds))[0])
    for metric, (_, save) in saves.items():
        half = statistics.median(found[metric]) / 2
        late[metric] = await open_loop(partial(_each, people, save), len(people), half, OPEN_LOOP_SECONDS)
    await asyncio.gather(*(person.lose_nothing() for person in people))
    return {
        "callers": len(people),
        "rounds": rounds,
        "draft_cells": sum(address[:2] in AMOUNTS for address in people[0].versions),
        "imports_per_s": round(statistics.median(found["imports"]), 1),
        **{name: value for metric in saves for name, value in _figures(metric, found, late[metric]).items()},
    }


def _figures(metric: str, found: Mapping[str, list[float]], latencies: list[float]) -> dict[str, float]:
    ours, bare, starlette = (
        statistics.median(found[name]) for name in (metric, f"{metric}_bare", f"{metric}_starlette")
    )
    quantiles = statistics.quantiles(latencies, n=100)
    return {
        f"{metric}_per_s": round(ours, 1),
        f"{metric}_of_bare_insert": round(ours / bare, 4),
        f"{metric}_of_starlette": round(ours / starlette, 4),
        f"{metric}_bare_insert_per_s": round(bare),
        f"{metric}_starlette_per_s": round(starlette),
        f"{metric}_sync_behind_s": round(statistics.median(found[f"{metric}_behind"]), 2),
        f"{metric}_p50_ms_at_half": round(quantiles[49], 1),
        f"{metric}_p95_ms_at_half": round(quantiles[94], 1),
        f"{metric}_p99_ms_at_half": round(quantiles[98], 1),
    }


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--apart", action="store_true", help="a process a service, as on a cluster")
    asked = parser.parse_args()
    print(json.dumps(asyncio.run(measure(asked.callers, asked.seconds, asked.rounds, is_apart=asked.apart))))


if __name__ == "__main__":
    main()
