"""Ends the tasks that a service or a host runs for ever."""

import asyncio
from collections.abc import Collection
from typing import Any

SECONDS_BEFORE_ASKING_AGAIN = 1.0


async def end(tasks: Collection[asyncio.Future[Any]], patience: float = SECONDS_BEFORE_ASKING_AGAIN) -> None:
    """Cancel tasks and wait until they have ended, however they do.

    They are cancelled again until they have: a cancellation that comes while a connection is being given back may be lost
    in the failure of that, which whoever goes on for ever takes for a failure like any other.

    Args:
        tasks: what to end.
        patience: seconds before those that still run are cancelled again.
    """
    running = set(tasks)
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=patience)
