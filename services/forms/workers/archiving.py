"""Archives the closed filings whose campaign is long over, hour after hour."""

import asyncio
from collections.abc import Awaitable, Callable

from chassis.logging import log

BETWEEN_SECONDS = 3600.0
RETRY_SECONDS = 60.0


async def archive_for_ever(archive: Callable[[], Awaitable[int]], between: float = BETWEEN_SECONDS) -> None:
    """Archive what is due, then wait; a failure is logged, tried again, and does not end it."""
    while True:
        seconds = between
        try:
            if archived := await archive():
                log("forms").info("archived closed filings", count=archived)
        except Exception as failure:
            log("forms").warning("could not archive closed filings", failure=type(failure).__name__)
            seconds = min(between, RETRY_SECONDS)
        await asyncio.sleep(seconds)
