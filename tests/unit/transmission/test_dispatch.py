"""A signed version goes once to each recipient of its signed terms, and one version is current at each of them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.transmission.domain.dispatch import Dispatch, DispatchState, ReleasedTo, check_terms, route
from services.transmission.domain.errors import DispatchNotDelivered, ReleaseTermsMismatch
from tests.support.transmission import NOON, a_dispatch, a_signed_filing, numbered, some_terms, the_matrix

LATER = NOON + timedelta(hours=1)


def routed(*versions: tuple[int, tuple[str, ...]]) -> list[Dispatch]:
    """Route the versions in the order given and return every dispatch as it ends."""
    new_id = numbered()
    known: dict[object, Dispatch] = {}
    for version, recipients in versions:
        routing = route(a_signed_filing(version), some_terms(*recipients), list(known.values()), NOON, new_id)
        known |= {dispatch.id: dispatch for dispatch in (*routing.added, *routing.superseded)}
    return list(known.values())


def test_each_released_recipient_gets_one_dispatch() -> None:
    dispatches = routed((1, ("MIN", "CDC", "PREFET-21")))

    assert [(d.recipient, d.rule, d.state) for d in dispatches] == [
        ("MIN", "T-01", DispatchState.QUEUED),
        ("CDC", "T-13", DispatchState.QUEUED),
        ("PREFET-21", "T-16", DispatchState.QUEUED),
    ]


def test_repeating_the_routing_adds_nothing() -> None:
    assert len(routed((1, ("MIN", "CDC")), (1, ("MIN", "CDC")))) == 2


def test_a_correction_names_what_it_replaces() -> None:
    first, second = routed((1, ("CDC",)), (2, ("CDC",)))

    assert (first.superseded_by, second.replaces, second.is_current) == (2, first.id, True)
    assert first.state is DispatchState.SUPERSEDED


def test_a_recipient_left_out_of_a_later_version_keeps_the_earlier_one_as_current() -> None:
    dispatches = routed((1, ("MIN", "CDC")), (2, ("MIN",)))

    assert [(d.recipient, d.filing.version) for d in dispatches if d.is_current] == [("CDC", 1), ("MIN", 2)]


def test_versions_out_of_order_leave_the_highest_current() -> None:
    dispatches = routed((3, ("CDC",)), (1, ("CDC",)), (2, ("CDC",)))

    assert [d.filing.version for d in dispatches if d.is_current] == [3]


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
