"""Judges a filing after a small change, running only what the change touches."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from chassis.identifiers import Identifiers
from services.validation.domain.evaluation import difference_of, recheck_cells
from services.validation.usecases.judging import Judged, Judging
from services.validation.usecases.ports import Engine
from services.validation.usecases.recent_reports import RecentReports


class RecheckFiling:
    """Goes on from the report of the filing as it was, if this process still has it; stores nothing."""

    def __init__(self, engine: Engine, judging: Judging, identifiers: Identifiers, recent: RecentReports) -> None:
        self._engine, self._judging, self._identifiers, self._recent = engine, judging, identifiers, recent

    async def __call__(
        self,
        filing_id: UUID,
        report_id: str,
        changed: Mapping[str, str],
        basis: str = "",
        about: Collection[str] = (),
    ) -> Judged | None:
        """Return what the change moved: computed cells of another value and failed controls only.

        None when the report is not here, or was made under other adjustments or beside another previous year: the whole
        filing is to be evaluated then.

        Args:
            filing_id: the filing.
            report_id: of the filing as it was before the change.
            changed: changed cells in written form, empty when emptied.
            basis: as it would be said to `EvaluateFiling` now.
            about: of the failed controls, return those that look at one of these cells or at one that moved; none means all.

        Raises:
            CellsMalformed: a cell is not in the form set or not in written form.
        """
        recent = self._recent.find(filing_id, report_id)
        if recent is None or recent.subject.basis != basis:
            return None
        said = await self._judging.said_about(recent.subject)
        if said.softenings != recent.softenings:
            return None
        rules = await self._engine.rules(recent.subject.form_set, said.softenings)
        if not rules.is_light:
            # What may be long runs in a worker, beside other filings, and not here before them (F16).
            return None
        report = recheck_cells(rules, recent.report, changed)
        next_id = str(self._identifiers.next())
        self._recent.keep(filing_id, next_id, replace(recent, report=report))
        difference = difference_of(rules, recent.report, report, said.written)
        return Judged(difference.about({*about, *difference.computed}) if about else difference, next_id)
