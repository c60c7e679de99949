"""Hands the signed container to the partner it was sent to, and records the first time."""

import hashlib
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.transmission.domain.dispatch import Dispatch
from services.transmission.domain.errors import ContainerMismatch, UnknownDelivery
from services.transmission.domain.events import FilingDelivered
from services.transmission.usecases.ports import Containers, UnitsOfWork
from services.transmission.usecases.read_feed import partner_of


class FetchDelivery:
    """May be repeated for as long as the container is kept; only the first time is the delivery."""

    def __init__(self, units: UnitsOfWork, containers: Containers, clock: Clock) -> None:
        self._units, self._containers, self._clock = units, containers, clock

    async def __call__(
        self, caller: Caller, dispatch_id: UUID, *, accepts_suspended: bool = False
    ) -> tuple[bytes, Dispatch]:
        """Return the container's bytes and the entry as it is now.

        The bytes are had before the delivery is recorded: a failure in between leaves it undelivered, and a suspension
        that comes in between is obeyed.

        Args:
            caller: bearer of a partner's credentials.
            dispatch_id: the entry; a notice has no container.
            accepts_suspended: the caller wants a suspended version all the same.

        Raises:
            UnknownDelivery: never sent to this partner, whatever exists for others.
            DispatchSuspended: suspended before it was read, and not asked for as such.
            DispatchWithdrawn: withdrawn before it was read.
            ContainerMismatch: the bytes are not those that were dispatched.
            Unavailable: the signature service does not answer.
        """
        partner = partner_of(caller)
        async with self._units() as unit:
            found = await unit.dispatches.find(partner, dispatch_id)
        if found is None or found.sequence is None:
            raise UnknownDelivery
        found.require_readable(accepts_suspended=accepts_suspended)
        container = await self._containers.fetch(found.filing.identity.filing_id, found.filing.version)
        if hashlib.sha256(container).hexdigest() != found.filing.container_digest:
            raise ContainerMismatch(metadata={"delivery_id": str(dispatch_id)})
        return container, await self._record(caller, dispatch_id, accepts_suspended=accepts_suspended)

    async def _record(self, caller: Caller, dispatch_id: UUID, *, accepts_suspended: bool) -> Dispatch:
        partner = partner_of(caller)
        now = self._clock.now()
        async with self._units() as unit:
            found = await unit.dispatches.find(partner, dispatch_id)
            if found is None:
                raise UnknownDelivery
            found.require_readable(accepts_suspended=accepts_suspended)
            delivered = found.deliver(now)
            if delivered is not found:
                filing = found.filing
                await unit.dispatches.save(delivered)
                await unit.journal.append(
                    FilingDelivered(
                        filing.identity.body,
                        filing.identity.filing_id,
                        filing.version,
                        partner,
                        str(dispatch_id),
                        filing.container_digest,
                        caller.subject,
                        now,
                        str(found.standing),
                    )
                )
            await unit.commit()
        return delivered
