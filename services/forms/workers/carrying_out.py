"""Carries out what was asked for and is too long for one call, for ever; several replicas share it."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from chassis.logging import log

IDLE_SECONDS = 1.0


class LoggedMishaps:
    """What goes wrong with a publication, in the log of the service and on no page: filings never transmitted are in it (T-26)."""

    def left_out(self, publication_id: UUID, filing_id: UUID, reason: str) -> None:
        """Log a filing that a publication did not change."""
        about = {"publication": str(publication_id), "filing": str(filing_id), "reason": reason}
        log("forms").warning("a publication left a filing out", **about)

    def interrupted(self, publication_id: UUID, error: Exception) -> None:
        """Log what a publication stopped at, with its traceback."""
        log("forms").error("a publication was interrupted", publication=str(publication_id), exc_info=error)


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
