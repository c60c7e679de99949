"""Finishes interrupted signatures, for ever."""

import asyncio
from collections.abc import Awaitable, Callable

from chassis.logging import log


async def finish_for_ever(finish: Callable[[], Awaitable[int]], seconds: float) -> None:
    """Call ``finish`` every so many seconds; a failure is logged and does not end it."""
    while True:
        try:
            finished = await finish()
            if finished:
                log("signature").warning("finished interrupted signatures", count=finished)
        except Exception:
            log("signature").exception("could not finish interrupted signatures")
        await asyncio.sleep(seconds)
