"""Decides what a save does: which cells change, and which edits lose to somebody else's.

Edits of different cells merge. An edit of a cell that changed since the person saw it is refused, unless both want
the same value: nobody's figure is overwritten unseen (F8, P7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.errors import Violation
from services.forms.domain.cell import Cell, Source, first_version
from services.forms.domain.errors import CellsChanged, CellsRefused


@dataclass(frozen=True, slots=True)
class Edit:
    """A cell to save, already read by the format controls."""

    address: str
    """Where the cell is kept."""
    value: str
    base_version: int
    """The version the person saw; 0 for none."""
    shown_as: str
    """The address the person used, in which problems are told: a QDIS alias, or the same as `address`."""


def apply_edits(cells: Mapping[str, Cell], edits: Sequence[Edit], source: Source) -> list[Cell]:
    """Return the cells that change, in the order of the edits; equal values change nothing.

    Raises:
        CellsRefused: one cell twice with different values, or a shared fact that the signed ER seals.
        CellsChanged: a cell changed since the person saw it, to another value than theirs.
    """
    lost: list[Violation] = []
    changed: list[Cell] = []
    for edit in _once_each(edits):
        present = cells.get(edit.address)
        if (present.value if present else "") == edit.value:
            continue
        if present is None:
            changed.append(first_version(edit.address, edit.value, source))
        elif edit.base_version != present.version:
            lost.append(_lost(edit, present))
        else:
            changed.append(present.changed(edit.value, source))
    if lost:
        raise CellsChanged(lost)
    if sealed := [_sealed(edit) for edit in edits if _is_sealed(cells, edit)]:
        raise CellsRefused(sealed)
    return changed


def _once_each(edits: Sequence[Edit]) -> list[Edit]:
    first: dict[str, Edit] = {}
    twice = [edit for edit in edits if first.setdefault(edit.address, edit).value != edit.value]
    if twice:
        sentence = "Cette donnée est saisie deux fois avec des valeurs différentes. Gardez-en une."
        raise CellsRefused([Violation(edit.shown_as, sentence, "F-25") for edit in twice])
    return list(first.values())


def _is_sealed(cells: Mapping[str, Cell], edit: Edit) -> bool:
    present = cells.get(edit.address)
    return present is not None and present.is_sealed and present.value != edit.value


def _sealed(edit: Edit) -> Violation:
    sentence = "L'ER est signé : cette donnée commune ne change plus ici. Corrigez-la dans un ER rouvert."
    return Violation(edit.shown_as, sentence, "FACT_SEALED")


def _lost(edit: Edit, present: Cell) -> Violation:
    shown = present.value or "vide"
    by = present.source
    sentence = f"{by.author} a saisi « {shown} » le {by.at:%d/%m/%Y à %H:%M} UTC."
    return Violation(edit.shown_as, sentence, f"version={present.version}")
