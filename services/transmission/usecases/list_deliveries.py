"""Shows a body who received what of one of its filings (F21)."""

from chassis.identity import Caller
from services.transmission.domain.dispatch import Dispatch
from services.transmission.usecases.ports import UnitsOfWork

READ = "delivery.read"


class ListDeliveries:
    """Reads only."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def __call__(self, caller: Caller, filing_id: str, body: str) -> tuple[Dispatch, ...]:
        """Return the deliveries of the filing, newest first; none for a filing of another body.

        Raises:
            NotFound: the caller has no right on this body.
        """
        caller.require(READ, body)
        async with self._units() as unit:
            found = await unit.dispatches.of_filing(filing_id)
        return tuple(dispatch for dispatch in reversed(found) if dispatch.filing.identity.body == body)
