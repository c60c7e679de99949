"""What publishing another form set would do to the open filings of a campaign (F9): the sums, and which filings, how.

A publication reaches only filings that were never signed: the authority is told which they are and which cells are in the
way, and never a value, nor what the controls say of one of them (T-26, ADR 0015).
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from formsets import FormSet
from services.forms.domain.filing import Document, Filing, Verdict
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
    """The filled cells of one filing, or of the open filings under one form set."""

    certain: int
    """Those that stay whatever is in them."""
    others: Sequence[ValueCount]


@dataclass(frozen=True, slots=True)
class CellToChoose:
    """A filled cell whose value would be set aside until somebody chooses."""

    address: str
    label: str
    why: Why


@dataclass(frozen=True, slots=True)
class AffectedFiling:
    """A filing that a publication would change, and how: no value of it, and nothing that the controls say."""

    filing: Filing
    carried: int
    """Filled cells that stay as they are."""
    to_choose: tuple[CellToChoose, ...]
    """In order of address."""
    recomputed: int | None = None
    """Computed cells whose value changes, appears or goes; None when nobody could tell in time."""


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
    dropped: int = 0
    """Zeros in cells that are closed then, of all filings: nobody is asked about those."""
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
        for one, why in _whys(before, after, document, year, cells):
            if why is None:
                self.carried += one.filings
            elif _needs_choice(one, why):
                label = _label(before, one.address)
                there = self.to_choose.setdefault((one.address, why), CellsToChoose(one.address, label, why))
                there.filings += one.filings
            else:
                self.dropped += one.filings

    def add_judged(self, change: JudgedChange) -> None:
        """Add how the controls judge one filing under both form sets."""
        self.judged += 1
        self.changed += change.before is not change.after
        self.verdicts_before[change.before] += 1
        self.verdicts_after[change.after] += 1
        self.newly_failing.update(change.newly_failing)
        self.recomputed += change.recomputed


def affected(filing: Filing, before: FormSet, after: FormSet, cells: FilledCells) -> AffectedFiling:
    """Return how one filing would be affected, but for what is computed.

    A 0 in a cell that is closed then is dropped, and not named: its name would be its value.
    """
    carried, to_choose = cells.certain, []
    for one, why in _whys(before, after, filing.document, filing.year, cells):
        if why is None:
            carried += 1
        elif _needs_choice(one, why):
            to_choose.append(CellToChoose(one.address, _label(before, one.address), why))
    return AffectedFiling(filing, carried, tuple(sorted(to_choose, key=lambda one: one.address)))


def _whys(
    before: FormSet, after: FormSet, document: Document, year: int, cells: FilledCells
) -> Iterator[tuple[ValueCount, Why | None]]:
    for one in cells.others:
        yield one, why_unfit(before, after, document, year, one.address, one.value)


def _needs_choice(one: ValueCount, why: Why) -> bool:
    return needs_choice(why, one.value, is_in_conflict=one.is_in_conflict)


def _label(form_set: FormSet, address: str) -> str:
    return form_set.label(address) if form_set.has_cell(address) else ""


def certain(before: FormSet, after: FormSet, document: Document) -> Collection[str]:
    """Return the addresses at which whatever a document holds stays: values need not be looked at there."""
    return [one for one in before.cells() if stays_whatever(before, after, document, one)]
