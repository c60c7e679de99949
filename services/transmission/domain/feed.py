"""A recipient's own feed: deliveries and notices in one dense sequence, readable again from any place, for as long as kept.

What to rely on is read off the feed alone, in whatever order its entries are taken in: of the entries of one filing, the
one of the highest version speaks, and of the same version a withdrawal before a suspension before the release.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.transmission.domain.dispatch import Dispatch
from services.transmission.domain.errors import CursorUnknown
from services.transmission.domain.notice import Notice

Entry = Dispatch | Notice
"""What has a place in a feed."""

PAGE_LIMIT = 500
"""Most entries of one page; asking for more gives this many."""
PAGE_DEFAULT = 100
"""Entries of a page when the caller does not say."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Available entries of one recipient after a cursor, in order."""

    entries: tuple[Entry, ...]
    next_after: int
    """Where to read on: the last sequence given, or the cursor asked when there was nothing new."""
    is_complete: bool
    """True when nothing more was available at the moment of reading."""


def page_size(asked: int) -> int:
    """Return how many entries to give: what was asked, at most 500; 100 when not said."""
    return min(asked, PAGE_LIMIT) if asked > 0 else PAGE_DEFAULT


def cut_page(after: int, size: int, entries: Sequence[Entry], last_sequence: int) -> FeedPage:
    """Cut one page out of the entries that follow a cursor.

    A cursor beyond the end is refused rather than answered with silence: it comes from another server or from
    before a restore, and reading on from it would skip what is written next (promises P8, P16).

    Args:
        after: the cursor: sequence of the last entry already seen; 0 reads from the beginning.
        size: entries to give, see ``page_size``.
        entries: this recipient's entries after the cursor, in order; one more than ``size`` if so many exist.
        last_sequence: highest sequence of this recipient's feed, 0 when it is empty.

    Raises:
        CursorUnknown: the cursor is negative or beyond the end.
    """
    if not 0 <= after <= last_sequence:
        raise CursorUnknown(metadata={"after": str(after), "last": str(last_sequence)})
    given = tuple(entries[:size])
    last_given = given[-1].sequence if given else None
    return FeedPage(given, last_given if last_given is not None else after, is_complete=len(entries) <= size)


def is_dense(entries: Sequence[Entry], after: int = 0) -> bool:
    """Tell whether the entries follow the cursor without a gap, a repeat or a swap (promise P8)."""
    return [entry.sequence for entry in entries] == list(range(after + 1, after + 1 + len(entries)))
