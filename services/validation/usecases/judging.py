"""What a verdict rests on besides the cells: what the filer justified and what the authority adjusted."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.validation.domain.adjustment import Jurisdiction, Softening
from services.validation.domain.answer import AnsweredJustification
from services.validation.domain.evaluation import Evaluation
from services.validation.usecases.ports import FormSets, OpensWork, Subject
from services.validation.usecases.softening import softened_in


@dataclass(frozen=True, slots=True)
class Judged:
    """A report, named."""

    evaluation: Evaluation
    report_id: str = ""
    """Names the report for `RecheckFiling`; empty when it is not remembered."""


@dataclass(frozen=True, slots=True)
class Said:
    """What people said that bears on a verdict."""

    written: Sequence[AnsweredJustification] = ()
    """The latest justification of each control and cell, refused ones too."""
    softenings: tuple[Softening, ...] = ()
    """By control id."""


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
        return Said(written, softened_in(self._form_sets, subject.form_set, adjustments))
