"""One change of content that can be undone (F11), and what undoing it does to the cells as they are now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.forms.domain.cell import Cell, Origin, Source


class EditKind(StrEnum):
    """What made the change."""

    CELLS_SAVED = "CELLS_SAVED"
    FILE_IMPORTED = "FILE_IMPORTED"
    LAST_YEAR_CARRIED = "LAST_YEAR_CARRIED"
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
    """Version before the step; 0 when the cell never had a value."""
    before_origin: Origin = Origin.TYPED
    before_file: str = ""
    before_line: int = 0
    restores: int = 0
    """Of an undo: the version whose value was put back."""


@dataclass(frozen=True, slots=True)
class EditStep:
    """A save, an import, a carry or an undo: all its cells, so that it can be undone as a whole."""

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
    if before is None:
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
    )


def undo(step: EditStep, undoings: Iterable[EditStep], cells: Mapping[str, Cell], author: str, at: datetime) -> Undoing:
    """Return the cells that undoing a step puts back, and the addresses changed since.

    A cell counts as unchanged when its version is the one the step made, or when later steps were undone down to it:
    undoing two steps, the last one first, restores what was there before both.

    Args:
        step: the step to undo.
        undoings: the steps of this filing that undid another one.
        cells: the cells now.
        author: who undoes.
        at: when.
    """
    restores = {
        (trace.address, trace.version): trace.restores for one in undoings for trace in one.cells if trace.restores
    }
    changed: list[Cell] = []
    kept: list[str] = []
    for trace in step.cells:
        present = cells.get(trace.address)
        if present is None or present.is_sealed or trace.version not in _same_as(restores, present):
            kept.append(trace.address)
            continue
        source = Source(_origin(trace), author, at, trace.before_file, trace.before_line)
        changed.append(present.changed(trace.before, source))
    return Undoing(changed, kept)


def undo_traces(step: EditStep, cells: Mapping[str, Cell], changed: Iterable[Cell]) -> tuple[CellTrace, ...]:
    """Return what undoing a step did, and which version each cell was put back to."""
    put_back_to = {trace.address: trace.before_version for trace in step.cells}
    return tuple(replace(trace, restores=put_back_to[trace.address]) for trace in traces(cells, changed))


def _same_as(restores: Mapping[tuple[str, int], int], cell: Cell) -> set[int]:
    """Return the versions that the present one equals: itself, and those that undos led back to."""
    versions = {version := cell.version}
    while (cell.address, version) in restores:
        versions.add(version := restores[cell.address, version])
    return versions


def _origin(trace: CellTrace) -> Origin:
    # Other servers must hear of a value that is put back, even one that they or a choice gave first.
    is_from_elsewhere = trace.before_origin in (Origin.SYNCHRONISED, Origin.CHOSEN)
    return Origin.TYPED if is_from_elsewhere else trace.before_origin
