"""Decides what importing a file would do, cell by cell, before anything is written (F10, F18)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.agreement import agreed
from chassis.errors import ThreeParts, Violation, violation
from formsets import FormSet
from formsets.comparison import disagreement
from formsets.values import parse, written
from services.forms.domain.accounts import AccountFeed
from services.forms.domain.addressing import place_of
from services.forms.domain.cell import Cell, Origin, Source, first_version
from services.forms.domain.errors import ImportHasProblems, ImportStale
from services.forms.domain.filing import Document


class Effect(StrEnum):
    """What an import would do to a cell."""

    FILL = "fill"
    REPLACE = "replace"
    SAME = "same"
    PROTECTED = "protected"
    COMPARED = "compared"
    ELSEWHERE = "elsewhere"
    SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class Sentences:
    """A message in three parts, in one language."""

    what: str
    where: str
    how: str

    @property
    def whole(self) -> str:
        """The three parts, one after the other."""
        return " ".join(part for part in (self.what, self.where, self.how) if part)


NOTHING_SAID = Sentences("", "", "")


@dataclass(frozen=True, slots=True)
class Problem:
    """A refused line: where it is in the file, which control refuses it, and the three-part message FR and EN."""

    line: int
    column: str
    code: str
    control: str
    text: str
    fr: Sentences
    en: Sentences
    extra: Mapping[str, str] = field(default_factory=dict)
    """The user's own extra columns on that line, given back (F18)."""


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of a file that was read: the cell, the text and its written form."""

    line: int
    address: str
    text: str
    value: str
    extra: Mapping[str, str] = field(default_factory=dict)
    """The user's own columns."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """F-22: a computed cell is worth something else in the file. Nothing is refused for it; FR and EN, three parts."""

    control: str
    fr: Sentences
    en: Sentences


@dataclass(frozen=True, slots=True)
class Change:
    """What the import would do to one cell."""

    address: str
    """Address as in the file; `kept_at` where it would be written."""
    kept_at: str
    line: int
    text: str
    value: str
    current: str
    current_version: int
    current_origin: Origin | None
    effect: Effect
    extra: Mapping[str, str] = field(default_factory=dict)
    """The user's own columns on that line, given back in the error file (F18)."""
    disagreement: Disagreement | None = None
    """Of a computed cell, when the file gives another value than the formula."""

    @property
    def is_written(self) -> bool:
        """Whether it is written when nothing is chosen."""
        return self.effect in (Effect.FILL, Effect.REPLACE)

    @property
    def is_open_to_choice(self) -> bool:
        """Whether a person may decide otherwise: leave out what is written, or have a typed value replaced."""
        return self.is_written or self.effect is Effect.PROTECTED


def names_of(address: str) -> tuple[str, str, str]:
    """Return the names under which a cell may be taken or left, the narrowest first: itself, its line, its form."""
    return address, address.rpartition(".")[0], address.partition(".")[0]


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """What a person takes of an import and what they leave out: cells, lines or forms, of which the narrowest decides.

    Of what is not named, all is written but the corrections that persons typed.
    """

    taken: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()
    overwrites_typed: bool = False
    """Replace every typed correction; without it, one is replaced when its own address is taken, and by no wider name."""

    def writes(self, change: Change) -> bool:
        """Tell whether this change is written."""
        if not change.is_open_to_choice:
            return False
        if change.effect is Effect.PROTECTED and not self.overwrites_typed:
            return change.address in self.taken
        names = names_of(change.address)
        decisive = next((name for name in names if name in self.taken or name in self.left), "")
        return decisive not in self.left


@dataclass(frozen=True, slots=True)
class OwnRow:
    """A row of a balance or a FEC, as the person wrote it."""

    account: str
    """That the row counts for; empty for one that is left out or refused."""
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnTable:
    """The rows of a balance or a FEC, kept to be given back in the error file (F18)."""

    titles_at: int
    """Which of the rows names the columns."""
    rows: tuple[OwnRow, ...]
    """All of the file, the first one its first line; none of a file too long to be given back."""


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What reading a file gave; kept so that the person can decide, then confirmed once."""

    id: UUID
    filing_id: UUID
    file_name: str
    author: str
    made_at: datetime
    revision: int
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    guesses: tuple[tuple[str, str], ...]
    """Each guess as a sentence, (French, English)."""
    is_confirmed: bool = False
    feeds: tuple[AccountFeed, ...] = ()
    """Of a balance or a FEC: which account feeds which cell, and those that no cell takes."""
    table: OwnTable | None = None
    """Of a balance or a FEC."""
    choice: ImportChoice | None = None
    """What the person took when they confirmed; None before, and of imports confirmed before choices were kept."""
    package: str = ""
    """Accounting package whose mapping was used; empty for the body's default one."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Cells that would have been written and that the person left out, in the order of the file."""
        return () if self.choice is None else left_out(self.changes, self.choice)

    @property
    def own_columns(self) -> list[str]:
        """Titles of the person's own columns, in the order of the file."""
        extras = [change.extra for change in self.changes] + [problem.extra for problem in self.problems]
        return list(dict.fromkeys(name for extra in extras for name in extra))


