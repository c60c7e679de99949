"""The contract a service fulfils so that a host can run it, alone or with others."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

import grpc

from chassis.peers import Peers
from chassis.rpc.idempotency import AppliedRequests


async def always_ready() -> bool:
    """Answer for a service that needs nothing but itself."""
    return True


@dataclass(frozen=True, slots=True)
class Opened:
    """A service that is open: how to register what it serves, and whether it can serve now."""

    register: Callable[[grpc.aio.Server], None]
    """Adds the servicers to the server; called once, before the server starts."""
    grpc_services: tuple[str, ...] = ()
    """Full names of the gRPC services it registers, for example `harmonia.forms.v1.FormsService`."""
    is_ready: Callable[[], Awaitable[bool]] = always_ready
    """Tells whether what the service needs (database, migrations) is there; asked every few seconds."""
    stop_waiting: Callable[[], None] = lambda: None
    """Called when the host begins to stop: calls that wait for news (long polls) should answer now."""
    applied_requests: AppliedRequests | None = None
    """Where requests with an id are remembered; None for a service that stores nothing."""


class Service(Protocol):
    """One service: a name, and a context in which it lives."""

    name: str
    """The room under `services/`, also its database schema and its health name."""

    def open(self, peers: Peers) -> AbstractAsyncContextManager[Opened]:
        """Start what the service needs and what it does unasked; leaving the context stops all of it."""
        ...
