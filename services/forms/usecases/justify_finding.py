"""Justifies a failed control in writing."""

from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Violation
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.errors import NotAFinding
from services.forms.domain.evaluation import Evaluation
from services.forms.domain.filing import Verdict
from services.forms.usecases.evaluating import evaluate, write_cells
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork

SHORTEST_TEXT = 20
"""Characters of a justification, at least (control W-02)."""
LONGEST_TEXT = 2000


class JustifyFinding:
    """The text is kept by validation with the operands it was written about: when they change, it no longer counts."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, control: str, text: str, request_id: str) -> Verdict:
        """Keep the justification and return the verdict that follows.

        Raises:
            FilingUnknown: no such filing for this caller.
            NotAFinding: the control does not fail, blocks, or the text is too short or too long.
            FilingNotEditable: wrong step, or a signature is under way.
            TrialOnly: it is a trial.
            CampaignClosed: its last day is over.
        """
        text = " ".join(text.split())
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.justify", filing)
            filing.require_real()
            filing.require_editable(self._clock.now())
            form_set = self._form_sets.load(filing.form_set)
            cells = await work.cells.of(filing_id)
            report = await evaluate(work, self._controls, form_set, filing, cells)
            operands = _operands_of(report, control, text)
            await self._controls.justify(request_id, filing, control, text, caller.name, operands)
            now = self._clock.now()
            written = await write_cells(work, self._controls, form_set, filing, cells, (), caller.name, now)
            await work.activities.add(
                Activity(
                    filing_id,
                    now,
                    caller.name,
                    "FINDING_JUSTIFIED",
                    f"{control} justifié : {text}",
                    f"{control} justified: {text}",
                )
            )
            await work.commit()
        return written.evaluation.verdict


def _operands_of(report: Evaluation, control: str, text: str) -> dict[str, str]:
    finding = next((f for f in report.findings if f.control == control and f.is_failed), None)
    if finding is None or finding.severity not in ("A", "R"):
        sentence = f"Le contrôle {control} n'est pas une anomalie à justifier."
        raise NotAFinding(sentence, violations=[Violation("control", sentence, "NOT_A_FINDING")])
    if not SHORTEST_TEXT <= len(text) <= LONGEST_TEXT:
        sentence = f"La justification compte {len(text)} caractères ; il en faut de {SHORTEST_TEXT} à {LONGEST_TEXT}."
        raise NotAFinding(sentence, violations=[Violation("text", sentence, "W-02")])
    return dict(finding.operands)
