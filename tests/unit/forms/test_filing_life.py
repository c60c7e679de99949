"""Whatever people, the authority, the system and the signature service do, in any order, a filing keeps its promises."""

import asyncio
import re
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from chassis.errors import Failure
from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.events import FilingReopened
from services.forms.domain.filing import EDITABLE, Step, Verdict
from services.forms.domain.review import ReviewState
from services.forms.domain.sharing import ReceivedFact
from services.forms.usecases.close_filing import ArchiveDueFilings
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import NOON, SHARED, SIREN, CannedControls, a_campaign, a_fact, a_filing, a_forms, begun
from tests.support.hosting import ACCOUNTANT, OFFICER, a_caller
from tests.support.pdfs import a_pdf, stream

ADDRESSES = ("BA.010.brut", "BA.020.brut", SHARED)
ENTRY = tuple(one for one in ACCOUNTANT if one not in ("filing.validate", "filing.return"))
PEOPLE = {
    "director": a_caller("Dominique Directeur"),
    "accountant": a_caller("Camille Compte", on={SIREN: ACCOUNTANT}),
    "data entry": a_caller("Noa Saisie", on={SIREN: ENTRY}),
    "reader": a_caller("Lou Lecteur", on={SIREN: ["filing.read"]}),
    "administrator": a_caller("Ada Admin", on={SIREN: ["member.manage"]}),
    "stranger": a_caller("Sacha Ailleurs", on={"111111111": ACCOUNTANT}),
    "officer": a_caller("Alex Agent", on={"*": OFFICER}),
    "clerk": a_caller("Sam Statistique", on={"*": ["staff.read"]}),
    "partner": a_caller("CDC", on={"*": ["feed.read"]}),
}
SYSTEM, SIGNATURE = "system", "signature"
LEGAL = {
    (1, 2): {"director", "accountant", "data entry"},
    (2, 3): {"director", "accountant"},
    (2, 1): {"director", "accountant"},
    (3, 1): {"director", "accountant"},
    (3, 4): {SIGNATURE},
    (4, 1): {"director", "accountant", "officer"},
    (4, 5): {"officer"},
    (5, 4): {"officer"},
    (5, 6): {"officer", SYSTEM},
}
"""Every transition of domain.md §11 between steps 1 and 6, and who may make it; whatever else is seen is illegal.

Step 0 is that there is no filing: what opens one is not a transition of one. From 1 to 3 is 1 to 2 and 2 to 3, made in one
act by who may make both (ADR 0016).
"""
EARLY = (Step.ENTRY, Step.ACCOUNTING, Step.SIGNATURE)
SEEN: set[tuple[int, int]] = set()
REASONS = st.sampled_from(["à corriger", "à corriger", ""])
WHO = st.sampled_from(sorted(PEOPLE))
BODY, OF_AUTHORITY = (st.one_of(st.just(name), WHO) for name in ("director", "officer"))
"""Half of the time who may, so that every step is seen; else anybody."""


