"""What the queue does with a whole campaign: judges it again, tries a decision or a form set on it, or counts its findings."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from chassis.errors import Invalid
from services.validation.domain.adjustment import WITHDRAWN, Adjustment, Jurisdiction
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.evaluation import Evaluation
from services.validation.domain.form_set_trial import FormSetTrial
from services.validation.domain.run import LEFT, Run
from services.validation.usecases.adjust_control import decision_of
from services.validation.usecases.ports import (
    CampaignFilings,
    Engine,
    FilingToTry,
    FormSets,
    InputsPage,
    OpensWork,
    ToEvaluate,
)
from services.validation.usecases.run_queue import Advance
from services.validation.usecases.softening import softened_in

MOST_EXAMPLES = 10
_WORDS = {
    "T": ("bloquant à la transmission", "blocking transmission"),
    "A": ("à justifier", "to justify"),
    "R": ("une remarque", "a remark"),
}


class RejudgeCampaign:
    """Has forms judge the open filings again, page after page; a page done twice changes nothing the second time."""

    def __init__(self, filings: CampaignFilings) -> None:
        self._filings = filings

    async def __call__(self, run: Run, advance: Advance) -> Mapping[str, Any]:
        """Return how many filings were judged, and how many verdicts changed."""
        about = run.subject
        french, english = notice_of(about["control"], about["severity"], about["reason"])
        found = {"after": "", "judged": 0, "changed": 0, "skipped": 0, **run.progress}
        while True:
            page = await self._filings.rejudge(
                about["document"], about["year"], found["after"], french, english, about["author"]
            )
            found["judged"] += page.judged
            found["changed"] += page.changed
            found["skipped"] += page.skipped
            found["after"], found[LEFT] = page.next, page.left
            await advance(found, found["judged"])
            if not page.next:
                return found


@dataclass(frozen=True, slots=True)
class _Rules:
    """What is in force, and what would be."""

    before: tuple[Adjustment, ...]
    after: tuple[Adjustment, ...]


class TryAdjustment:
    """Judges filings under the rules in force and under those of the decision; keeps nothing but the differences."""

    def __init__(
        self,
        open_work: OpensWork,
        engine: Engine,
        filings: CampaignFilings,
        form_sets: FormSets,
        jurisdiction: Jurisdiction,
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._open_work, self._engine, self._filings = open_work, engine, filings
        self._form_sets, self._jurisdiction, self._seconds = form_sets, jurisdiction, seconds

    async def __call__(self, run: Run, advance: Advance) -> Mapping[str, Any]:
        """Return how many verdicts would change, the first ten of transmitted filings, and what a filing costs in time."""
        about = run.subject
        year = about["tried_on"] or about["year"]
        async with self._open_work() as work:
            authority = self._jurisdiction.over(about["document"])
            in_force = await work.adjustments.in_force(about["document"], year, authority)
        decision = decision_of(run)
        rules = _Rules(tuple(in_force), (*(one for one in in_force if one.control != decision.control), decision))
        found: dict[str, Any] = {"tried": 0, "changed": 0, "skipped": 0, "failing": 0, "examples": []}
        found |= {"seconds_before": 0.0, "seconds_after": 0.0, "after": "", **run.progress}
        with_signed = bool(about["tried_on"])
        async for page in _pages(self._filings, about["document"], year, found["after"], with_signed=with_signed):
            for filing in page.filings:
                await self._try(filing, rules, decision.control, found)
            found["after"], found[LEFT] = page.next, page.left
            await advance(found, found["tried"])
        return found

    async def _try(self, filing: FilingToTry, rules: _Rules, control: str, found: dict[str, Any]) -> None:
        found["tried"] += 1
        said = await _said(self._open_work, filing)
        reports = []
        try:
            for name, adjustments in (("seconds_before", rules.before), ("seconds_after", rules.after)):
                asked = _asked(self._form_sets, filing, said, adjustments)
                report, seconds = await _timed(self._engine, asked, self._seconds)
                reports.append(report)
                found[name] += seconds
        except Invalid:
            found["skipped"] += 1
            return
        before, after = reports
        found["failing"] += any(one.control == control and one.status == "failed" for one in before.findings)
        if before.verdict is not after.verdict:
            found["changed"] += 1
            # Of a filing that was not transmitted staff learn nothing but that it counts (T-26).
            if filing.is_transmitted and len(found["examples"]) < MOST_EXAMPLES:
                example = {"identity": dict(filing.identity), "before": before.verdict, "after": after.verdict}
                found["examples"].append(example)


class CountFindings:
    """Judges every filing of a campaign under the rules in force; keeps counts, names no filing and changes none."""

    def __init__(
        self,
        open_work: OpensWork,
        engine: Engine,
        filings: CampaignFilings,
        form_sets: FormSets,
        jurisdiction: Jurisdiction,
    ) -> None:
        self._open_work, self._engine, self._filings = open_work, engine, filings
        self._form_sets, self._jurisdiction = form_sets, jurisdiction

    async def __call__(self, run: Run, advance: Advance) -> Mapping[str, Any]:
        """Return how many filings have which verdict, and on how many each control fails."""
        document, year = run.subject["document"], run.subject["year"]
        async with self._open_work() as work:
            in_force = await work.adjustments.in_force(document, year, self._jurisdiction.over(document))
        found: dict[str, Any] = {
            "checked": 0,
            "skipped": 0,
            "verdicts": {},
            "controls": {},
            "after": "",
            **run.progress,
        }
        async for page in _pages(self._filings, document, year, found["after"], with_signed=True):
            for filing in page.filings:
                await self._count(filing, in_force, found)
            found["after"], found[LEFT] = page.next, page.left
            await advance(found, found["checked"] + found["skipped"])
        return found

    async def _count(self, filing: FilingToTry, in_force: Sequence[Adjustment], found: dict[str, Any]) -> None:
        asked = _asked(self._form_sets, filing, await _said(self._open_work, filing), in_force)
        try:
            report = await self._engine.evaluate(asked)
        except Invalid:
            found["skipped"] += 1
            return
        found["checked"] += 1
        verdicts, controls = found["verdicts"], found["controls"]
        verdicts[report.verdict] = verdicts.get(report.verdict, 0) + 1
        for finding in report.findings:
            if finding.status == "passed":
                continue
            nothing_yet = {"failing": 0, "justified": 0, "not_evaluated": 0}
            count = controls.setdefault(finding.control, nothing_yet)
            is_failing = finding.status == "failed"
            count["failing"] += is_failing
            count["justified"] += is_failing and finding.is_justified
            count["not_evaluated"] += not is_failing
            count |= {"severity": finding.severity, "fr": finding.french.what, "en": finding.english.what}


class TryFormSet:
    """Judges every filing under its own form set and, carried as a publication would, under another one.

    Both judgements are of the same cells, whatever people type meanwhile. Adjustments in force count under either.
    """

    def __init__(
        self,
        open_work: OpensWork,
        engine: Engine,
        filings: CampaignFilings,
        form_sets: FormSets,
        jurisdiction: Jurisdiction,
        seconds: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._open_work, self._engine, self._filings = open_work, engine, filings
        self._form_sets, self._jurisdiction, self._seconds = form_sets, jurisdiction, seconds

    async def __call__(self, run: Run, advance: Advance) -> Mapping[str, Any]:
        """Return what would change: verdicts, controls, examples among transmitted filings, and the time a filing takes."""
        document, year, form_set = (run.subject[name] for name in ("document", "year", "form_set"))
        async with self._open_work() as work:
            in_force = await work.adjustments.in_force(document, year, self._jurisdiction.over(document))
        trial, after = FormSetTrial.from_kept(run.progress.get("trial", {})), run.progress.get("after", "")
        async for page in _pages(self._filings, document, year, after, with_signed=True, form_set=form_set):
            for filing in page.filings:
                await self._try(filing, form_set, in_force, trial)
            kept = {"trial": asdict(trial), "after": page.next, LEFT: page.left}
            await advance(kept, trial.checked + trial.skipped)
        return asdict(trial.told())

    async def _try(
        self, filing: FilingToTry, form_set: str, in_force: Sequence[Adjustment], trial: FormSetTrial
    ) -> None:
        said = await _said(self._open_work, filing)
        try:
            own = _asked(self._form_sets, filing, said, in_force)
            before, seconds_before = await _timed(self._engine, own, self._seconds)
            carried = replace(filing, form_set=form_set, cells=filing.cells_carried)
            other = _asked(self._form_sets, carried, said, in_force)
            after, seconds_after = await _timed(self._engine, other, self._seconds)
        except Invalid:
            trial.skipped += 1
            return
        trial.to_choose += filing.to_choose
        trial.seconds_before += seconds_before
        trial.seconds_after += seconds_after
        trial.add(before, after, dict(filing.identity) if filing.is_transmitted else None)


async def _pages(
    filings: CampaignFilings, document: str, year: int, after: str, *, with_signed: bool, form_set: str = ""
) -> AsyncIterator[InputsPage]:
    """Yield the pages of a campaign from one on, the last of them too; there is always one."""
    while True:
        page = await filings.inputs(document, year, after, with_signed=with_signed, form_set=form_set)
        yield page
        if not page.next:
            return
        after = page.next


def _asked(
    form_sets: FormSets, filing: FilingToTry, said: Sequence[AnsweredJustification], adjustments: Sequence[Adjustment]
) -> ToEvaluate:
    softenings = softened_in(form_sets, filing.form_set, adjustments)
    about = filing.form_set, filing.document, filing.cells, said, filing.previous, softenings
    return ToEvaluate(*about, is_background=True)


async def _timed(engine: Engine, asked: ToEvaluate, seconds: Callable[[], float]) -> tuple[Evaluation, float]:
    started = seconds()
    return await engine.evaluate(asked), seconds() - started


async def _said(open_work: OpensWork, filing: FilingToTry) -> list[AnsweredJustification]:
    async with open_work() as work:
        return await work.justifications.in_force(filing.filing_id)


def notice_of(control: str, severity: str, reason: str) -> tuple[str, str]:
    """Return what filers are told of a decision, in French and in English."""
    if severity == WITHDRAWN:
        return f"Le contrôle {control} est retiré : {reason}", f"Control {control} is withdrawn: {reason}"
    french, english = _WORDS[severity]
    return f"Le contrôle {control} est désormais {french} : {reason}", f"Control {control} is now {english}: {reason}"
