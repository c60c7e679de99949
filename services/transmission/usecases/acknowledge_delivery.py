"""Records that a partner took a delivery, or a notice about one, into account."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.transmission.domain.errors import UnknownDelivery
from services.transmission.domain.events import FilingAcknowledged
from services.transmission.domain.feed import Entry
from services.transmission.domain.notice import Notice
from services.transmission.usecases.ports import UnitOfWork, UnitsOfWork
from services.transmission.usecases.read_feed import partner_of


class AcknowledgeDelivery:
    """A repeat keeps the first instant."""

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units, self._clock = units, clock

    async def __call__(self, caller: Caller, entry_id: UUID) -> Entry:
        """Acknowledge, and return the entry as it is now.

        Raises:
            UnknownDelivery: never sent to this partner, whatever exists for others.
            DispatchNotDelivered: a version that was not read yet.
        """
        partner, now = partner_of(caller), self._clock.now()
        async with self._units() as unit:
            found = await _entry(unit, partner, entry_id)
            acknowledged = found.acknowledge(now)
            if acknowledged is not found:
                dispatch = acknowledged.dispatch if isinstance(acknowledged, Notice) else acknowledged
                if isinstance(acknowledged, Notice):
                    await unit.notices.save(acknowledged)
                else:
                    await unit.dispatches.save(acknowledged)
                identity = dispatch.filing.identity
                await unit.journal.append(
                    FilingAcknowledged(
                        identity.body,
                        identity.filing_id,
                        dispatch.filing.version,
                        partner,
                        str(dispatch.id),
                        caller.subject,
                        now,
                        notice_id=str(entry_id) if isinstance(acknowledged, Notice) else "",
                    )
                )
            await unit.commit()
        return acknowledged


async def _entry(unit: UnitOfWork, partner: str, entry_id: UUID) -> Entry:
    found: Entry | None = await unit.dispatches.find(partner, entry_id) or await unit.notices.find(partner, entry_id)
    if found is None or found.sequence is None:
        raise UnknownDelivery
    return found
