"""Shows a body who received what of one of its filings, and who was told what of it since (F21)."""

from dataclasses import dataclass

from chassis.identity import Caller
from services.transmission.domain.dispatch import Dispatch
from services.transmission.domain.notice import Notice
from services.transmission.usecases.ports import UnitsOfWork

READ = "delivery.read"


@dataclass(frozen=True, slots=True)
class FollowedDispatch:
    """A dispatch as the body follows it."""

    dispatch: Dispatch
    notice: Notice | None
    """The last notice about it."""


class ListDeliveries:
    """Reads only."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def __call__(self, caller: Caller, filing_id: str, body: str) -> tuple[FollowedDispatch, ...]:
        """Return the deliveries of the filing, newest first; none for a filing of another body.

        Raises:
            NotFound: the caller has no right on this body.
        """
        caller.require(READ, body)
        async with self._units() as unit:
            found = await unit.dispatches.of_filing(filing_id)
            notices = {notice.dispatch.id: notice for notice in await unit.notices.of_filing(filing_id)}
        return tuple(
            FollowedDispatch(dispatch, notices.get(dispatch.id))
            for dispatch in reversed(found)
            if dispatch.filing.identity.body == body
        )
