"""Composition root: settings in, running web server out; the only file that knows all the rooms."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import httpx2
import uvicorn
from redis.asyncio import Redis
from starlette.types import ASGIApp

from chassis.peers import Peers
from chassis.service import Opened
from chassis.stack import Stack
from chassis.web import serving
from services.gateway.clients.oidc import OidcProvider
from services.gateway.clients.ports import Shelf
from services.gateway.clients.services import GrpcPassports, acting_for
from services.gateway.clients.shelf import LocalShelf, RedisShelf
from services.gateway.settings import GatewaySettings
from services.gateway.web.app import gateway_app
from services.gateway.web.desk import Place, make_desk

NAME = "gateway"
HTTP_TIMEOUT_SECONDS = 5.0
GRACE_SECONDS = 5
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class UnsafeAddress(ValueError):
    """In production, browsers must reach the gateway and the identity provider over https."""


class GatewayService:
    """The gateway of one stack: it registers no gRPC service, its web server lives in its context."""

    name = NAME

    def __init__(self, stack: Stack, settings: GatewaySettings) -> None:
        addresses = (settings.effective_public_url, settings.oidc.issuer)
        if stack.is_production and not all(address.startswith("https://") for address in addresses):
            raise UnsafeAddress(f"https is needed: {', '.join(addresses)}")
        self._stack, self._settings = stack, settings

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Serve pages until the context is left; requests under way are finished.

        Raises:
            Unavailable: the address cannot be listened on.
        """
        settings, stack = self._settings, self._stack
        public_url, oidc = settings.effective_public_url, settings.oidc
        async with AsyncExitStack() as exits:
            shelf = await exits.enter_async_context(_shelf(stack))
            # A lone machine speaks to itself: no proxy of the environment may come between.
            is_local = urlsplit(oidc.issuer).hostname in _LOOPBACK
            http = await exits.enter_async_context(
                httpx2.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, trust_env=not is_local)
            )
            provider = OidcProvider(
                oidc.issuer,
                oidc.client_id,
                oidc.client_secret.get_secret_value(),
                f"{public_url}/auth/callback",
                http,
                stack.clock,
            )
            place = Place(stack.name, public_url, oidc.issuer, settings.largest_upload, settings.largest_attachment)
            desk = make_desk(
                place, acting_for(peers), GrpcPassports(peers), provider, shelf, stack.clock, stack.identifiers
            )
            await exits.enter_async_context(serving(_web_server(gateway_app(desk), settings), "gateway"))
            yield Opened(register=lambda _server: None, grpc_services=(), is_ready=shelf.answers)


def make_service(stack: Stack, database_url: str) -> GatewayService:
    """Return the gateway for a stack; it keeps no rows, whatever database is offered.

    Raises:
        UnsafeAddress: production without https.
    """
    return GatewayService(stack, GatewaySettings())


@asynccontextmanager
async def _shelf(stack: Stack) -> AsyncIterator[Shelf]:
    if not stack.redis_url:
        yield LocalShelf(stack.clock)
        return
    redis = Redis.from_url(stack.redis_url, socket_timeout=2.0, socket_connect_timeout=2.0)
    try:
        yield RedisShelf(redis)
    finally:
        await redis.aclose()


def _web_server(app: ASGIApp, settings: GatewaySettings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,
        ssl_certfile=settings.http_certificate,
        ssl_keyfile=settings.http_key,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=GRACE_SECONDS,
        limit_concurrency=500,
        h11_max_incomplete_event_size=32 * 1024,
    )
