"""Starts what a node needs, hosts its services, and stops everything in order."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from chassis.clock import SystemClock
from chassis.host import Hosted, Listening, host
from chassis.peers import Peers
from chassis.rpc.passports import AuthServicePassports
from chassis.stack import Stack
from chassis.tls import DevelopmentAuthority, Identity, load_identity
from node import roster
from node.embedded import embedded_postgres, embedded_valkey, socket_folder
from node.settings import NodeSettings


class UnsafeInProduction(RuntimeError):
    """A development default would be used in production."""


def migrate(admin_url: str, names: Sequence[str], password: str = "") -> dict[str, str]:
    """Make the schemas and roles of the services, run their migrations, and return service → URL of its role."""
    # 11 MB, which a node whose database is migrated elsewhere need not hold.
    from chassis.database.migrations import prepare_schema, upgrade

    urls = {name: prepare_schema(admin_url, name, password) for name in names}
    for name, url in urls.items():
        upgrade(url, name)
    return urls


def load_or_make_identity(settings: NodeSettings, process: str) -> Identity | None:
    """Return the certificate of this process: the configured one, or one from a development authority.

    Raises:
        UnsafeInProduction: nothing is configured and the node is in production mode.
    """
    tls = settings.tls
    if tls.certificate and tls.key and tls.trust:
        return load_identity(tls.certificate, tls.key, tls.trust)
    if settings.production:
        raise UnsafeInProduction("HARMONIA_TLS__CERTIFICATE, __KEY and __TRUST must be set in production.")
    folder = settings.data_folder.resolve() / "tls"
    authority = DevelopmentAuthority(folder, settings.stack, SystemClock())
    certificate, key = authority.issue(process, folder / "processes")
    trust = tls.trust or folder
    return load_identity(certificate, key, trust)


@asynccontextmanager
async def running(settings: NodeSettings, names: Sequence[str]) -> AsyncIterator[Hosted]:
    """Run the named services of a stack until the context is left."""
    settings.data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as exits:
        urls = await _databases(settings, names, exits)
        redis_url = settings.redis_url.get_secret_value()
        if not redis_url:
            redis_url = await exits.enter_async_context(embedded_valkey(settings.data_folder))
        stack = Stack(settings.stack, settings.data_folder.resolve(), redis_url, settings.production)
        process = names[0] if len(names) == 1 else "node"
        identity = load_or_make_identity(settings, process) if settings.grpc_address or settings.services else None
        socket = f"unix:{socket_folder(settings.data_folder) / _socket_name(names)}"
        peers = await exits.enter_async_context(Peers(process, socket, settings.services, identity))
        passports = AuthServicePassports(stack.name, peers, stack.clock)
        services = [roster.make(name, stack, urls.get(name, "")) for name in names]
        listening = Listening(socket, settings.grpc_address, settings.health_address)
        yield await exits.enter_async_context(host(stack, services, peers, passports, listening, identity))


def _socket_name(names: Sequence[str]) -> str:
    return f"{names[0]}.sock" if len(names) == 1 else "node.sock"


async def _databases(settings: NodeSettings, names: Sequence[str], exits: AsyncExitStack) -> dict[str, str]:
    stored = [name for name in names if name in roster.STORED]
    missing = [name for name in stored if not os.environ.get(f"{name.upper()}_DATABASE__URL")]
    if not missing:
        return {}
    admin_url = settings.database_admin_url.get_secret_value()
    if not admin_url:
        admin_url = await exits.enter_async_context(embedded_postgres(settings.data_folder))
    if not settings.migrate_on_start:
        return {}
    return await asyncio.to_thread(migrate, admin_url, missing, settings.database_password.get_secret_value())
