"""Whatever people and the signature service do, in any order, a filing keeps its promises."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from chassis.errors import Failure
from services.forms.domain.attachment import AttachmentKind
from services.forms.domain.filing import EDITABLE, Step, Verdict
from services.forms.domain.sharing import ReceivedFact
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import NOON, SHARED, CannedControls, a_fact, a_filing, a_forms, begun
from tests.support.hosting import a_caller
from tests.support.pdfs import a_pdf, stream

ADDRESSES = ("BA.010.brut", "BA.020.brut", SHARED)
MOVES = {(1, 2), (1, 3), (2, 3), (2, 1), (3, 1), (3, 2)}


class LifeOfAFiling(RuleBasedStateMachine):
    """One filing, its people, and a signature service that freezes, locks and seals."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.controls = CannedControls(Verdict.CLEAN)
        self.forms = a_forms(lambda _: self.controls)
        self.run(self.forms.keep(a_filing(verdict=Verdict.CLEAN), *begun()))
        self.director = a_caller("Dominique Directeur")
        self.frozen: list[tuple[int, int]] = []
        self.contents: dict[tuple[int, int], dict[str, str]] = {}
        self.locked: tuple[int, int] | None = None
        self.events = 0

    def teardown(self) -> None:
        self.loop.close()

    def run(self, action: Coroutine[Any, Any, Any]) -> Any:
        """Run a use case; a refusal is an answer like another."""
        try:
            return self.loop.run_until_complete(action)
        except Failure:
            return None

    @property
    def filing(self) -> Any:
        return self.forms.filing

    def values(self) -> dict[str, str]:
        cells = self.forms.store.kept.cells.get(self.filing.id, {})
        return {cell.address: cell.value for cell in cells.values() if cell.value}

    @rule(address=st.sampled_from(ADDRESSES), value=st.sampled_from(["", "1", "2", "3"]))
    def save(self, address: str, value: str) -> None:
        before, was = self.values(), self.filing
        present = self.forms.store.kept.cells.get(was.id, {}).get(address)
        typed = [TypedCell(address, value, present.version if present else 0)]
        saved = self.run(self.forms.use.save_cells(self.director, was.id, typed))
        if was.step not in EDITABLE or was.lock:
            assert saved is None
            assert self.values() == before
        else:
            assert self.values().get(address, "") == value

    @rule(step=st.sampled_from(list(Step)), reason=st.sampled_from(["", "à corriger"]))
    def move(self, step: Step, reason: str) -> None:
        was = self.filing
        self.run(self.forms.use.move_filing(self.director, was.id, step, reason))
        if self.filing.step is not was.step:
            assert (int(was.step), int(step)) in MOVES
            assert was.lock is None
            assert step > was.step or reason

    @rule(verdict=st.sampled_from([Verdict.CLEAN, Verdict.REMARKS, Verdict.BLOCKED]))
    def judge_otherwise(self, verdict: Verdict) -> None:
        self.controls.verdict = verdict

    @rule()
    def freeze(self) -> None:
        frozen = self.run(self.forms.use.freeze_filing(self.director, self.filing.id))
        if frozen is not None:
            filing, snapshot = frozen
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
        changed = self.run(self.forms.use.lock_filing(self.filing.id, version, revision, "intent"))
        if changed == []:
            self.locked = (version, revision)
            assert self.values() == self.contents[version, revision]
            frozen = self.forms.store.kept.snapshots[self.filing.id, version, revision]
            assert frozen.attachments == self.attached()

    @rule(content=st.sampled_from([b"1", b"2", b"3"]))
    def attach(self, content: bytes) -> None:
        before, was = self.attached(), self.filing
        pdf = a_pdf(stream(content))
        kind = AttachmentKind.OTHER
        self.run(self.forms.use.attach_file(self.director, was.id, kind, f"{content.decode()}.pdf", pdf))
        if was.lock or was.step is Step.REVIEW:
            assert self.attached() == before
        else:
            assert len(self.attached()) <= len(before) + 1

    def attached(self) -> tuple[Any, ...]:
        return tuple(self.run(self.forms.use.list_attachments(self.director, self.filing.id)))

    @rule(is_repeat=st.booleans())
    def seal(self, is_repeat: bool) -> None:
        if self.locked is None:
            return
        self.events += not is_repeat
        version, revision = self.locked
        seal = self.forms.use.seal_filing
        self.run(seal(f"event-{self.events}", self.filing.id, version, revision, f"N{version}", "Dominique", NOON))

    @rule(value=st.sampled_from(["7", "8"]), event=st.integers(0, 30))
    def receive(self, value: str, event: int) -> None:
        before, was = self.values(), self.filing
        facts: list[ReceivedFact] = [a_fact(SHARED, value)]
        self.run(self.forms.use.apply_facts(f"fact-{event}", was.body.siren, was.year, facts))
        if was.lock or was.signed_version:
            assert self.values() == before

    @invariant()
    def a_snapshot_never_changes(self) -> None:
        for (_, version, revision), snapshot in self.forms.store.kept.snapshots.items():
            known = self.contents.setdefault((version, revision), dict(snapshot.cells))
            assert dict(snapshot.cells) == known

    @invariant()
    def what_is_signed_is_what_is_shown(self) -> None:
        signed = self.forms.store.kept.signed
        for (_, version), revision in signed.items():
            assert self.values() == self.contents[version, revision]
        assert self.filing.signed_version == len(signed)
        assert (self.filing.step is Step.REVIEW) == bool(signed)

    @invariant()
    def every_version_of_a_cell_is_in_its_history(self) -> None:
        kept = self.forms.store.kept
        for address, cell in kept.cells.get(self.filing.id, {}).items():
            assert {v for (_, a, v) in kept.versions if a == address} == set(range(1, cell.version + 1))


LifeOfAFiling.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestLifeOfAFiling = LifeOfAFiling.TestCase
