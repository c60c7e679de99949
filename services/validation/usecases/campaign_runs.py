"""What the queue does with a whole campaign: judges it again after a decision, or tries a decision on it."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chassis.errors import Invalid
from services.validation.domain.adjustment import WITHDRAWN, Adjustment, Jurisdiction
from services.validation.domain.run import Run
from services.validation.usecases.adjust_control import decision_of
from services.validation.usecases.ports import CampaignFilings, Engine, FilingToTry, FormSets, OpensWork, ToEvaluate
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
            found["after"] = page.next
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
        """Return how many verdicts would change, the first ten, and what a filing costs in time."""
        about = run.subject
        year = about["tried_on"] or about["year"]
        async with self._open_work() as work:
            authority = self._jurisdiction.over(about["document"])
            in_force = await work.adjustments.in_force(about["document"], year, authority)
        decision = decision_of(run)
        rules = _Rules(tuple(in_force), (*(one for one in in_force if one.control != decision.control), decision))
        found: dict[str, Any] = {"tried": 0, "changed": 0, "skipped": 0, "failing": 0, "examples": []}
        found |= {"seconds_before": 0.0, "seconds_after": 0.0, "after": "", **run.progress}
        while True:
            page, following = await self._filings.inputs(
                about["document"], year, found["after"], with_signed=bool(about["tried_on"])
            )
            for filing in page:
                await self._try(filing, rules, decision.control, found)
            found["after"] = following
            await advance(found, found["tried"])
            if not following:
                return found

    async def _try(self, filing: FilingToTry, rules: _Rules, control: str, found: dict[str, Any]) -> None:
        found["tried"] += 1
        async with self._open_work() as work:
            kept = await work.justifications.in_force(filing.filing_id)
        counting = [one.justification for one in kept if not one.is_refused]
        reports = []
        try:
            for name, adjustments in (("seconds_before", rules.before), ("seconds_after", rules.after)):
                softenings = softened_in(self._form_sets, filing.form_set, adjustments)
                started = self._seconds()
                reports.append(
                    await self._engine.evaluate(
                        ToEvaluate(
                            filing.form_set,
                            filing.document,
                            filing.cells,
                            counting,
                            filing.previous,
                            softenings,
                            is_background=True,
                        )
                    )
                )
                found[name] += self._seconds() - started
        except Invalid:
            found["skipped"] += 1
            return
        before, after = reports
        found["failing"] += any(one.control == control and one.status == "failed" for one in before.findings)
        if before.verdict is not after.verdict:
            found["changed"] += 1
            if len(found["examples"]) < MOST_EXAMPLES:
                example = {"identity": dict(filing.identity), "before": before.verdict, "after": after.verdict}
                found["examples"].append(example)


def notice_of(control: str, severity: str, reason: str) -> tuple[str, str]:
    """Return what filers are told of a decision, in French and in English."""
    if severity == WITHDRAWN:
        return f"Le contrôle {control} est retiré : {reason}", f"Control {control} is withdrawn: {reason}"
    french, english = _WORDS[severity]
    return f"Le contrôle {control} est désormais {french} : {reason}", f"Control {control} is now {english}: {reason}"
