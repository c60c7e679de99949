"""A form set tried over a whole campaign before it goes live (F12): a wrong rule is caught, with its false positives."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from harmonia.validation.v1 import validation_pb2 as pb

import formsets
from chassis.errors import Forbidden
from formsets import FormSet
from services.validation.domain.adjustment import Adjustment, Jurisdiction, adjusted
from services.validation.domain.errors import FormSetUnknown
from services.validation.domain.evaluation import Evaluation, Finding, evaluate
from services.validation.domain.form_set_trial import MOST_EXAMPLES, MOST_ILLUSTRATED, FormSetTrial
from services.validation.domain.justification import Justification, digest_of
from services.validation.domain.rule_set import compile_rules
from services.validation.domain.run import Run, RunKind, RunState, Standing
from services.validation.domain.verdict import Verdict
from services.validation.rpc.mapping import standing_message
from services.validation.service import wire
from services.validation.usecases.campaign_runs import TryFormSet
from services.validation.usecases.ports import FilingToTry, InputsPage, ToEvaluate
from services.validation.usecases.recent_reports import RecentReports
from tests.support.form_sets import a_control, sample_cells
from tests.support.hosting import a_caller, a_stack
from tests.support.validation_fakes import InlineEngine, InMemoryJustifications, Transmitted

PUBLISHED = formsets.load("2024.1")
ER = {a: formsets.values.written(v) for a, v in sample_cells("saisie").items() if PUBLISHED.document_of(a) == "ER"}
LATE = {**ER, "ID.200.v": "2025-07-01"}
AT = datetime(2025, 6, 2, tzinfo=UTC)
ABOUT = {"document": "ER", "year": 2024, "form_set": "2026.1"}
BACKWARDS = "PL.120>=PL.030"
"""A-08 with its sign turned: every body with housing under no agreement breaks it."""


def a_draft(without: Sequence[str] = (), **expressions: str) -> FormSet:
    """The next form set as somebody drafts it: controls rewritten, left out, or added."""
    kept = [control for control in PUBLISHED.controls if control.id not in without]
    named = {name.replace("_", "-"): expression for name, expression in expressions.items()}
    rewritten = [replace(one, expression=named.get(one.id, one.expression)) for one in kept]
    known = {one.id for one in kept}
    added = [a_control(name, expression) for name, expression in named.items() if name not in known]
    return replace(PUBLISHED, version="2026.1", digest=f"draft {named} {without}", controls=(*rewritten, *added))


class Shelf:
    """The form sets port: those that are shipped, and the draft."""

    def __init__(self, draft: FormSet) -> None:
        self._draft = draft

    def load(self, version: str) -> FormSet:
        return self._draft if version == self._draft.version else formsets.load(version)


class DraftEngine(InlineEngine):
    """The engine port, which knows the draft; a draft takes two ticks longer than what is published."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf, self.ticks = shelf, 0.0

    async def evaluate(self, document: ToEvaluate) -> Evaluation:
        self.ticks += 3.0 if document.form_set == "2026.1" else 1.0
        rules = compile_rules(adjusted(self._shelf.load(document.form_set), document.softenings))
        return evaluate(rules, document.document, document.cells, document.said)


def a_filing(number: int, cells: Mapping[str, str], **other: Any) -> FilingToTry:
    identity = {"filing_id": str(UUID(int=number)), "body": f"{number:09}", "body_name": f"OPH {number}"}
    return FilingToTry(identity, UUID(int=number), "ER", "2024.1", cells, **other)


