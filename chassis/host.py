"""Runs any set of services in one process: one server, their interceptors, health, graceful stop."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

import grpc
from grpc_reflection.v1alpha import reflection

from chassis.ending import end
from chassis.health import Health
from chassis.peers import CHANNEL_OPTIONS, Peers
from chassis.rpc.access import access_of_service
from chassis.rpc.deadline import DeadlineInterceptor
from chassis.rpc.failures import FailureInterceptor
from chassis.rpc.idempotency import AppliedRequests, IdempotencyInterceptor
from chassis.rpc.identity import IdentityInterceptor, Passports
from chassis.rpc.permission import PermissionInterceptor
from chassis.rpc.texts import TextInterceptor
from chassis.rpc.tracing import TracingInterceptor
from chassis.rpc.wrapping import Interceptors
from chassis.service import Opened, Service
from chassis.stack import Stack
from chassis.tls import Identity

GRACE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a host listens."""

    socket: str
    """`unix:/…` address for the services of this process."""
    address: str = ""
    """`host:port` for other processes and servers, mutual TLS only; empty for none."""
    health_address: str = ""
    """`host:port` that answers only the health protocol, in clear, for probes that hold no certificate; empty for none."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A running host."""

    health: Health
    opened: Mapping[str, Opened]
    port: int
    """TCP port listened on; 0 for none."""


@asynccontextmanager
async def host(
    stack: Stack,
    services: Sequence[Service],
    peers: Peers,
    passports: Passports,
    listening: Listening,
    identity: Identity | None = None,
) -> AsyncIterator[Hosted]:
    """Open the services, serve them, and on leaving stop taking calls, finish those under way, close the services.

    Services are opened before the server starts, so one may not call another while opening; what calls at start
    (workers) runs as a task and retries.

    Raises:
        MethodWithoutAccess: a method of a service says not who may call it.
        ValueError: two services of the same name.
    """
    if len({service.name for service in services}) != len(services):
        raise ValueError("two services of the same name")
    async with AsyncExitStack() as exits:
        opened = {}
        for service in services:
            neighbours = await exits.enter_async_context(peers.for_service(service.name))
            opened[service.name] = await exits.enter_async_context(service.open(neighbours))
        grpc_names = [name for o in opened.values() for name in o.grpc_services]
        table = {method: access for name in grpc_names for method, access in access_of_service(name).items()}
        server = grpc.aio.server(
            interceptors=[
                Interceptors(
                    [
                        TracingInterceptor(),
                        FailureInterceptor(),
                        DeadlineInterceptor(),
                        IdentityInterceptor(stack.name, passports, identity),
                        PermissionInterceptor(table),
                        TextInterceptor(),
                        IdempotencyInterceptor(_applied_requests(opened)),
                    ]
                )
            ],
            options=CHANNEL_OPTIONS,
        )
        for one in opened.values():
            one.register(cast("grpc.aio.Server", _ByName(server)))
        health = Health(opened)
        health.register(server)
        reflection.enable_server_reflection([*grpc_names, reflection.SERVICE_NAME], server)
        server.add_insecure_port(listening.socket)
        port = 0
        if listening.address:
            assert identity is not None, "a TCP listener needs a certificate"
            port = server.add_secure_port(listening.address, identity.server_credentials())
        await server.start()
        if listening.health_address:
            await exits.enter_async_context(_probe_server(health, listening.health_address))
        checking = asyncio.create_task(health.run())
        try:
            yield Hosted(health, opened, port)
        finally:
            for one in opened.values():
                one.stop_waiting()
            await end([checking])
            await health.leave()
            await server.stop(GRACE_SECONDS)


class _ByName:
    """A server that finds the method of a call by its name.

    Generated code also registers each method by itself; grpc.aio then begins to wait for every one of them anew at each
    call, which costs a node of 130 methods a tenth of its time.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self.add_generic_rpc_handlers = server.add_generic_rpc_handlers

    def add_registered_method_handlers(self, *_: object) -> None:
        """Do nothing: the generic handlers know the methods too."""


@asynccontextmanager
async def _probe_server(health: Health, address: str) -> AsyncIterator[None]:
    server = grpc.aio.server()
    health.register(server)
    server.add_insecure_port(address)
    await server.start()
    try:
        yield
    finally:
        await server.stop(None)


def _applied_requests(opened: Mapping[str, Opened]) -> dict[str, AppliedRequests]:
    return {
        name: one.applied_requests
        for one in opened.values()
        if one.applied_requests is not None
        for name in one.grpc_services
    }
