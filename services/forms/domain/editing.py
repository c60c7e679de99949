"""Decides what a save does: which cells change, and which edits lose to somebody else's.

Edits of different cells merge. An edit of a cell that changed since the person saw it is refused, unless both want
the same value: nobody's figure is overwritten unseen (F8, P7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.errors import Violation
from services.forms.domain.cell import Cell, Source, first_version
from services.forms.domain.errors import CellsChanged


@dataclass(frozen=True, slots=True)
class Edit:
    """A cell to save, already read by the format controls."""

    address: str
    value: str
    base_version: int
    """The version the person saw; 0 for none."""


def apply_edits(cells: Mapping[str, Cell], edits: Sequence[Edit], source: Source) -> list[Cell]:
    """Return the cells that change, in the order of the edits; equal values change nothing.

    Raises:
        CellsChanged: a cell changed since the person saw it, to another value than theirs.
    """
    changed: dict[str, Cell] = {}
    lost: list[Violation] = []
    for edit in edits:
        present = changed.get(edit.address) or cells.get(edit.address)
        value = present.value if present else ""
        if value == edit.value:
            continue
        if present and edit.base_version != present.version and edit.address not in changed:
            lost.append(_lost(present))
            continue
        changed[edit.address] = (
            present.changed(edit.value, source) if present else first_version(edit.address, edit.value, source)
        )
    if lost:
        raise CellsChanged(lost)
    return list(changed.values())


def _lost(cell: Cell) -> Violation:
    shown = cell.value or "vide"
    sentence = f"{cell.source.author} a saisi « {shown} » le {cell.source.at:%d/%m/%Y à %H:%M} UTC."
    return Violation(cell.address, sentence, f"version={cell.version}")
