"""Gives a partner the next page of its own feed."""

from chassis.identity import Caller
from services.transmission.domain.errors import UnknownPartner
from services.transmission.domain.feed import FeedPage, cut_page, page_size
from services.transmission.usecases.ports import UnitsOfWork


def partner_of(caller: Caller) -> str:
    """Return the code of the partner whose credentials these are; the only key to a feed.

    Raises:
        UnknownPartner: these are nobody's partner credentials; the caller sees "nothing there".
    """
    if not caller.partner:
        raise UnknownPartner
    return caller.partner


class ReadFeed:
    """Reading marks nothing: the same cursor gives the same entries again, back to the first ever sent."""

    def __init__(self, units: UnitsOfWork) -> None:
        self._units = units

    async def __call__(self, caller: Caller, after: int, limit: int, document: str | None = None) -> FeedPage:
        """Return the entries after a cursor.

        Args:
            caller: bearer of a partner's credentials.
            after: sequence of the last entry already seen; 0 from the start.
            limit: entries wanted; 0 for 100, never more than 500.
            document: only this document; both when None. A narrowed page has holes, the feed has none.

        Raises:
            UnknownPartner: not a partner's credentials.
            CursorUnknown: the cursor was never given by this feed.
        """
        partner, size = partner_of(caller), page_size(limit)
        async with self._units() as unit:
            entries, last = await unit.feeds.read(partner, max(after, 0), size + 1, document)
        return cut_page(after, size, entries, last)
