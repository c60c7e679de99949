"""Says under which rules the filings of a campaign are judged here, so that anybody who holds them can judge again (F19)."""

from dataclasses import dataclass, replace

from services.validation.domain.adjustment import Adjustment, Jurisdiction, adjusted, softened
from services.validation.usecases.ports import FormSets, OpensWork
from services.validation.usecases.softening import form_set_of


@dataclass(frozen=True, slots=True)
class RulesInForce:
    """The rules of a campaign."""

    form_set_digest: str
    """Of the package as published."""
    rule_set: str
    """The digest that reports carry."""
    adjustments: tuple[Adjustment, ...]
    """Those that make the difference between the two, by control id; who decided is left out."""


class GetRuleSet:
    """Tells what reports are made with; what was decided is said, by whom is not."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, jurisdiction: Jurisdiction) -> None:
        self._open_work, self._form_sets, self._jurisdiction = open_work, form_sets, jurisdiction

    async def __call__(self, form_set: str, document: str, year: int) -> RulesInForce:
        """Return the rules with which a document of this form set and year is judged.

        Raises:
            FormSetUnknown: this server ships no such version.
        """
        published = form_set_of(self._form_sets, form_set)
        async with self._open_work() as work:
            decided = await work.adjustments.in_force(document, year, self._jurisdiction.over(document))
        softenings = softened(published, decided)
        effective = {control for control, _ in softenings}
        told = tuple(replace(one, author="") for one in decided if one.control in effective)
        return RulesInForce(published.digest, adjusted(published, softenings).digest, told)
