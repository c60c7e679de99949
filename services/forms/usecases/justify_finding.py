"""Justifies a failed control in writing."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Violation
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.errors import NotAFinding
from services.forms.domain.evaluation import Evaluation, Explanation
from services.forms.domain.filing import Verdict
from services.forms.usecases.evaluating import evaluate, write_cells
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork


class JustifyFinding:
    """The text is kept by validation with the operands it was written about: when they change, it no longer counts."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, explanation: Explanation, request_id: str) -> Verdict:
        """Keep the justification and return the verdict that follows.

        Raises:
            FilingUnknown: no such filing for this caller.
            NotAFinding: the control does not fail, or not at this cell, or blocks.
            Invalid: the text is too short or too long (W-02), as validation says.
            FilingNotEditable: wrong step, or a signature is under way.
            TrialOnly: it is a trial.
            CampaignClosed: its last day is over.
        """
        explanation = replace(explanation, text=" ".join(explanation.text.split()))
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.justify", filing)
            filing.require_real()
            filing.require_editable(self._clock.now())
            form_set = self._form_sets.load(filing.form_set)
            cells = await work.cells.of(filing_id)
            report = await evaluate(work, self._controls, form_set, filing, cells)
            operands = _operands_of(report, explanation)
            await self._controls.justify(request_id, filing, explanation, caller.name, operands)
            now = self._clock.now()
            written = await write_cells(work, self._controls, form_set, filing, cells, (), caller.name, now)
            await work.activities.add(_told(filing_id, explanation, caller, now))
            await work.commit()
        return written.evaluation.verdict


def _told(filing_id: UUID, explanation: Explanation, caller: Caller, at: datetime) -> Activity:
    what = " ".join(filter(None, (explanation.control, explanation.cell)))
    french, english = f"{what} justifié : {explanation.text}", f"{what} justified: {explanation.text}"
    return Activity(filing_id, at, caller.name, "FINDING_JUSTIFIED", french, english)


def _operands_of(report: Evaluation, explanation: Explanation) -> dict[str, str]:
    control = explanation.control
    finding = next((f for f in report.findings if f.control == control and f.is_failed), None)
    if finding is None or finding.severity not in ("A", "R"):
        raise _refused(f"Le contrôle {control} n'est pas une anomalie à justifier.", "control", "NOT_A_FINDING")
    try:
        return finding.operands_at(explanation.cell)
    except LookupError:
        sentence = f"Le contrôle {control} ne signale rien en {explanation.cell}."
        raise _refused(sentence, "cell", "NOT_A_PLACE") from None


def _refused(sentence: str, field: str, reason: str) -> NotAFinding:
    return NotAFinding(sentence, violations=[Violation(field, sentence, reason)])
