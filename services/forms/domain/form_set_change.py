"""What another form set does to a filing (F9): what is carried, what a person must choose about, what is new.

Nothing is lost: a filled cell is carried as it is, or set aside with its value until somebody chooses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from formsets import FormSet
from formsets.formats import read
from formsets.values import parse, written
from services.forms.domain.addressing import place_of
from services.forms.domain.cell import Cell, OtherValue, PutBack, Source
from services.forms.domain.errors import CellsRefused
from services.forms.domain.evaluation import Evaluation
from services.forms.domain.filing import Document, Filing, Step, Verdict
from services.forms.domain.refusing import about_cell
from services.forms.domain.undoing import EditStep


class Why(StrEnum):
    """Why a value cannot stay where it is."""

    CLOSED = "closed"
    DROPPED = "dropped"
    RETYPED = "retyped"
    COMPUTED = "computed"


class Fate(StrEnum):
    """What became of a value set aside."""

    WAITING = "waiting"
    DROPPED = "dropped"
    """By a person's choice, or as a 0 that a closed cell says anyway; the history of the cell still has it."""
    KEPT = "kept"
    """Under another address, by a person's choice."""
    RETURNED = "returned"
    """To its cell, since the publication was undone."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A filled cell that the new form set does not take as it is."""

    cell: Cell
    why: Why

    @property
    def needs_choice(self) -> bool:
        """Whether a person must say what becomes of it."""
        return needs_choice(self.why, self.cell.value, is_in_conflict=self.cell.conflict is not None)


@dataclass(frozen=True, slots=True)
class FormSetChange:
    """What another form set does to the cells of one filing."""

    carried: tuple[str, ...]
    """Filled cells that stay as they are."""
    unfit: tuple[Unfit, ...]
    """Those that do not."""
    gained: tuple[str, ...]
    """Cells that are new, open again, or newly computed, in form order."""

    @property
    def to_choose(self) -> tuple[Unfit, ...]:
        """What a person must choose about."""
        return tuple(one for one in self.unfit if one.needs_choice)


@dataclass(frozen=True, slots=True)
class JudgedChange:
    """How the controls judge one filing under its form set and under the other one; no figure."""

    before: Verdict
    after: Verdict
    newly_failing: tuple[str, ...]
    """Controls that fail under the other form set and do not under this one, by id."""
    recomputed: int
    """Computed cells whose value changes, appears or goes."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A value kept aside when its cell could not stay; of one version of one cell."""

    publication_id: UUID
    filing_id: UUID
    address: str
    version: int
    """Version of the cell that held the value."""
    value: str
    source: Source
    why: Why
    other: OtherValue | None = None
    """The value of the other server, when the cell was in conflict."""
    fate: Fate = Fate.WAITING
    kept_as: str = ""
    """Where it was put, once chosen; still said when that choice was undone, since the undo may be undone."""
    kept_version: int = 0
    """Version of that cell that the choice made."""


def needs_choice(why: Why, value: str, *, is_in_conflict: bool) -> bool:
    """Return False for a 0 in a cell that is closed now: it is accepted there, and not stored (decisions.md 9)."""
    return why is not Why.CLOSED or value != "0" or is_in_conflict


def is_open(filing: Filing) -> bool:
    """Tell whether a publication reaches a filing: one signed once keeps the form set it was signed with."""
    return filing.signed_version == 0 and filing.step <= Step.SIGNATURE


def change_form_set(
    before: FormSet, after: FormSet, document: Document, year: int, cells: Iterable[Cell]
) -> FormSetChange:
    """Return what becomes of the filled cells of a filing under another form set."""
    carried: list[str] = []
    unfit: list[Unfit] = []
    for cell in cells:
        if not cell.value:
            continue
        if why := why_unfit(before, after, document, year, cell.address, cell.value):
            unfit.append(Unfit(cell, why))
        else:
            carried.append(cell.address)
    return FormSetChange(tuple(carried), tuple(unfit), gained(before, after, document))


