"""Computes every formula and runs every control of a document."""

from collections.abc import Mapping

from chassis.identifiers import Identifiers
from services.validation.domain.evaluation import evaluation_of
from services.validation.usecases.judging import Judged, said_about
from services.validation.usecases.ports import Engine, FormSets, OpensWork, PreviousYear, Subject, ToEvaluate
from services.validation.usecases.recent_reports import RecentReport, RecentReports


class EvaluateFiling:
    """Stores nothing; findings are a result, never a failure."""

    def __init__(
        self,
        open_work: OpensWork,
        engine: Engine,
        form_sets: FormSets,
        identifiers: Identifiers,
        recent: RecentReports,
    ) -> None:
        self._open_work, self._engine, self._form_sets = open_work, engine, form_sets
        self._identifiers, self._recent = identifiers, recent

    async def __call__(
        self, subject: Subject, cells: Mapping[str, str], previous: PreviousYear | None = None
    ) -> Judged:
        """Judge the cells; the justifications of the filing count where their figures hold and nobody refused them.

        Args:
            subject: what is judged, under which rules.
            cells: filled cells in written form, given ones included.
            previous: what the body filed the year before, None when nothing.

        Raises:
            FormSetUnknown: this server ships no such version.
            CellsMalformed: a cell is not in the form set or not in written form.
        """
        said = await said_about(self._open_work, self._form_sets, subject)
        to_check = ToEvaluate(subject.form_set, subject.document, cells, (), previous, said.softenings)
        report = await self._engine.check(to_check)
        rules = await self._engine.rules(subject.form_set, said.softenings)
        report_id = str(self._identifiers.next()) if subject.filing_id else ""
        if subject.filing_id:
            self._recent.keep(subject.filing_id, report_id, RecentReport(subject, said.softenings, report))
        return Judged(evaluation_of(rules, report, said.counting), said.written, report_id)
