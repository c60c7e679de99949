"""A dispatch keeps its first instants, hides what must not be read any more, and stands on its signed terms."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.transmission.domain.dispatch import DispatchState, ReleasedTo, Standing, check_chain, check_terms
from services.transmission.domain.errors import (
    DispatchNotDelivered,
    DispatchSuspended,
    DispatchWithdrawn,
    ReleaseTermsMismatch,
)
from tests.support.transmission import NOON, a_dispatch, a_signed_filing, some_terms, the_matrix

LATER = NOON + timedelta(hours=1)


def test_the_first_place_in_the_feed_is_kept() -> None:
    dispatch = a_dispatch().make_available(1, NOON).make_available(2, LATER)

    assert (dispatch.sequence, dispatch.available_at, dispatch.state) == (1, NOON, DispatchState.AVAILABLE)


def test_the_first_read_is_the_delivery() -> None:
    dispatch = a_dispatch().make_available(1, NOON).deliver(NOON).deliver(LATER)

    assert (dispatch.delivered_at, dispatch.state) == (NOON, DispatchState.DELIVERED)


def test_the_first_acknowledgement_is_kept() -> None:
    dispatch = a_dispatch().deliver(NOON).acknowledge(NOON).acknowledge(LATER)

    assert (dispatch.acknowledged_at, dispatch.state) == (NOON, DispatchState.ACKNOWLEDGED)


def test_what_was_never_read_cannot_be_acknowledged() -> None:
    with pytest.raises(DispatchNotDelivered):
        a_dispatch().acknowledge(NOON)


def test_a_version_read_before_its_replacement_stays_delivered() -> None:
    assert replace(a_dispatch().deliver(NOON), superseded_by=2).state is DispatchState.DELIVERED


@pytest.mark.parametrize(
    ("changes", "standing"),
    [
        ({}, Standing.CURRENT),
        ({"suspended_at": NOON}, Standing.SUSPENDED),
        ({"suspended_at": NOON, "withdrawn_at": LATER}, Standing.WITHDRAWN),
        ({"suspended_at": NOON, "superseded_by": 2}, Standing.REPLACED),
        ({"superseded_by": 2, "withdrawn_at": LATER}, Standing.REPLACED),
    ],
)
def test_the_standing_is_what_happened_last(changes: dict[str, Any], standing: Standing) -> None:
    assert a_dispatch(**changes).standing is standing


def test_a_suspended_version_is_given_to_who_asks_for_it_as_such() -> None:
    suspended = a_dispatch(suspended_at=NOON)

    with pytest.raises(DispatchSuspended):
        suspended.require_readable(accepts_suspended=False)
    suspended.require_readable(accepts_suspended=True)


@pytest.mark.parametrize("changes", [{}, {"suspended_at": NOON}, {"superseded_by": 2}])
def test_a_withdrawn_version_that_was_not_read_is_given_to_nobody(changes: dict[str, Any]) -> None:
    with pytest.raises(DispatchWithdrawn):
        a_dispatch(withdrawn_at=LATER, **changes).require_readable(accepts_suspended=True)


@pytest.mark.parametrize("changes", [{}, {"suspended_at": LATER}, {"withdrawn_at": LATER}, {"superseded_by": 2}])
def test_what_was_read_may_be_read_again(changes: dict[str, Any]) -> None:
    a_dispatch(delivered_at=NOON, **changes).require_readable(accepts_suspended=False)


def test_a_replaced_version_can_still_be_read() -> None:
    a_dispatch(suspended_at=NOON, superseded_by=2).require_readable(accepts_suspended=False)


def test_a_version_comes_after_the_one_that_was_sent() -> None:
    sent, next_one = a_dispatch(), a_signed_filing(2)

    check_chain(next_one, sent.filing.content_digest, [sent])
    check_chain(next_one, "", [sent])
    check_chain(a_signed_filing(3), "0" * 64, [sent])
    with pytest.raises(ReleaseTermsMismatch):
        check_chain(next_one, "0" * 64, [sent])


def test_terms_of_this_matrix_are_accepted() -> None:
    check_terms(a_signed_filing(), some_terms("MIN", "CDC", "PREFET-21"), the_matrix())


@pytest.mark.parametrize(
    "terms",
    [
        some_terms("MIN", matrix_digest="0" * 64),
        some_terms("MIN", "MIN"),
        some_terms("PREFET-69"),
        replace(some_terms("MIN"), recipients=(ReleasedTo("FED-ESH", "T-25", 0),)),
        replace(some_terms("MIN"), recipients=(ReleasedTo("CDC", "T-01", 0),)),
    ],
    ids=["another matrix", "named twice", "no rule", "closed rule", "wrong rule"],
)
def test_terms_the_matrix_does_not_stand_behind_are_refused(terms: object) -> None:
    with pytest.raises(ReleaseTermsMismatch):
        check_terms(a_signed_filing(), terms, the_matrix())  # type: ignore[arg-type] # parametrised
