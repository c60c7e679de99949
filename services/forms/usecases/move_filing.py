"""Moves a filing to another step of its life."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.filing import Filing, Step, permission_for_move
from services.forms.usecases.evaluating import evaluate
from services.forms.usecases.ports import Controls, FormSets, OpensWork


class MoveFiling:
    """Forward with the right of that step, back with a reason. The verdict is refreshed on the way."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, step: Step, reason: str) -> Filing:
        """Return the filing at the step.

        Raises:
            FilingUnknown: no such filing for this caller.
            StepRefused: there is no such move from where the filing is.
            Forbidden: the caller lacks the permission of this move.
            ReasonMissing: going back without a reason.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            caller.require("filing.read", filing.body.siren)
            if filing.step is step:
                return filing
            caller.require(permission_for_move(filing.step, step), filing.body.siren)
            now = self._clock.now()
            moved = filing.moved(step, reason, now)
            cells = await work.cells.of(filing_id)
            report = await evaluate(self._controls, self._form_sets.load(filing.form_set), filing, cells)
            moved = moved.edited(now, report.verdict, report.rule_set)
            await work.filings.save(moved)
            because = f" : {reason.strip()}" if reason.strip() else ""
            await work.activities.add(
                Activity(
                    filing_id,
                    now,
                    caller.name,
                    "FILING_MOVED",
                    f"Étape {int(filing.step)} → étape {int(step)}{because}",
                    f"Step {int(filing.step)} → step {int(step)}{because}",
                )
            )
            await work.commit()
        return moved