def why_unfit(before: FormSet, after: FormSet, document: Document, year: int, address: str, value: str) -> Why | None:
    """Return why a value cannot stay at its address; None when it can."""
    if why := _why_no_cell(after, document, address):
        return why
    return None if _is_alike(before, after, address) or _reads(after, address, value, year) else Why.RETYPED


def stays_whatever(before: FormSet, after: FormSet, document: Document, address: str) -> bool:
    """Tell whether every value that may be at an address can stay there."""
    return _why_no_cell(after, document, address) is None and _is_alike(before, after, address)


def _why_no_cell(after: FormSet, document: Document, address: str) -> Why | None:
    if not after.has_cell(address):
        return Why.DROPPED
    if after.is_closed(address):
        return Why.CLOSED
    if after.document_of(address) != document:
        concept = after.concept_of(address) if document is Document.QDIS else None
        if concept is None or concept.cell != address:
            return Why.DROPPED
    elif after.is_computed(address):
        return Why.COMPUTED
    return None


def _is_alike(before: FormSet, after: FormSet, address: str) -> bool:
    if not before.has_cell(address):
        return False
    old, new = before.line_of(address), after.line_of(address)
    return (old.type, old.enum_values) == (new.type, new.enum_values)


def _reads(after: FormSet, address: str, value: str, year: int) -> bool:
    reading = read(after, address, value, year, origin="file")
    return reading.value is not None and written(reading.value) == value


def gained(before: FormSet, after: FormSet, document: Document) -> tuple[str, ...]:
    """Return the cells of a document that the other form set adds, opens or begins to compute, in form order."""
    return tuple(
        address
        for address in after.cells(document)
        if not after.is_closed(address)
        and (
            not before.has_cell(address)
            or before.is_closed(address)
            or (after.is_computed(address) and not before.is_computed(address))
        )
    )


def judged(before: Evaluation, after: Evaluation) -> JudgedChange:
    """Return what differs between two reports on one filing, each under its own form set."""
    failed = {finding.control for finding in before.findings if finding.is_failed}
    fails = [finding.control for finding in after.findings if finding.is_failed and finding.control not in failed]
    addresses = before.computed.keys() | after.computed.keys()
    recomputed = sum(1 for a in addresses if before.computed.get(a, "") != after.computed.get(a, ""))
    return JudgedChange(before.verdict, after.verdict, tuple(fails), recomputed)


def set_aside(publication_id: UUID, filing_id: UUID, unfit: Unfit) -> SetAside:
    """Return what is kept of a cell that cannot stay."""
    cell, fate = unfit.cell, Fate.WAITING if unfit.needs_choice else Fate.DROPPED
    return SetAside(
        publication_id, filing_id, cell.address, cell.version, cell.value, cell.source, unfit.why, cell.conflict, fate
    )


def emptied(cell: Cell, source: Source) -> Cell:
    """Return the next version of a cell whose value is set aside: blank, and in conflict with nobody."""
    return replace(cell.changed("", _blank(source)), conflict=None)


def _blank(source: Source) -> Source:
    return replace(source, put_back=PutBack(source.author, source.at, 0))


def require_free(target: Cell | None, address: str) -> None:
    """Let a value set aside be put in a cell; nobody's figure is overwritten by that choice.

    Raises:
        CellsRefused: the cell is filled, or sealed.
    """
    if target is not None and (target.value or target.is_sealed):
        what = ("Cette case est déjà remplie.", "This cell is already filled.")
        how = ("Videz-la d'abord, ou gardez sa valeur.", "Empty it first, or keep its value.")
        raise CellsRefused([about_cell(address, "CELL_FILLED", what, how)])


def takes(form_set: FormSet, document: Document, address: str, value: str) -> bool:
    """Tell whether a value written under another form set may be written under this one."""
    if place_of(form_set, document, address).refusal is not None:
        return False
    try:
        return not value or parse(value, form_set.cell_type(address)) is not None
    except ValueError:
        return False


