"""A signed version goes once to each recipient of its terms, and whoever had an earlier one is told what became of it."""

from datetime import timedelta

import pytest

from services.transmission.domain.dispatch import Dispatch, DispatchState, Standing
from services.transmission.domain.notice import Notice, NoticeKind, NoticeReason
from services.transmission.domain.routing import KnownVersions, Routing, route, suspend
from tests.support.transmission import NOON, a_dispatch, a_signed_filing, numbered, some_terms

REOPENED = NOON + timedelta(hours=1)
LATER = NOON + timedelta(hours=2)


class Known:
    """One filing: what was routed and reopened, in the order given."""

    def __init__(self) -> None:
        self.dispatches: dict[object, Dispatch] = {}
        self.notices: list[Notice] = []
        self.versions = KnownVersions()
        self._new_id = numbered()

    def sign(self, version: int, *recipients: str) -> Routing:
        """Route a version."""
        filing, terms = a_signed_filing(version), some_terms(*recipients)
        routing = route(filing, terms, list(self.dispatches.values()), self.versions, LATER, self._new_id)
        self.versions = KnownVersions(max(self.versions.latest, version), self.versions.reopened)
        return self._keep(routing)

    def reopen(self, version: int) -> Routing:
        """Suspend a version."""
        self.versions = KnownVersions(self.versions.latest, {**self.versions.reopened, version: REOPENED})
        return self._keep(suspend(list(self.dispatches.values()), self.versions, LATER, self._new_id))

    def standings(self) -> dict[tuple[str, int], str]:
        """Return (recipient, version) → standing."""
        return {(d.recipient, d.filing.version): str(d.standing) for d in self.dispatches.values()}

    def told(self) -> list[tuple[str, str, int]]:
        """Return who was told what of which version."""
        return [(notice.recipient, str(notice.kind), notice.dispatch.filing.version) for notice in self.notices]

    def _keep(self, routing: Routing) -> Routing:
        self.dispatches |= {one.id: one for one in (*routing.added, *routing.changed)}
        self.notices += routing.notices
        return routing


@pytest.fixture
def known() -> Known:
    return Known()


def test_each_released_recipient_gets_one_dispatch(known: Known) -> None:
    routing = known.sign(1, "MIN", "CDC", "PREFET-21")

    assert [(d.recipient, d.rule, d.state) for d in routing.added] == [
        ("MIN", "T-01", DispatchState.QUEUED),
        ("CDC", "T-13", DispatchState.QUEUED),
        ("PREFET-21", "T-16", DispatchState.QUEUED),
    ]
    assert (routing.changed, routing.notices) == ((), ())


def test_repeating_the_routing_adds_nothing(known: Known) -> None:
    known.sign(1, "MIN", "CDC")

    assert known.sign(1, "MIN", "CDC") == Routing()


def test_a_correction_names_what_it_replaces(known: Known) -> None:
    (first,) = known.sign(1, "CDC").added
    (second,) = known.sign(2, "CDC").added

    assert second.replaces is not None
    assert (second.replaces.dispatch_id, second.replaces.version) == (first.id, 1)
    assert second.replaces.content_digest == first.filing.content_digest
    assert known.standings() == {("CDC", 1): "replaced", ("CDC", 2): "current"}
    assert known.told() == []


def test_a_recipient_left_out_of_a_later_version_is_told_that_its_own_is_no_longer_current(known: Known) -> None:
    known.sign(1, "MIN", "CDC")
    (notice,) = known.sign(2, "MIN").notices

    assert known.standings() == {("MIN", 1): "replaced", ("CDC", 1): "withdrawn", ("MIN", 2): "current"}
    assert (notice.recipient, notice.kind, notice.reason) == ("CDC", NoticeKind.WITHDRAWAL, NoticeReason.NOT_RELEASED)
    assert notice.since == LATER


def test_a_recipient_left_out_twice_is_told_once(known: Known) -> None:
    known.sign(1, "MIN", "CDC")
    known.sign(2, "MIN")
    known.sign(3, "MIN")

    assert known.told() == [("CDC", "withdrawal", 1)]


def test_a_recipient_left_out_once_gets_the_version_after(known: Known) -> None:
    known.sign(1, "MIN", "CDC")
    known.sign(2, "MIN")
    known.sign(3, "MIN", "CDC")

    assert known.standings()["CDC", 1] == "replaced"
    assert known.standings()["CDC", 3] == "current"


def test_a_reopened_version_is_suspended_wherever_it_is_current(known: Known) -> None:
    known.sign(1, "MIN", "CDC")
    routing = known.reopen(1)

    assert known.standings() == {("MIN", 1): "suspended", ("CDC", 1): "suspended"}
    assert [(n.kind, n.reason, n.since) for n in routing.notices] == [
        (NoticeKind.SUSPENSION, NoticeReason.REOPENED, REOPENED)
    ] * 2


def test_nobody_is_told_twice_of_one_reopening(known: Known) -> None:
    known.sign(1, "CDC")
    known.reopen(1)

    assert known.reopen(1) == Routing()


def test_the_next_version_ends_the_suspension(known: Known) -> None:
    known.sign(1, "MIN", "CDC")
    known.reopen(1)
    known.sign(2, "MIN")

    assert known.standings() == {("MIN", 1): "replaced", ("CDC", 1): "withdrawn", ("MIN", 2): "current"}
    assert known.told()[2:] == [("CDC", "withdrawal", 1)]


def test_a_reopening_heard_before_the_version_is_told_when_the_version_is_routed(known: Known) -> None:
    assert known.reopen(1) == Routing()

    routing = known.sign(1, "CDC")

    assert [one.standing for one in routing.added] == [Standing.SUSPENDED]
    assert known.told() == [("CDC", "suspension", 1)]


def test_a_reopening_heard_after_the_next_version_tells_nobody(known: Known) -> None:
    known.sign(1, "MIN", "CDC")
    known.sign(2, "MIN")

    assert known.reopen(1) == Routing()


def test_versions_out_of_order_leave_the_highest_current(known: Known) -> None:
    known.sign(3, "CDC")
    known.sign(1, "CDC", "MIN")
    known.sign(2, "CDC")

    assert known.standings() == {
        ("CDC", 1): "replaced",
        ("CDC", 2): "replaced",
        ("CDC", 3): "current",
        ("MIN", 1): "withdrawn",
    }


def test_a_version_that_nobody_receives_withdraws_the_one_before(known: Known) -> None:
    known.sign(2)
    known.sign(1, "CDC")

    assert known.standings() == {("CDC", 1): "withdrawn"}


def test_a_withdrawal_closes_every_version_that_was_not_read(known: Known) -> None:
    known.sign(1, "CDC", "MIN")
    known.sign(2, "CDC", "MIN")
    known.sign(3, "MIN")

    assert {d.filing.version for d in known.dispatches.values() if d.withdrawn_at and d.recipient == "CDC"} == {1, 2}


def test_what_an_earlier_release_left_current_is_withdrawn_with_the_next_version() -> None:
    left = [a_dispatch(1, "CDC"), a_dispatch(2, "MIN", filing=a_signed_filing(2))]

    routing = suspend(left, KnownVersions(), LATER, numbered(10))

    assert [(notice.recipient, notice.kind) for notice in routing.notices] == [("CDC", NoticeKind.WITHDRAWAL)]
