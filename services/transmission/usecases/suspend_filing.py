"""Tells the recipients of a signed version that the body reopened it: not to rely on it until the next one comes (F34)."""

from datetime import datetime

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from services.transmission.domain.routing import suspend
from services.transmission.usecases.giving_notice import keep
from services.transmission.usecases.ports import UnitsOfWork


class SuspendFiling:
    """Harmless to repeat, and harmless to hear of late: the versions that were sent meanwhile say what is left to tell."""

    def __init__(self, units: UnitsOfWork, clock: Clock, identifiers: Identifiers) -> None:
        self._units, self._clock, self._identifiers = units, clock, identifiers

    async def __call__(self, event_id: str, filing_id: str, version: int, reopened_at: datetime) -> int:
        """Put a notice into the feed of each recipient for which the version is current, and return how many were told.

        A version whose signature was not reported yet is remembered: its recipients are told when it is routed.
        """
        async with self._units() as unit:
            await unit.dispatches.lock_filing(filing_id)
            if not await unit.dispatches.remember_event("SuspendFiling", event_id):
                return 0
            await unit.versions.mark_reopened(filing_id, version, reopened_at)
            existing, versions = await unit.dispatches.of_filing(filing_id), await unit.versions.of_filing(filing_id)
            routing = suspend(existing, versions, self._clock.now(), self._identifiers.next)
            await keep(unit, routing)
            await unit.feeds.append(routing.added, routing.notices)
            await unit.commit()
        return len(routing.notices)