def left_out(changes: Iterable[Change], choice: ImportChoice) -> tuple[str, ...]:
    """Return the cells that an import would write if nothing were chosen, and that this choice leaves out."""
    return tuple(c.address for c in changes if c.is_written and not choice.writes(c))


def plan_import(
    form_set: FormSet, document: Document, cells: Mapping[str, Cell], lines: Iterable[ReadLine]
) -> list[Change]:
    """Return what importing these lines would do.

    Lines of the other document are never stored, though a QDIS shows shared facts of the ER: those come through
    their aliases (decisions.md 3 and 4).

    Args:
        form_set: the form set the filing is pinned to.
        document: the document of the filing.
        cells: what the filing holds.
        lines: what the file holds, read.
    """
    changes = []
    for line in lines:
        place = place_of(form_set, document, line.address)
        present = cells.get(place.address)
        is_elsewhere = form_set.has_cell(line.address) and form_set.document_of(line.address) != document
        effect = _effect("elsewhere" if is_elsewhere else place.refusal, present, line.value)
        changes.append(
            Change(
                address=line.address,
                kept_at=place.address,
                line=line.line,
                text=line.text,
                value=line.value,
                current=present.value if present else "",
                current_version=present.version if present else 0,
                current_origin=present.source.origin if present else None,
                effect=effect,
                extra=line.extra,
            )
        )
    return changes


def _effect(refusal: str | None, present: Cell | None, value: str) -> Effect:
    if refusal in ("elsewhere", "unknown"):
        return Effect.ELSEWHERE
    if refusal is not None:
        return Effect.COMPARED
    if (present.value if present else "") == value:
        return Effect.SAME
    if present is not None and present.is_sealed:
        return Effect.SEALED
    if present is not None and present.is_personal:
        return Effect.PROTECTED
    return Effect.REPLACE if present is not None and present.value else Effect.FILL


def compare_totals(form_set: FormSet, changes: Iterable[Change], computed: Mapping[str, str]) -> list[Change]:
    """Return the changes, each computed cell of the file beside what the formula gives (F-22).

    Args:
        form_set: the form set the filing is pinned to.
        changes: what importing would do.
        computed: computed cells as they would be once these changes are written.
    """
    return [_compared(form_set, change, computed) for change in changes]


def _compared(form_set: FormSet, change: Change, computed: Mapping[str, str]) -> Change:
    ours = computed.get(change.address) or computed.get(change.kept_at)
    if change.effect is not Effect.COMPARED or not form_set.is_computed(change.address) or not ours:
        return change
    cell_type = form_set.cell_type(change.address)
    value = parse(ours, cell_type)
    problem = disagreement(form_set, change.address, parse(change.value, cell_type), value) if change.value else None
    if problem is None:
        return replace(change, current=written(value, cell_type))
    fr, en = problem.french, problem.english
    found = Disagreement(problem.control, Sentences(fr.what, fr.where, fr.how), Sentences(en.what, en.where, en.how))
    return replace(change, current=written(value, cell_type), disagreement=found)


def confirm(
    preview: ImportPreview,
    cells: Mapping[str, Cell],
    author: str,
    at: datetime,
    choice: ImportChoice,
    *,
    accept_partial: bool,
) -> list[Cell]:
    """Return the cells that the import writes, confirmed by this author.

    Raises:
        ImportHasProblems: lines are refused and the person did not accept to leave them out.
        ImportStale: a cell to write changed, or was sealed, since the preview.
    """
    if preview.problems and not accept_partial:
        raise ImportHasProblems(
            agreed(
                "{n} ligne(s) refusée(s) : corrigez le fichier, ou acceptez l'import partiel.",
                {"n": len(preview.problems)},
                "fr",
            )
        )
    to_write = [change for change in preview.changes if choice.writes(change)]
    _require_unchanged(to_write, cells)
    written: dict[str, Cell] = {}
    for change in to_write:
        source = Source(Origin.IMPORTED, author, at, preview.file_name, change.line)
        present = cells.get(change.kept_at)
        written[change.kept_at] = (
            present.changed(change.value, source) if present else first_version(change.kept_at, change.value, source)
        )
    return list(written.values())


def _require_unchanged(to_write: Sequence[Change], cells: Mapping[str, Cell]) -> None:
    stale = [change for change in to_write if _is_stale(change, cells.get(change.kept_at))]
    if stale:
        named, more = ", ".join(change.address for change in stale[:10]), "…" if len(stale) > 10 else ""
        raise ImportStale(
            f"Modifié depuis l'aperçu : {named}{more}. Refaites l'aperçu.",
            violations=[_changed(change.address, cells.get(change.kept_at)) for change in stale],
        )


def _changed(address: str, present: Cell | None) -> Violation:
    value = present.value if present else ""
    fr = ThreeParts(
        "Cette case a changé depuis l'aperçu.",
        f"Case {address} : « {value or 'vide'} » aujourd'hui.",
        "Laissez-la de côté, ou refaites l'aperçu.",
    )
    en = ThreeParts(
        "This cell changed since the preview.",
        f"Cell {address}: “{value or 'empty'}” now.",
        "Leave it out, or make the preview again.",
    )
    return violation(address, f"version={present.version if present else 0}", fr, en)


def _is_stale(change: Change, present: Cell | None) -> bool:
    if present is None:
        return change.current_version != 0
    return present.version != change.current_version or present.is_sealed
