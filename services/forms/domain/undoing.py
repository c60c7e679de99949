"""One change of content that can be undone (F11), and what undoing it does to the cells as they are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.forms.domain.cell import Cell, Origin, OtherValue, PutBack, Source


class EditKind(StrEnum):
    """What made the change."""

    CELLS_SAVED = "CELLS_SAVED"
    FILE_IMPORTED = "FILE_IMPORTED"
    LAST_YEAR_CARRIED = "LAST_YEAR_CARRIED"
    CONFLICT_RESOLVED = "CONFLICT_RESOLVED"
    SET_ASIDE_DROPPED = "SET_ASIDE_DROPPED"
    STEP_UNDONE = "STEP_UNDONE"


@dataclass(frozen=True, slots=True)
class CellTrace:
    """What one step did to one cell."""

    address: str
    before: str
    after: str
    version: int
    """Version that the step made."""
    before_version: int = 0
    """Version before the step; 0 when the cell was blank."""
    before_origin: Origin = Origin.TYPED
    before_file: str = ""
    before_line: int = 0
    before_author: str = ""
    before_at: datetime | None = None
    """None in steps kept before authors and times were."""
    before_server: str = ""
    restores: int = 0
    """Of an undo: the version whose state was put back, 0 when the cell had none."""
    before_conflict: OtherValue | None = None
    """The value of another server that stood beside, before the step and after it."""
    after_conflict: OtherValue | None = None

    @property
    def ends_or_opens_conflict(self) -> bool:
        """Whether another server's value stopped standing beside the cell, or stands beside it again, by this step."""
        return _rival(self.before_conflict) != _rival(self.after_conflict)


@dataclass(frozen=True, slots=True)
class AsideTrace:
    """What one step decided about one value that a form set did not take, without putting it in a cell."""

    address: str
    version: int
    """Version of the cell that held the value."""
    is_dropped: bool
    """False when an undo let it wait for a choice again."""


@dataclass(frozen=True, slots=True)
class EditStep:
    """A save, an import, a carry, a choice or an undo: all its cells, so that it can be undone as a whole."""

    id: UUID
    filing_id: UUID
    kind: EditKind
    author: str
    at: datetime
    fr: str
    en: str
    cells: tuple[CellTrace, ...]
    undoes: UUID | None = None
    """The step that this one undid."""
    is_undone: bool = False
    aside: tuple[AsideTrace, ...] = ()
    """Values set aside that it dropped, or that it let wait again."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing a step does now."""

    changed: Sequence[Cell]
    kept: Sequence[str]
    """Cells changed or sealed since, left as they are."""


def traces(before: Mapping[str, Cell], changed: Iterable[Cell]) -> tuple[CellTrace, ...]:
    """Return what a change did, from the cells before it and those it made."""
    return tuple(_trace(before.get(cell.address), cell) for cell in changed)


def _trace(before: Cell | None, after: Cell) -> CellTrace:
    before_conflict = before.conflict if before else None
    if before_conflict is None and after.conflict is None:
        return _trace_of_value(before, after)
    return replace(_trace_of_value(before, after), before_conflict=before_conflict, after_conflict=after.conflict)


def _trace_of_value(before: Cell | None, after: Cell) -> CellTrace:
    if before is None or before.is_blank:
        return CellTrace(after.address, "", after.value, after.version)
    source = before.source
    return CellTrace(
        after.address,
        before.value,
        after.value,
        after.version,
        before.version,
        source.origin,
        source.file,
        source.line,
        source.author,
        source.at,
        source.server,
    )


def undo(step: EditStep, undoings: Iterable[EditStep], cells: Mapping[str, Cell], author: str, at: datetime) -> Undoing:
    """Return the cells that undoing a step puts back, and the addresses changed since.

    A cell counts as unchanged when it is in the state that the step left: at the very version the step made, or at one
    that an undo put back to the same state. So undoing two steps, the last one first, restores what was there before
    both, and undoing an undo restores what it took away. Where the step settled a conflict, or opened one again, that is
    undone too, unless another server's value came since; nothing that stood beside before is overwritten in silence.

    Args:
        step: the step to undo.
        undoings: the steps of this filing that undid another one.
        cells: the cells now.
        author: who undoes.
        at: when.
    """
    restores = {(trace.address, trace.version): trace.restores for one in undoings for trace in one.cells}
    changed: list[Cell] = []
    kept: list[str] = []
    for trace in step.cells:
        present = cells.get(trace.address)
        if present is None or present.is_sealed or not _is_same_state(restores, present, trace):
            kept.append(trace.address)
            continue
        source = _source_before(trace, PutBack(author, at, trace.before_version))
        changed.append(replace(present, conflict=_conflict_after(trace, present)).changed(trace.before, source))
    return Undoing(changed, kept)


def _conflict_after(trace: CellTrace, present: Cell) -> OtherValue | None:
    if trace.ends_or_opens_conflict:
        return trace.before_conflict
    # A value typed over a conflict ends it as soon as sync hears of it: not in the trace, and to be undone all the same.
    return present.conflict or trace.before_conflict


def undo_traces(step: EditStep, cells: Mapping[str, Cell], changed: Iterable[Cell]) -> tuple[CellTrace, ...]:
    """Return what undoing a step did, and which version each cell was put back to."""
    put_back_to = {trace.address: trace.before_version for trace in step.cells}
    return tuple(replace(trace, restores=put_back_to[trace.address]) for trace in traces(cells, changed))


def undone_marks(step: EditStep, undoings: Iterable[EditStep]) -> Mapping[UUID, bool]:
    """Return which steps are undone once a step was: an undone undo leaves its own step undone no more, and so on."""
    earlier = {one.id: one.undoes for one in undoings}
    marks = {step.id: True}
    one, is_undone = step.undoes, False
    while one is not None:
        marks[one] = is_undone
        one, is_undone = earlier.get(one), not is_undone
    return marks


def _is_same_state(restores: Mapping[tuple[str, int], int], present: Cell, trace: CellTrace) -> bool:
    if trace.ends_or_opens_conflict and _rival(present.conflict) != _rival(trace.after_conflict):
        return False
    return _written_at(restores, trace.address, present.version) == _written_at(restores, trace.address, trace.version)


def _rival(conflict: OtherValue | None) -> tuple[str, str] | None:
    return (conflict.server, conflict.value) if conflict else None


def _written_at(restores: Mapping[tuple[str, int], int], address: str, version: int) -> int:
    """The version at which the state was first written that this version has; 0 when no value was there yet."""
    while (address, version) in restores:
        version = restores[address, version]
    return version


def _source_before(trace: CellTrace, put_back: PutBack) -> Source:
    if trace.before_version == 0:
        return Source(Origin.TYPED, put_back.author, put_back.at, put_back=put_back)
    origin, file, line = trace.before_origin, trace.before_file, trace.before_line
    if trace.before_at is None:
        # Without the name of the server that gave it, the value is that of who puts it back.
        origin = Origin.TYPED if origin in (Origin.SYNCHRONISED, Origin.CHOSEN) else origin
        return Source(origin, put_back.author, put_back.at, file, line, put_back=put_back)
    return Source(origin, trace.before_author, trace.before_at, file, line, trace.before_server, put_back)
