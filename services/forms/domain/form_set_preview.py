"""What publishing another form set would do to the open filings of a campaign (F9): counts, and no filing by name.

A publication reaches only filings that were never signed, and of those the authority learns nothing but that they count
(T-26).
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from formsets import FormSet
from services.forms.domain.filing import Document, Verdict
from services.forms.domain.form_set_change import JudgedChange, Why, gained, needs_choice, stays_whatever, why_unfit


@dataclass(frozen=True, slots=True)
class ValueCount:
    """One value of one cell, and how many filings hold it."""

    address: str
    value: str
    is_in_conflict: bool
    filings: int


@dataclass(frozen=True, slots=True)
class FilledCells:
    """The filled cells of the open filings under one form set."""

    certain: int
    """Those that stay whatever is in them."""
    others: Sequence[ValueCount]


@dataclass(slots=True)
class CellsToChoose:
    """A cell whose value cannot stay, in how many filings."""

    address: str
    label: str
    why: Why
    filings: int = 0


@dataclass(slots=True)
class FormSetPreview:
    """The sum so far."""

    concerned: int = 0
    """Open filings that would change."""
    carried: int = 0
    """Filled cells that stay as they are, of all filings."""
    to_choose: dict[tuple[str, Why], CellsToChoose] = field(default_factory=dict)
    gained: set[str] = field(default_factory=set)
    """Cells that are new, open again, or newly computed."""
    judged: int = 0
    """Filings evaluated under both form sets; what follows is about those."""
    changed: int = 0
    """Whose verdict changes."""
    verdicts_before: Counter[Verdict] = field(default_factory=Counter)
    verdicts_after: Counter[Verdict] = field(default_factory=Counter)
    newly_failing: Counter[str] = field(default_factory=Counter)
    """Control → filings on which it would newly fail."""
    recomputed: int = 0
    """Computed cells whose value changes, appears or goes."""

    def add_filings(
        self, before: FormSet, after: FormSet, document: Document, year: int, filings: int, cells: FilledCells
    ) -> None:
        """Add the open filings under one form set."""
        self.concerned += filings
        self.carried += cells.certain
        self.gained |= set(gained(before, after, document))
        for one in cells.others:
            why = why_unfit(before, after, document, year, one.address, one.value)
            if why is None:
                self.carried += one.filings
            elif needs_choice(why, one.value, is_in_conflict=one.is_in_conflict):
                label = before.label(one.address) if before.has_cell(one.address) else ""
                there = self.to_choose.setdefault((one.address, why), CellsToChoose(one.address, label, why))
                there.filings += one.filings

    def add_judged(self, change: JudgedChange) -> None:
        """Add how the controls judge one filing under both form sets."""
        self.judged += 1
        self.changed += change.before is not change.after
        self.verdicts_before[change.before] += 1
        self.verdicts_after[change.after] += 1
        self.newly_failing.update(change.newly_failing)
        self.recomputed += change.recomputed


def certain(before: FormSet, after: FormSet, document: Document) -> Collection[str]:
    """Return the addresses at which whatever a document holds stays: values need not be looked at there."""
    return [one for one in before.cells() if stays_whatever(before, after, document, one)]
