"""Runs the provider's web server inside the service's own life."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from chassis.errors import Unavailable

_STEP_SECONDS = 0.02


class _Server(uvicorn.Server):
    """A server that leaves signals to the process that hosts it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, host: str, port: int) -> AsyncIterator[None]:
    """Serve the application on an address until the context is left; requests under way are finished.

    Raises:
        Unavailable: the address cannot be listened on.
    """
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        proxy_headers=False,
        timeout_graceful_shutdown=5,
        limit_concurrency=200,
    )
    server = _Server(config)
    running = asyncio.create_task(_run(server))
    try:
        while not server.started:
            if running.done():
                raise Unavailable(f"The identity provider cannot listen on {host}:{port}.")
            await asyncio.sleep(_STEP_SECONDS)
        yield
    finally:
        server.should_exit = True
        await running


async def _run(server: _Server) -> None:
    try:
        await server.serve()
    except SystemExit:
        # uvicorn leaves the process when it cannot bind; here only the service fails.
        return
