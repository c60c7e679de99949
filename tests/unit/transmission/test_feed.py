"""Pages of a feed follow each other without gap, repeat or swap, from any cursor."""

import pytest

from services.transmission.domain.errors import CursorUnknown
from services.transmission.domain.feed import cut_page, is_dense, page_size
from tests.support.transmission import NOON, a_dispatch

ENTRIES = [a_dispatch(number).make_available(number, NOON) for number in range(1, 8)]


@pytest.mark.parametrize(("asked", "given"), [(0, 100), (-1, 100), (1, 1), (500, 500), (501, 500), (2**31, 500)])
def test_a_page_has_at_most_five_hundred_entries(asked: int, given: int) -> None:
    assert page_size(asked) == given


def test_pages_joined_are_the_whole_feed() -> None:
    seen, after, complete = [], 0, False
    while not complete:
        page = cut_page(after, 3, ENTRIES[after : after + 4], len(ENTRIES))
        seen += page.entries
        after, complete = page.next_after, page.is_complete

    assert seen == ENTRIES
    assert is_dense(seen)


def test_at_the_end_the_cursor_stays() -> None:
    page = cut_page(7, 3, [], 7)

    assert (page.entries, page.next_after, page.is_complete) == ((), 7, True)


def test_an_empty_feed_is_read_from_its_beginning() -> None:
    assert cut_page(0, 100, [], 0).is_complete


@pytest.mark.parametrize("after", [-1, 8])
def test_a_cursor_that_this_feed_never_gave_is_refused(after: int) -> None:
    with pytest.raises(CursorUnknown):
        cut_page(after, 100, [], 7)


def test_a_missing_repeated_or_swapped_entry_is_seen() -> None:
    assert not is_dense(ENTRIES[1:])
    assert not is_dense([ENTRIES[0], ENTRIES[0]])
    assert not is_dense([ENTRIES[1], ENTRIES[0]])
    assert is_dense(ENTRIES[3:], after=3)
