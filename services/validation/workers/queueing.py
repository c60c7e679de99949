"""Works the queue off and watches it, for ever; several replicas share it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chassis.logging import log

IDLE_SECONDS = 2.0
LOOKING_SECONDS = 5.0


class Queueing:
    """Takes runs up until none is due, then waits for a hint or two seconds."""

    def __init__(self, take_run: Callable[[], Awaitable[bool]]) -> None:
        self._take_run = take_run
        self._hint = asyncio.Event()
        self._log = log("queue")

    def hint(self) -> None:
        """Say that there may be something to do; losing a hint costs two seconds."""
        self._hint.set()

    async def run(self) -> None:
        """Work for ever; a run that fails waits in the queue, and never ends the worker."""
        while True:
            self._hint.clear()
            try:
                did_one = await self._take_run()
            except Exception:
                self._log.exception("run failed")
                did_one = False
            if not did_one:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._hint.wait()


class Watching:
    """Looks at the queue every five seconds, beside the work."""

    def __init__(self, look: Callable[[], Awaitable[None]]) -> None:
        self._look = look
        self._log = log("queue")

    async def run(self) -> None:
        """Watch for ever; what cannot be seen now is looked at again."""
        while True:
            try:
                await self._look()
            except Exception:
                self._log.exception("the queue cannot be seen")
            await asyncio.sleep(LOOKING_SECONDS)