class LifeOfAFiling(RuleBasedStateMachine):
    """One filing, everybody who might touch it, and a signature service that freezes, locks and seals."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.controls = CannedControls(Verdict.CLEAN)
        self.forms = a_forms(lambda _: self.controls)
        self.run(self.forms.keep(a_filing(verdict=Verdict.CLEAN), *begun()))
        self.run(self.plan())
        self.frozen: list[tuple[int, int]] = []
        self.contents: dict[tuple[int, int], dict[str, str]] = {}
        self.locked: tuple[int, int] | None = None
        self.events = 0

    async def plan(self) -> None:
        async with self.forms.store() as work:
            await work.campaigns.save(a_campaign())
            await work.commit()

    def teardown(self) -> None:
        self.loop.close()

    def run(self, action: Coroutine[Any, Any, Any]) -> Any:
        """Run a use case; a refusal is an answer like another."""
        try:
            return self.loop.run_until_complete(action)
        except Failure:
            return None

    def make(self, who: str, action: Coroutine[Any, Any, Any]) -> Any:
        """Run what somebody asks: the filing stays where it is, or goes where that somebody may bring it."""
        was, lines, events = self.filing, len(self.lines), len(self.reopenings)
        answer = self.run(action)
        moved = (int(was.step), int(self.filing.step))
        if moved[0] != moved[1]:
            new = self.lines[lines:]
            legs = [leg for line in new for leg in re.findall(r"^Étape (\d) → étape (\d)", line.fr)]
            made = [(int(start), int(end)) for start, end in legs] or [moved]
            starts, ends = [start for start, _ in made], [end for _, end in made]
            assert [*starts, moved[1]] == [moved[0], *ends], "each begins where the one before ended"
            for leg in made:
                assert who in LEGAL.get(leg, set()), f"{who} moved {leg}"
                SEEN.add(leg)
            assert was.lock is None or who == SIGNATURE
            assert len(new) == len(made), "each move leaves a line"
        assert len(self.reopenings) == events + (moved == (4, 1)), "recipients are told of each reopening, once"
        return answer

    @property
    def filing(self) -> Any:
        return self.forms.filing

    @property
    def lines(self) -> list[Any]:
        return self.forms.store.kept.activities

    @property
    def reopenings(self) -> list[FilingReopened]:
        return [event for event in self.forms.store.kept.events if isinstance(event, FilingReopened)]

    def values(self) -> dict[str, str]:
        cells = self.forms.store.kept.cells.get(self.filing.id, {})
        return {cell.address: cell.value for cell in cells.values() if cell.value}

    @initialize(start=st.sampled_from([Step.ENTRY, Step.SIGNATURE, Step.REVIEW, Step.CLOSED, Step.CLOSED]))
    def begin(self, start: Step) -> None:
        """Begin further on, by the moves of the trade, so that the late steps are seen as often as the first."""
        director, officer, use = PEOPLE["director"], PEOPLE["officer"], self.forms.use
        if start >= Step.SIGNATURE:
            self.make("director", use.move_filing(director, self.filing.id, Step.SIGNATURE, ""))
        if start >= Step.REVIEW:
            self.freeze("director")
            self.locked = version, revision = self.frozen[-1]
            assert self.make(SIGNATURE, use.lock_filing(self.filing.id, version, revision, "intent")) == []
            self.seal(is_repeat=False)
        if start >= Step.CLOSED:
            self.make("officer", use.review_filing(officer, self.filing.id, ReviewState.RELIABLE, ""))
            self.close("officer")
        assert self.filing.step is start

    @rule(who=BODY, address=st.sampled_from(ADDRESSES), value=st.sampled_from(["", "1", "2", "3"]))
    def save(self, who: str, address: str, value: str) -> None:
        before, was, caller = self.values(), self.filing, PEOPLE[who]
        present = self.forms.store.kept.cells.get(was.id, {}).get(address)
        typed = [TypedCell(address, value, present.version if present else 0)]
        saved = self.make(who, self.forms.use.save_cells(caller, was.id, typed))
        if was.step not in EDITABLE or was.lock or not caller.may("filing.edit", SIREN):
            assert saved is None
            assert self.values() == before
        else:
            assert self.values().get(address, "") == value

    @rule(who=BODY, step=st.sampled_from([*EARLY, *EARLY, *Step]), reason=REASONS, names=st.booleans())
    def move(self, who: str, step: Step, reason: str, names: bool) -> None:
        was, cells = self.filing, [ADDRESSES[0]] if names else []
        self.make(who, self.forms.use.move_filing(PEOPLE[who], was.id, step, reason, cells))
        if self.filing.step is not was.step:
            assert self.filing.step is step
            assert step > was.step or reason

    @rule(who=st.one_of(BODY, OF_AUTHORITY), reason=REASONS)
    def reopen(self, who: str, reason: str) -> None:
        was = self.filing
        self.make(who, self.forms.use.reopen_filing(PEOPLE[who], was.id, reason, [ADDRESSES[0]]))
        if self.filing.step is not was.step:
            assert reason
            assert self.filing.signed_version == was.signed_version, "the signed version stays"

    @rule(who=OF_AUTHORITY, state=st.sampled_from(list(ReviewState)), text=REASONS)
    def review(self, who: str, state: ReviewState, text: str) -> None:
        was = self.filing
        self.make(who, self.forms.use.review_filing(PEOPLE[who], was.id, state, text))
        if self.filing.review != was.review:
            assert was.step is Step.REVIEW
            assert PEOPLE[who].may("filing.review", EVERY_SCOPE)

    @rule(who=BODY, text=REASONS)
    def answer(self, who: str, text: str) -> None:
        was = self.filing
        self.make(who, self.forms.use.answer_review(PEOPLE[who], was.id, text))
        if self.filing.review != was.review:
            assert was.review.state is ReviewState.ASKED
            assert PEOPLE[who].may("filing.justify", SIREN)

    @rule(who=OF_AUTHORITY)
    def close(self, who: str) -> None:
        was = self.filing
        self.make(who, self.forms.use.close_filing(PEOPLE[who], was.id))
        if self.filing.step is not was.step:
            assert was.review.state is ReviewState.RELIABLE

    @rule(who=BODY, reason=REASONS)
    def ask_for_it_back(self, who: str, reason: str) -> None:
        was = self.filing
        self.make(who, self.forms.use.request_return(PEOPLE[who], was.id, reason))
        if self.filing != was:
            assert was.step is Step.CLOSED
            assert PEOPLE[who].may("filing.return", SIREN)
            assert reason

    @rule(who=OF_AUTHORITY, reason=REASONS, is_accepted=st.booleans())
    def decide(self, who: str, reason: str, is_accepted: bool) -> None:
        was = self.filing
        self.make(who, self.forms.use.decide_return(PEOPLE[who], was.id, reason, is_accepted=is_accepted))
        if self.filing != was:
            assert was.return_request is not None
            assert was.return_request.is_pending
            assert (self.filing.step is Step.REVIEW) == is_accepted
            assert is_accepted or reason

    @rule(who=OF_AUTHORITY)
    def archive(self, who: str) -> None:
        self.make(who, self.forms.use.archive_filing(PEOPLE[who], self.filing.id))

    @rule(days=st.sampled_from([0, 200]))
    def archive_what_is_due(self, days: int) -> None:
        was = self.filing
        self.make(SYSTEM, ArchiveDueFilings(self.forms.store, LongAfter(days), timedelta(days=30))())
        assert (self.filing.step is Step.ARCHIVED) == (
            was.step is Step.ARCHIVED or (was.step is Step.CLOSED and days > 0)
        )

    @rule(who=WHO, text=REASONS, is_flagged=st.booleans())
    def comment(self, who: str, text: str, is_flagged: bool) -> None:
        was, said = self.filing, len(self.forms.store.kept.comments)
        comment = self.forms.use.comment_cell
        self.make(who, comment(PEOPLE[who], was.id, ADDRESSES[0], text, is_flagged=is_flagged))
        if len(self.forms.store.kept.comments) > said:
            assert was.step is not Step.ARCHIVED
            may_officer = PEOPLE[who].may("filing.review", EVERY_SCOPE) and was.signed_version
            assert PEOPLE[who].may("filing.edit", SIREN) or may_officer

    @rule(verdict=st.sampled_from([Verdict.CLEAN, Verdict.REMARKS, Verdict.BLOCKED]))
    def judge_otherwise(self, verdict: Verdict) -> None:
        self.controls.verdict = verdict

    @rule(who=BODY)
    def freeze(self, who: str) -> None:
        frozen = self.make(who, self.forms.use.freeze_filing(PEOPLE[who], self.filing.id))
        if frozen is not None:
            filing, snapshot = frozen
            assert PEOPLE[who].may("filing.sign", SIREN)
            assert filing.step is Step.SIGNATURE
            assert snapshot.verdict in (Verdict.CLEAN, Verdict.REMARKS)
            assert dict(snapshot.cells) == self.values()
            self.frozen.append((snapshot.version, snapshot.revision))
            self.contents[snapshot.version, snapshot.revision] = dict(snapshot.cells)

    @rule(data=st.data())
    def lock(self, data: st.DataObject) -> None:
        if not self.frozen:
            return
        version, revision = data.draw(st.sampled_from(self.frozen))
        changed = self.make(SIGNATURE, self.forms.use.lock_filing(self.filing.id, version, revision, "intent"))
        if changed == []:
            self.locked = (version, revision)
            assert self.values() == self.contents[version, revision]
            frozen = self.forms.store.kept.snapshots[self.filing.id, version, revision]
            assert frozen.attachments == self.attached()

    @rule(who=BODY, content=st.sampled_from([b"1", b"2", b"3"]))
    def attach(self, who: str, content: bytes) -> None:
        before, was = self.attached(), self.filing
        pdf = a_pdf(stream(content))
        kind = AttachmentKind.OTHER
        self.make(who, self.forms.use.attach_file(PEOPLE[who], was.id, kind, f"{content.decode()}.pdf", pdf))
        if was.lock or was.is_closed_by_signature:
            assert self.attached() == before
        else:
            assert len(self.attached()) <= len(before) + 1

    def attached(self) -> tuple[Any, ...]:
        return tuple(self.run(self.forms.use.list_attachments(PEOPLE["director"], self.filing.id)))

    @rule(is_repeat=st.booleans())
    def seal(self, is_repeat: bool) -> None:
        if self.locked is None:
            return
        self.events += not is_repeat
        version, revision = self.locked
        seal = self.forms.use.seal_filing
        self.make(
            SIGNATURE,
            seal(f"event-{self.events}", self.filing.id, version, revision, f"N{version}", "Dominique", NOON),
        )

    @rule(value=st.sampled_from(["7", "8"]), event=st.integers(0, 30))
    def receive(self, value: str, event: int) -> None:
        before, was = self.values(), self.filing
        facts: list[ReceivedFact] = [a_fact(SHARED, value)]
        self.make(SYSTEM, self.forms.use.apply_facts(f"fact-{event}", was.body.siren, was.year, facts))
        if was.lock or was.is_closed_by_signature:
            assert self.values() == before

    @invariant()
    def a_snapshot_never_changes(self) -> None:
        for (_, version, revision), snapshot in self.forms.store.kept.snapshots.items():
            known = self.contents.setdefault((version, revision), dict(snapshot.cells))
            assert dict(snapshot.cells) == known

    @invariant()
    def what_is_signed_is_what_is_shown(self) -> None:
        signed = self.forms.store.kept.signed
        assert self.filing.signed_version == len(signed)
        if self.filing.is_closed_by_signature:
            version = self.filing.signed_version
            assert self.values() == self.contents[version, signed[self.filing.id, version]]

    @invariant()
    def officers_see_signed_figures_or_nothing(self) -> None:
        signed, filing = self.forms.store.kept.signed, self.filing
        clerk: Caller = PEOPLE["clerk"]
        seen = self.run(self.forms.use.get_transmitted_filing(clerk, filing.id))
        assert (seen is not None) == bool(signed)
        if seen is not None:
            version = filing.signed_version
            assert dict(seen[1].cells) == self.contents[version, signed[filing.id, version]]
        assert self.run(self.forms.use.compare_filings(clerk, filing.id, 0, filing.id, 0)) is None

    @invariant()
    def a_request_to_return_is_of_a_closed_filing(self) -> None:
        assert self.filing.return_request is None or self.filing.step is Step.CLOSED

    @invariant()
    def every_version_of_a_cell_is_in_its_history(self) -> None:
        kept = self.forms.store.kept
        for address, cell in kept.cells.get(self.filing.id, {}).items():
            assert {v for (_, a, v) in kept.versions if a == address} == set(range(1, cell.version + 1))


class LongAfter:
    """A clock some days past the last day of the campaign."""

    def __init__(self, days: int) -> None:
        self._days = days

    def now(self) -> Any:
        return NOON.replace(month=12, day=31) + timedelta(days=self._days)


LifeOfAFiling.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLifeOfAFiling = LifeOfAFiling.TestCase


def test_every_transition_of_the_trade_can_be_made():
    walk = LifeOfAFiling()
    move, step = walk.move, Step
    SEEN.clear()

    for to, reason in ((2, ""), (1, "non"), (2, ""), (3, ""), (1, "non")):
        move("director", step(to), reason, names=True)
    walk.begin(Step.CLOSED)
    walk.ask_for_it_back("director", "erreur")
    walk.decide("officer", "", is_accepted=True)
    walk.reopen("officer", "à revoir")
    walk.begin(Step.CLOSED)
    walk.archive("officer")
    walk.teardown()

    assert set(LEGAL) == SEEN
