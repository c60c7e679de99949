"""Records that a partner took a delivery into account."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.transmission.domain.dispatch import Dispatch
from services.transmission.domain.errors import UnknownDelivery
from services.transmission.domain.events import FilingAcknowledged
from services.transmission.usecases.ports import UnitsOfWork
from services.transmission.usecases.read_feed import partner_of


class AcknowledgeDelivery:
    """A repeat keeps the first instant."""

    def __init__(self, units: UnitsOfWork, clock: Clock) -> None:
        self._units, self._clock = units, clock

    async def __call__(self, caller: Caller, dispatch_id: UUID) -> Dispatch:
        """Acknowledge, and return the entry as it is now.

        Raises:
            UnknownDelivery: never sent to this partner, whatever exists for others.
            DispatchNotDelivered: it was not read yet.
        """
        partner, now = partner_of(caller), self._clock.now()
        async with self._units() as unit:
            found = await unit.dispatches.find(partner, dispatch_id)
            if found is None or found.sequence is None:
                raise UnknownDelivery
            acknowledged = found.acknowledge(now)
            if acknowledged is not found:
                identity = found.filing.identity
                await unit.dispatches.save(acknowledged)
                await unit.journal.append(
                    FilingAcknowledged(
                        identity.body,
                        identity.filing_id,
                        found.filing.version,
                        partner,
                        str(dispatch_id),
                        caller.subject,
                        now,
                    )
                )
            await unit.commit()
        return acknowledged
