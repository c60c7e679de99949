"""What validation answered about a filing: computed cells, findings, verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.forms.domain.filing import Verdict
from services.forms.domain.importing import Sentences


@dataclass(frozen=True, slots=True)
class Justification:
    """The written reason for which an anomaly is right."""

    control: str
    text: str
    author: str
    at: datetime
    operands_digest: str
    number: int = 0
    """Of this text; what an answer of the authority is about."""
    answer: str = ""
    is_accepted: bool = False
    answered_by: str = ""
    """Empty while the authority has not answered."""
    answered_at: datetime | None = None
    cell: str = ""
    """Where it is about; empty for all that the control found."""
    reason: str = "other"
    """Code of the kind of reason."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a person writes to justify a failed control, or one cell of it."""

    control: str
    text: str
    cell: str = ""
    reason: str = "other"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a control fails, justified on its own: a line, an empty mandatory cell, or all that it reads."""

    cells: tuple[str, ...]
    operands: tuple[str, ...] = ()
    """Those of the finding that belong to it."""
    justification: Justification | None = None
    refused: Justification | None = None
    """What the authority refused about these very figures; it does not count."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One control and what came of it."""

    control: str
    severity: str
    """B, T, A or R."""
    status: str
    """passed, failed or not_evaluated."""
    message: tuple[str, str]
    """Short official sentence, (French, English)."""
    fr: Sentences
    en: Sentences
    cells: tuple[str, ...]
    missing: tuple[str, ...]
    operands: Mapping[str, str]
    places: tuple[Place, ...] = ()
    """Where it fails, when it does."""
    is_justified: bool = False
    """Whether it fails and is justified wherever it does, as validation tells."""
    instruction: str = ""
    """Where the control's entry stands in the open catalogue."""
    line_instructions: tuple[str, ...] = ()
    """Where the instructions of the lines of its cells stand there."""

    @property
    def is_failed(self) -> bool:
        """True when the control does not hold."""
        return self.status == "failed"

    def operands_at(self, cell: str) -> dict[str, str]:
        """Return what the control read at the place of a cell; all that it read when no cell is given.

        Raises:
            LookupError: it does not fail at this cell.
        """
        if not cell:
            return dict(self.operands)
        found = [place for place in self.places if cell in place.cells]
        if not found:
            raise LookupError(cell)
        return {address: self.operands[address] for address in found[0].operands}


@dataclass(frozen=True, slots=True)
class PreviousYear:
    """What the body signed for the year before, which H-* controls compare with."""

    version: str
    """Names the signed version: what was signed never changes."""
    cells: Mapping[str, str]
    """As signed, computed cells included, under the addresses of its own form set."""
    restated: frozenset[str]
    """Cells of the previous year's columns that differ on purpose (H-01)."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The whole report."""

    computed: Mapping[str, str]
    """Address → written form, unrounded to ten decimals."""
    findings: tuple[Finding, ...]
    verdict: Verdict
    rule_set: str
    report: str = ""
    """Names this evaluation at validation."""

    def about(self, addresses: frozenset[str]) -> list[Finding]:
        """Return the failed controls that look at one of these cells."""
        return [f for f in self.findings if f.is_failed and addresses.intersection(f.cells)]


def moved_between(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Return the computed cells whose value changed; empty text for one that is empty now."""
    return {a: after.get(a, "") for a in before.keys() | after.keys() if before.get(a, "") != after.get(a, "")}
