"""Computes every formula and runs every control of a document."""

from collections.abc import Mapping

from chassis.identifiers import Identifiers
from services.validation.domain.evaluation import evaluation_of
from services.validation.usecases.judging import Judged, Judging
from services.validation.usecases.ports import Engine, PreviousYear, Subject, ToEvaluate
from services.validation.usecases.recent_reports import RecentReport, RecentReports


class EvaluateFiling:
    """Stores nothing; findings are a result, never a failure."""

    def __init__(self, engine: Engine, judging: Judging, identifiers: Identifiers, recent: RecentReports) -> None:
        self._engine, self._judging, self._identifiers, self._recent = engine, judging, identifiers, recent

    async def __call__(
        self,
        subject: Subject,
        cells: Mapping[str, str],
        previous: PreviousYear | None = None,
        *,
        is_background: bool = False,
    ) -> Judged:
        """Judge the cells; the justifications of the filing count where their figures hold and nobody refused them.

        Args:
            subject: what is judged, under which rules.
            cells: filled cells in written form, given ones included.
            previous: what the body filed the year before, None when nothing.
            is_background: True when nobody waits for the answer.

        Raises:
            FormSetUnknown: this server ships no such version.
            CellsMalformed: a cell is not in the form set or not in written form.
            EngineBusy: too many people wait already.
        """
        said = await self._judging.said_about(subject)
        report = await self._engine.check(
            ToEvaluate(
                subject.form_set,
                subject.document,
                cells,
                previous=previous,
                softenings=said.softenings,
                is_background=is_background,
            )
        )
        rules = await self._engine.rules(subject.form_set, said.softenings)
        report_id = str(self._identifiers.next()) if subject.filing_id else ""
        if subject.filing_id:
            self._recent.keep(subject.filing_id, report_id, RecentReport(subject, said.softenings, report))
        return Judged(evaluation_of(rules, report, said.written), report_id)
