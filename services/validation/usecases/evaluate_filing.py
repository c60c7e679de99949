"""Computes every formula and runs every control of a document."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from services.validation.domain.adjustment import Jurisdiction
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.evaluation import Evaluation, Finding
from services.validation.domain.verdict import CheckedDocument
from services.validation.usecases.ports import Engine, FormSets, OpensWork, PreviousYear, ToEvaluate
from services.validation.usecases.softening import softened_in


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, and what the filer wrote and the authority answered about its controls."""

    evaluation: Evaluation
    written: Mapping[str, AnsweredJustification] = field(default_factory=dict)
    """Control → the latest justification, whether it counts or not."""

    def refused(self, finding: Finding) -> AnsweredJustification | None:
        """The refused justification of these very figures, None when there is none."""
        kept = self.written.get(finding.control)
        is_open = finding.status == "failed" and finding.justification is None
        return kept if kept and is_open and kept.is_refusal_of(dict(finding.operands)) else None


class EvaluateFiling:
    """Stores nothing; findings are a result, never a failure."""

    def __init__(self, open_work: OpensWork, engine: Engine, form_sets: FormSets, jurisdiction: Jurisdiction) -> None:
        self._open_work, self._engine = open_work, engine
        self._form_sets, self._jurisdiction = form_sets, jurisdiction

    async def __call__(
        self,
        form_set: str,
        document: CheckedDocument,
        cells: Mapping[str, str],
        filing_id: UUID | None,
        previous: PreviousYear | None = None,
        year: int = 0,
        *,
        is_background: bool = False,
    ) -> Judged:
        """Judge the cells; the justifications of the filing count where their figures hold and nobody refused them.

        Args:
            form_set: version of the rules.
            document: whose controls count.
            cells: filled cells in written form, given ones included.
            filing_id: the filing whose justifications count, None for none.
            previous: what the body filed the year before, None when nothing.
            year: the campaign whose adjustments count, 0 for the controls as published.
            is_background: True when nobody waits for the answer.

        Raises:
            FormSetUnknown: this server ships no such version.
            CellsMalformed: a cell is not in the form set or not in written form.
            EngineBusy: too many people wait already.
        """
        to_evaluate = ToEvaluate(form_set, document, cells, previous=previous, is_background=is_background)
        if filing_id is None and not year:
            return Judged(await self._engine.evaluate(to_evaluate))
        async with self._open_work() as work:
            written = await work.justifications.in_force(filing_id) if filing_id else []
            authority = self._jurisdiction.over(document)
            adjustments = await work.adjustments.in_force(document, year, authority) if year else []
        counting = [one.justification for one in written if not one.is_refused]
        softenings = softened_in(self._form_sets, form_set, adjustments)
        under = replace(to_evaluate, justifications=counting, softenings=softenings)
        evaluation = await self._engine.evaluate(under)
        return Judged(evaluation, {one.justification.control: one for one in written})
