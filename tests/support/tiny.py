"""A tiny real service behind real contracts: three methods of forms and one of sync, answered by functions of the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from harmonia.forms.v1 import forms_pb2 as forms
from harmonia.forms.v1 import forms_pb2_grpc as forms_grpc
from harmonia.sync.v1 import sync_pb2 as sync
from harmonia.sync.v1 import sync_pb2_grpc as sync_grpc

from chassis.clock import SystemClock
from chassis.host import Hosted, Listening, host
from chassis.identity import Caller
from chassis.peers import Peers
from chassis.rpc.idempotency import Applied, RequestKey
from chassis.rpc.identity import caller
from chassis.service import Opened
from chassis.tls import DevelopmentAuthority, Identity, load_authorities, load_identity
from tests.support.hosting import FakePassports, a_stack

Answer = Callable[[], Awaitable[None]]


async def nothing() -> None:
    """Answer at once."""


class InMemoryAppliedRequests:
    """Applied requests in a dictionary; every request is taken for applied once its response is kept."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, str], Applied] = {}

    async def find(self, key: RequestKey) -> Applied | None:
        return self.rows.get((key.subject, key.method, key.request_id))

    async def keep_response(self, key: RequestKey, response: bytes) -> None:
        self.rows[key.subject, key.method, key.request_id] = Applied(key.digest, response)


@dataclass
class Tiny:
    """The service: what its methods do is `answer`; who called is `callers`; how often it wrote is `saves`."""

    name: str = "forms"
    answer: Answer = nothing
    applied: Any = field(default_factory=InMemoryAppliedRequests)
    callers: list[Caller] = field(default_factory=list)
    saves: int = 0
    ready: bool = True

    async def called(self) -> None:
        """Note the caller, then do what the test asked for."""
        self.callers.append(caller())
        await self.answer()

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Say what to serve."""

        def register(server: grpc.aio.Server) -> None:
            forms_grpc.add_FormsServiceServicer_to_server(_Forms(self), server)
            sync_grpc.add_SyncServiceServicer_to_server(_Sync(self), server)

        async def is_ready() -> bool:
            return self.ready

        names = ("harmonia.forms.v1.FormsService", "harmonia.sync.v1.SyncService")
        yield Opened(register, names, is_ready, applied_requests=self.applied)


class _Forms(forms_grpc.FormsServiceServicer):
    def __init__(self, tiny: Tiny) -> None:
        self._tiny = tiny

    async def GetFiling(self, request: forms.GetFilingRequest, context: Any) -> forms.GetFilingResponse:  # noqa: N802
        await self._tiny.called()
        return forms.GetFilingResponse()

    async def SaveCells(self, request: forms.SaveCellsRequest, context: Any) -> forms.SaveCellsResponse:  # noqa: N802
        self._tiny.saves += 1
        await self._tiny.called()
        return forms.SaveCellsResponse(filing=forms.Filing(revision=self._tiny.saves))

    async def GetFrozenFiling(  # noqa: N802
        self, request: forms.GetFrozenFilingRequest, context: Any
    ) -> forms.GetFrozenFilingResponse:
        await self._tiny.called()
        return forms.GetFrozenFilingResponse()


class _Sync(sync_grpc.SyncServiceServicer):
    def __init__(self, tiny: Tiny) -> None:
        self._tiny = tiny

    async def PullBatch(self, request: sync.PullBatchRequest, context: Any) -> sync.PullBatchResponse:  # noqa: N802
        await self._tiny.called()
        return sync.PullBatchResponse()


class Federation:
    """Development authorities of several stacks that trust one another, in a folder."""

    def __init__(self, folder: Path, *stacks: str) -> None:
        self.folder, self.trust = folder, folder / "trust"
        self.trust.mkdir()
        self.authorities = {name: DevelopmentAuthority(folder / name, name, SystemClock()) for name in stacks}
        for name, authority in self.authorities.items():
            (self.trust / f"{name}.pem").write_bytes(authority.certificate_path.read_bytes())

    def identity(self, stack: str, service: str) -> Identity:
        """Return the key and certificate of a service of a stack."""
        certificate, key = self.authorities[stack].issue(service, self.folder / stack / "processes")
        return load_identity(certificate, key, self.trust)

    def impostor(self, stack: str, claimed: str, service: str) -> Identity:
        """Return a certificate that one stack's authority issued in the name of another stack."""
        authority = self.authorities[stack]
        authority._stack = claimed
        certificate, key = authority.issue(service, self.folder / stack / "forged")
        authority._stack = stack
        return Identity(key.read_bytes(), certificate.read_bytes(), load_authorities(self.trust))


@asynccontextmanager
async def over_tcp(
    tiny: Tiny, identity: Identity, passports: FakePassports, folder: Path
) -> AsyncIterator[tuple[str, Hosted]]:
    """Host the service of the ministry over mutual TLS and give its address."""
    socket = f"unix:{folder}/tiny.sock"
    async with (
        Peers("forms", socket) as peers,
        host(a_stack("MIN"), [tiny], peers, passports, Listening(socket, "127.0.0.1:0"), identity) as hosted,
    ):
        yield f"127.0.0.1:{hosted.port}", hosted
