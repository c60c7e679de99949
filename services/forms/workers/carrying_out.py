"""Carries out what was asked for and is too long for one call, for ever; several replicas share it."""

import asyncio
from collections.abc import Awaitable, Callable

from chassis.logging import log

IDLE_SECONDS = 1.0


async def carry_out_for_ever(take_one: Callable[[], Awaitable[bool]], idle: float = IDLE_SECONDS) -> None:
    """Take up one after the other until none is due, then look again; a failure is logged and does not end it."""
    while True:
        try:
            did_one = await take_one()
        except Exception:
            log("forms").exception("a publication was interrupted")
            did_one = False
        if not did_one:
            await asyncio.sleep(idle)