class Trying:
    """A campaign two filings a page, and the trial of a draft on it; notes how far it says it is."""

    def __init__(self, draft: FormSet, *filings: FilingToTry) -> None:
        self.work, shelf = InMemoryJustifications(), Shelf(draft)
        self._filings, self.pages = filings, list[tuple[int, Mapping[str, Any]]]()
        engine = DraftEngine(shelf)
        parts = engine, self, shelf, Jurisdiction("MIN", "MIN"), lambda: engine.ticks
        self._try = TryFormSet(self.work, *parts)  # type: ignore[arg-type]

    async def inputs(self, document: str, year: int, after: str, *, with_signed: bool, form_set: str) -> InputsPage:
        assert (document, year, with_signed, form_set) == ("ER", 2024, True, "2026.1")
        end = int(after or 0) + 2
        more = str(end) if end < len(self._filings) else ""
        return InputsPage(self._filings[end - 2 : end], more, max(len(self._filings) - end, 0))

    async def __call__(self, progress: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        async def advance(found: Mapping[str, Any], done: int) -> None:
            self.pages.append((done, json.loads(json.dumps(found))))

        found = await self._try(Run(UUID(int=9), RunKind.TRIAL, ABOUT, AT, progress=progress or {}), advance)
        return dict(json.loads(json.dumps(found)))


def told(result: Mapping[str, Any]) -> pb.GetQueueStatusResponse:
    run = Run(UUID(int=9), RunKind.TRIAL, ABOUT, AT, RunState.DONE, result=result)
    return standing_message(Standing(run, 0, 0.0))


async def test_a_rule_written_backwards_is_caught_with_its_false_positives_before_it_is_active() -> None:
    filings = [a_filing(n, LATE if n == 3 else ER, is_transmitted=True) for n in (1, 2, 3)]

    status = told(await Trying(a_draft(A_08=BACKWARDS), *filings)())

    found = status.trial
    assert (status.kind, status.year, status.form_set, status.HasField("adjustment")) == (
        "trial",
        2024,
        "2026.1",
        False,
    )
    assert (found.checked, found.skipped, found.changed) == (3, 0, 2)
    assert {one.verdict: one.filings for one in found.verdicts_before} == {
        pb.VERDICT_CLEAN: 2,
        pb.VERDICT_TO_JUSTIFY: 1,
    }
    assert {one.verdict: one.filings for one in found.verdicts_after} == {pb.VERDICT_TO_JUSTIFY: 3}
    wrong, late = found.controls
    assert (wrong.control, wrong.failing_before, wrong.failing_after, wrong.newly_failing) == ("A-08", 0, 3, 3)
    assert [one.body_name for one in wrong.examples] == ["OPH 1", "OPH 2", "OPH 3"]
    assert (wrong.severity, wrong.message.fr) == (pb.SEVERITY_ANOMALY, PUBLISHED.control("A-08").text("fr").what)
    assert (late.control, late.failing_before, late.failing_after, late.newly_failing) == ("A-20", 1, 1, 0)
    assert list(late.examples) == []


async def test_a_rule_that_is_right_changes_nothing() -> None:
    found = told(await Trying(a_draft(Z_01="PL.120<=PL.030"), a_filing(1, ER, is_transmitted=True))()).trial

    assert (found.checked, found.changed, list(found.controls)) == (1, 0, [])


async def test_filings_that_were_not_sent_are_counted_and_never_named() -> None:
    filings = [a_filing(n, ER, is_transmitted=n == 4) for n in (1, 2, 3, 4)]
    trying = Trying(a_draft(A_08=BACKWARDS), *filings)

    result = await trying()

    (wrong,) = told(result).trial.controls
    assert (wrong.newly_failing, [one.body_name for one in wrong.examples]) == (4, ["OPH 4"])
    for kept in (result, *(page for _, page in trying.pages)):
        assert not any(f"OPH {n}" in str(kept) or str(UUID(int=n)) in str(kept) for n in (1, 2, 3))


async def test_controls_that_are_new_gone_or_no_longer_evaluated_are_told_apart() -> None:
    draft = a_draft(without=["A-20"], Z_01="PL.120>PL.030", Z_02="1/(PL.120-PL.120)>0")

    found = told(await Trying(draft, a_filing(1, LATE))()).trial

    counts = {
        one.control: (one.newly_failing, one.no_longer_failing, one.newly_not_evaluated) for one in found.controls
    }
    assert counts == {"Z-01": (1, 0, 0), "Z-02": (0, 0, 1), "A-20": (0, 1, 0)}
    assert list(counts) == ["Z-01", "Z-02", "A-20"], "what newly fails comes first"


async def test_cells_are_judged_as_a_publication_would_carry_them_and_what_it_sets_aside_is_counted() -> None:
    filing = a_filing(1, LATE, left_out=frozenset({"ID.200.v", "PL.190.n"}), to_choose=1)

    found = told(await Trying(a_draft(), filing)()).trial

    assert (found.checked, found.to_choose) == (1, 1)
    (late,) = [one for one in found.controls if one.control == "A-20"]
    assert (late.failing_before, late.failing_after, late.newly_not_evaluated) == (1, 0, 1)


async def test_what_was_adjusted_and_justified_counts_under_either_form_set() -> None:
    justified = Trying(a_draft(), a_filing(1, LATE))
    operands = {"ID.200.v": "2025-07-01", "ID.170.v": "2024-12-31"}
    text = "Le quorum manquait fin juin, voir le PV."
    async with justified.work as work:
        await work.add(Justification(UUID(int=1), "000000001", 2024, "A-20", text, "C.", AT, digest_of(operands)))
        await work.commit()
    softened = Trying(a_draft(A_08=BACKWARDS), a_filing(1, ER))
    about = "2024.1", "ER", 2024, "A-08", "R", "Instruction contraire.", "Alex Agent", AT
    await softened.work.adjustments.add(Adjustment(*about, UUID(int=5)))

    first, second = told(await justified()).trial, told(await softened()).trial

    assert [one.verdict for one in (*first.verdicts_before, *first.verdicts_after)] == [pb.VERDICT_REMARKS] * 2
    assert [one.severity for one in second.controls] == [pb.SEVERITY_REMARK]
    assert [one.verdict for one in second.verdicts_after] == [pb.VERDICT_REMARKS]


async def test_what_a_filing_costs_in_time_is_told_before_and_after() -> None:
    unread = a_filing(3, {**ER, "BA.010.brut": "not a number"})

    found = told(await Trying(a_draft(), a_filing(1, ER), a_filing(2, ER), unread)()).trial

    assert (found.checked, found.skipped) == (2, 1)
    assert (found.milliseconds_before, found.milliseconds_after) == (1_000, 3_000)


async def test_a_run_that_was_killed_goes_on_where_it_was() -> None:
    filings = [a_filing(n, ER, is_transmitted=True) for n in range(1, 6)]
    killed = Trying(a_draft(A_08=BACKWARDS), *filings)
    whole = await killed()

    for _, progress in killed.pages:
        again = Trying(a_draft(A_08=BACKWARDS), *filings)
        if progress["after"]:
            assert await again(progress) == whole

    assert [(done, page["left"]) for done, page in killed.pages] == [(2, 3), (4, 1), (5, 0)]


def failing(*controls: str) -> Evaluation:
    """A report on which these controls fail."""
    text = PUBLISHED.control("A-08").text("fr")
    findings = [Finding(control, "A", "failed", text, text, ()) for control in controls]
    return Evaluation({}, tuple(findings), Verdict.TO_JUSTIFY if findings else Verdict.CLEAN, "rules")


def test_examples_are_few_and_of_the_controls_that_newly_fail_most() -> None:
    trial, controls = FormSetTrial(), [f"Z-{n:02}" for n in range(MOST_ILLUSTRATED + 5)]
    for number in range(MOST_EXAMPLES + 5):
        fails = controls if number else controls[:3]
        trial.add(failing(), failing(*fails), {"filing_id": f"filing-{number}"})

    kept = trial.told()

    illustrated = {control: len(one.examples) for control, one in kept.controls.items() if one.examples}
    assert list(illustrated) == controls[:MOST_ILLUSTRATED]
    assert set(illustrated.values()) == {MOST_EXAMPLES}
    assert set(kept.named) == {filing for one in kept.controls.values() for filing in one.examples}
    assert len(kept.named) <= MOST_EXAMPLES + 1


async def test_a_trial_is_queued_for_those_who_manage_campaigns_and_of_a_form_set_that_is_here_only() -> None:
    work, officer = InMemoryJustifications(), a_caller("Alex Agent", on={"*": ["campaign.manage"]})
    use = wire(work, InlineEngine(), Transmitted(), formsets, a_stack(), RecentReports(8))

    with pytest.raises(Forbidden):
        await use.check_campaign(a_caller(on={"*": ["staff.read"]}), "ER", 2024, "2025.1")
    with pytest.raises(FormSetUnknown):
        await use.check_campaign(officer, "ER", 2024, "1999.1")
    run_id = await use.check_campaign(officer, "ER", 2024, "2025.1")

    assert [(one.id, one.kind, one.subject) for one in work.queue.queued] == [
        (run_id, RunKind.TRIAL, {"document": "ER", "year": 2024, "form_set": "2025.1"})
    ]
