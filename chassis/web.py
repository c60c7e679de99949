"""Runs a web server inside a service's own life: started before the service is open, stopped with it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn

from chassis.errors import Unavailable

_STEP_SECONDS = 0.02


class _Server(uvicorn.Server):
    """A server that leaves signals to the process that hosts it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(config: uvicorn.Config, name: str) -> AsyncIterator[None]:
    """Serve until the context is left; requests under way are finished.

    Args:
        config: the application, its address and its limits.
        name: what an operator knows it by, for the message when its address is taken.

    Raises:
        Unavailable: the address cannot be listened on.
    """
    server = _Server(config)
    running = asyncio.create_task(_run(server))
    try:
        while not server.started:
            if running.done():
                raise Unavailable(f"The {name} cannot listen on {config.host}:{config.port}.")
            await asyncio.sleep(_STEP_SECONDS)
        yield
    finally:
        server.should_exit = True
        await running


async def _run(server: _Server) -> None:
    # uvicorn leaves the process when it cannot bind; here only the service fails.
    with suppress(SystemExit):
        await server.serve()