def follow_undo(aside: Iterable[SetAside], undone: EditStep, changed: Iterable[Cell]) -> list[SetAside]:
    """Return the values whose fate changes with the undo of a step: they wait again, or are kept as before that undo.

    Args:
        aside: what was set aside from the filing.
        undone: the step that is undone; putting a value set aside in a cell is one, and undoing that is another.
        changed: the cells that were put back.
    """
    traces = {trace.address: trace for trace in undone.cells}
    put_back = {cell.address: (traces[cell.address], cell.version) for cell in changed}
    followed = []
    for one in aside:
        if one.kept_as not in put_back:
            continue
        trace, version = put_back[one.kept_as]
        if one.fate is Fate.KEPT and one.kept_version == trace.version:
            # The version stays known: an undo of this undo leads back to it.
            followed.append(replace(one, fate=Fate.WAITING))
        elif one.fate is Fate.WAITING and one.kept_version == trace.before_version:
            followed.append(replace(one, fate=Fate.KEPT, kept_version=version))
    return followed


def undo_drops(aside: Iterable[SetAside], undone: EditStep) -> list[SetAside]:
    """Return the values that wait for a choice again because a step that dropped them is undone, or that an undo drops again.

    A value that something else became of since, above all one that went back to its cell, is left as it is.
    """
    decided = {(trace.address, trace.version): trace.is_dropped for trace in undone.aside}
    again = []
    for one in aside:
        is_dropped = decided.get((one.address, one.version))
        if is_dropped is True and one.fate is Fate.DROPPED:
            again.append(replace(one, fate=Fate.WAITING))
        elif is_dropped is False and one.fate is Fate.WAITING:
            again.append(replace(one, fate=Fate.DROPPED))
    return again


@dataclass(frozen=True, slots=True)
class Return:
    """What undoing a publication does to the cells of one filing."""

    changed: tuple[Cell, ...]
    """Values put back in their cells, and cells emptied of what the earlier form set does not take."""
    returned: tuple[SetAside, ...]
    """Values that are no longer aside."""
    unfit: tuple[Unfit, ...]
    """Values written since in cells that the earlier form set does not take."""

    @property
    def to_choose(self) -> tuple[Unfit, ...]:
        """What a person must choose about."""
        return tuple(one for one in self.unfit if one.needs_choice)


def take_back(
    after: FormSet,
    before: FormSet,
    filing: Filing,
    cells: Mapping[str, Cell],
    aside: Iterable[SetAside],
    source: Source,
) -> Return:
    """Return what undoing does: values set aside go back, and edits made since stay where both form sets know the cell.

    Args:
        after: the form set that was published.
        before: the one to go back to.
        filing: the filing.
        cells: its cells now.
        aside: what this publication set aside from it.
        source: who undoes, and when.
    """
    present = dict(cells)
    unfit = change_form_set(after, before, filing.document, filing.year, present.values()).unfit
    for one in unfit:
        present[one.cell.address] = emptied(one.cell, source)
    returned = []
    for kept in aside:
        if kept.fate is Fate.RETURNED:
            continue
        held = present.get(kept.address)
        if held is None or held.value:
            # Typed since, and both form sets take it: the edit stays, what was aside stays listed.
            continue
        _take_back_choice(present, kept, source)
        present[kept.address] = replace(held.changed(kept.value, kept.source), conflict=kept.other)
        returned.append(replace(kept, fate=Fate.RETURNED))
    changed = tuple(cell for address, cell in present.items() if cell != cells.get(address))
    return Return(changed, tuple(returned), unfit)


def _take_back_choice(present: dict[str, Cell], one: SetAside, source: Source) -> None:
    target = present.get(one.kept_as)
    if one.fate is Fate.KEPT and target is not None and target.version == one.kept_version:
        present[one.kept_as] = target.changed("", _blank(source))
