"""Gets ready what must be there, then forgets what has expired, hour after hour."""

import asyncio
from collections.abc import Awaitable, Callable

from chassis.logging import log

RETRY_SECONDS = 2.0
BETWEEN_SECONDS = 3600.0


class Housekeeping:
    """Runs until cancelled; while the database is away it tries again."""

    def __init__(
        self,
        prepare: Callable[[], Awaitable[None]],
        forget: Callable[[], Awaitable[None]],
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._prepare = prepare
        self._forget = forget
        self._retry_seconds = retry_seconds
        self._log = log("auth.housekeeping")

    async def run(self) -> None:
        """Prepare once, then forget for ever."""
        await self._until_done(self._prepare)
        while True:
            await self._until_done(self._forget)
            await asyncio.sleep(BETWEEN_SECONDS)

    async def _until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception as failure:
                # Whatever it is, the service goes on and says itself not ready if the database is the cause.
                self._log.warning("not yet", step=step.__name__, failure=type(failure).__name__)
                await asyncio.sleep(self._retry_seconds)
            else:
                return
