"""What a verdict rests on besides the cells: what the filer justified and what the authority adjusted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.validation.domain.adjustment import Jurisdiction, Softening
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.evaluation import Evaluation, Finding
from services.validation.domain.justification import Justification
from services.validation.usecases.ports import FormSets, OpensWork, Subject
from services.validation.usecases.softening import softened_in


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, and what the filer wrote and the authority answered about its controls."""

    evaluation: Evaluation
    written: Mapping[str, AnsweredJustification] = field(default_factory=dict)
    """Control → the latest justification, whether it counts or not."""
    report_id: str = ""
    """Names the report for `RecheckFiling`; empty when it is not remembered."""

    def refused(self, finding: Finding) -> AnsweredJustification | None:
        """The refused justification of these very figures, None when there is none."""
        kept = self.written.get(finding.control)
        is_open = finding.status == "failed" and finding.justification is None
        return kept if kept and is_open and kept.is_refusal_of(dict(finding.operands)) else None


@dataclass(frozen=True, slots=True)
class Said:
    """What people said that bears on a verdict."""

    written: Mapping[str, AnsweredJustification] = field(default_factory=dict)
    """Control → the latest justification, whether it counts or not."""
    softenings: tuple[Softening, ...] = ()
    """By control id."""

    @property
    def counting(self) -> list[Justification]:
        """Justifications that nobody refused."""
        return [one.justification for one in self.written.values() if not one.is_refused]


class Judging:
    """Reads what was justified and adjusted."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, jurisdiction: Jurisdiction) -> None:
        self._open_work, self._form_sets, self._jurisdiction = open_work, form_sets, jurisdiction

    async def said_about(self, subject: Subject) -> Said:
        """Return what was justified of a filing, and adjusted by the authority over its document.

        Raises:
            FormSetUnknown: this server ships no such version.
        """
        if subject.filing_id is None and not subject.year:
            return Said()
        authority = self._jurisdiction.over(subject.document)
        async with self._open_work() as work:
            written = await work.justifications.in_force(subject.filing_id) if subject.filing_id else []
            adjustments = (
                await work.adjustments.in_force(subject.document, subject.year, authority) if subject.year else []
            )
        by_control = {one.justification.control: one for one in written}
        return Said(by_control, softened_in(self._form_sets, subject.form_set, adjustments))
