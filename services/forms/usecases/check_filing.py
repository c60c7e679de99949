"""Runs every control of the document on the filing as it is now."""

from uuid import UUID

from chassis.identity import Caller
from services.forms.domain.evaluation import Evaluation
from services.forms.domain.filing import Filing
from services.forms.usecases.evaluating import evaluate
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork


class CheckFiling:
    """Stores nothing; findings are a result, never a failure."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID) -> tuple[Filing, Evaluation]:
        """Return the filing and the whole report.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, "filing.read", filing)
            cells, form_set = await work.cells.of(filing_id), self._form_sets.load(filing.form_set)
            return filing, await evaluate(work, self._controls, form_set, filing, cells)
