"""Whatever is signed and reopened, with whatever boxes, in whatever order it is heard of: who replays its feed knows (F26)."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chassis.errors import Failure
from chassis.stack import Stack
from services.transmission.domain.dispatch import Dispatch, Standing
from services.transmission.domain.feed import Entry, is_dense
from services.transmission.domain.notice import Notice, NoticeKind
from services.transmission.service import shipped_matrix, wire
from services.transmission.usecases import UseCases
from tests.support.transmission import NOON, a_partner, an_identity
from tests.support.transmission_fakes import (
    CountingIdentifiers,
    InMemoryContainers,
    InMemoryFilings,
    InMemoryStore,
    SteppingClock,
    filing_of,
)

FILING = an_identity().filing_id
PARTNERS = ("MIN", "CDC", "ANCOLS")
RANKS = {None: 0, NoticeKind.SUSPENSION: 1, NoticeKind.WITHDRAWAL: 2}
Held = tuple[int, str]
"""A version, and what it is: current, suspended; (0, "none") for none."""
NONE: Held = (0, "none")


def replayed(entries: list[Entry]) -> Held:
    """Read what to rely on off a feed, as the documents tell partners to: one rule, whatever the order of the entries."""
    if not entries:
        return NONE
    last = max(entries, key=lambda one: (filing_of(one).version, RANKS[kind_of(one)]))
    return held(filing_of(last).version, kind_of(last))


def last_said(entries: list[Entry]) -> Held:
    """Read what to rely on off the last entry alone."""
    return held(filing_of(entries[-1]).version, kind_of(entries[-1])) if entries else NONE


def kind_of(entry: Entry) -> NoticeKind | None:
    return entry.kind if isinstance(entry, Notice) else None


def held(version: int, kind: NoticeKind | None) -> Held:
    if kind is NoticeKind.WITHDRAWAL:
        return NONE
    return (version, "current" if kind is None else "suspended")


class Corrections(RuleBasedStateMachine):
    """One filing that is signed, reopened and signed again; its reports reach transmission when and as often as they do."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.store, self.containers = InMemoryStore(), InMemoryContainers()
        stack = Stack("MIN", Path(), clock=SteppingClock(), identifiers=CountingIdentifiers())
        self.use: UseCases = wire(self.store, self.containers, InMemoryFilings(), stack)
        self.run(self.use.provision_matrix(shipped_matrix()))
        self.terms: dict[int, frozenset[str]] = {}
        self.is_open = True
        self.signed: list[int] = []
        self.reopened: list[int] = []
        self.heard: set[int] = set()
        self.heard_reopened: set[int] = set()
        self.in_order = True

    def teardown(self) -> None:
        self.loop.close()

    def run(self, action: Coroutine[Any, Any, Any]) -> Any:
        """Run a use case."""
        return self.loop.run_until_complete(action)

    @precondition(lambda self: self.is_open)
    @rule(recipients=st.frozensets(st.sampled_from(PARTNERS)))
    def sign(self, recipients: frozenset[str]) -> None:
        version = len(self.terms) + 1
        self.terms[version], self.is_open = recipients, False
        self.containers.sign(version, tuple(sorted(recipients)))
        self.signed.append(version)

    @precondition(lambda self: not self.is_open)
    @rule()
    def reopen(self) -> None:
        self.reopened.append(len(self.terms))
        self.is_open = True

    @precondition(lambda self: self.signed)
    @rule(chosen=st.integers(min_value=0, max_value=9), is_repeated=st.booleans())
    def hear_of_a_signature(self, chosen: int, *, is_repeated: bool) -> None:
        version = self.signed[chosen % len(self.signed)]
        self.in_order = self.in_order and version == self.signed[0]
        report = self.containers.sign(version, tuple(sorted(self.terms[version])))
        for _ in range(1 + is_repeated):
            self.run(self.use.dispatch_filing(report))
        self.signed.remove(version)
        self.heard.add(version)

    @precondition(lambda self: self.reopened)
    @rule(chosen=st.integers(min_value=0, max_value=9), is_repeated=st.booleans())
    def hear_of_a_reopening(self, chosen: int, *, is_repeated: bool) -> None:
        version = self.reopened[chosen % len(self.reopened)]
        for _ in range(1 + is_repeated):
            self.run(self.use.suspend_filing(f"reopened-{version}", FILING, version, NOON))
        self.reopened.remove(version)
        self.heard_reopened.add(version)

    @rule(partner=st.sampled_from(PARTNERS), chosen=st.integers(min_value=0, max_value=9), accepts=st.booleans())
    def read_a_version(self, partner: str, chosen: int, *, accepts: bool) -> None:
        dispatches = [one for one in self.feed(partner) if isinstance(one, Dispatch)]
        if not dispatches:
            return
        wanted = dispatches[chosen % len(dispatches)]
        fetching = self.use.fetch_delivery(a_partner(partner), wanted.id, accepts_suspended=accepts)
        try:
            self.run(fetching)
            is_given = True
        except Failure:
            is_given = False
        is_closed = wanted.withdrawn_at is not None or (wanted.standing is Standing.SUSPENDED and not accepts)
        assert is_given is (wanted.delivered_at is not None or not is_closed)

    def feed(self, partner: str) -> list[Entry]:
        return list(self.run(self.use.read_feed(a_partner(partner), 0, 500)).entries)

    def of_the_server(self, partner: str) -> Held:
        live = [
            (one.filing.version, str(one.standing))
            for one in self.store.kept.dispatches.values()
            if one.recipient == partner and one.standing in {Standing.CURRENT, Standing.SUSPENDED}
        ]
        assert len(live) <= 1, "more than one version to rely on"
        return live[0] if live else NONE

    def expected(self, partner: str) -> Held:
        latest = max(self.heard, default=0)
        if latest == 0 or partner not in self.terms[latest]:
            return NONE
        return (latest, "suspended" if latest in self.heard_reopened else "current")

    @invariant()
    def every_partner_that_replays_its_feed_knows_what_the_server_knows(self) -> None:
        for partner in PARTNERS:
            entries = self.feed(partner)
            assert is_dense(entries)
            assert replayed(entries) == self.of_the_server(partner) == self.expected(partner)
            if self.in_order:
                assert last_said(entries) == self.expected(partner)

    @invariant()
    def no_partner_hears_of_a_version_that_it_was_not_sent(self) -> None:
        for partner in PARTNERS:
            versions = {filing_of(entry).version for entry in self.feed(partner)}
            assert versions == {version for version in self.heard if partner in self.terms[version]}


TestCorrections = Corrections.TestCase
TestCorrections.settings = settings(max_examples=80, stateful_step_count=30, deadline=None)
