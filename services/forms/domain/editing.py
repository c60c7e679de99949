"""Decides what a save does: which cells change, and which edits lose to somebody else's.

Edits of different cells merge. An edit of a cell that changed since the person saw it is refused, unless both want
the same value: nobody's figure is overwritten unseen (F8, P7).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.errors import Violation
from services.forms.domain.cell import Cell, Source, first_version
from services.forms.domain.errors import CellsChanged, CellsRefused
from services.forms.domain.refusing import about_cell


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
        raise CellsRefused([_twice(first[edit.address], edit) for edit in twice])
    return list(first.values())


def _is_sealed(cells: Mapping[str, Cell], edit: Edit) -> bool:
    present = cells.get(edit.address)
    return present is not None and present.is_sealed and present.value != edit.value


def _twice(first: Edit, edit: Edit) -> Violation:
    return about_cell(
        edit.shown_as,
        "F-25",
        ("Donnée saisie deux fois avec des valeurs différentes.", "This fact is given twice with different values."),
        ("Gardez une seule valeur.", "Keep one value."),
        said=(
            f"« {edit.value or 'vide'} » ici, « {first.value or 'vide'} » en {first.shown_as}",
            f"“{edit.value or 'empty'}” here, “{first.value or 'empty'}” in {first.shown_as}",
        ),
    )


def _sealed(edit: Edit) -> Violation:
    return about_cell(
        edit.shown_as,
        "FACT_SEALED",
        ("L'ER est signé : cette donnée commune ne change plus ici.", "The ER is signed: this shared fact is sealed."),
        ("Corrigez-la dans un ER rouvert.", "Correct it in a reopened ER."),
    )


def _lost(edit: Edit, present: Cell) -> Violation:
    by, put_back = present.source, present.source.put_back
    author, at = (put_back.author, put_back.at) if put_back else (by.author, by.at)
    did_fr, did_en = ("a remis", "put back") if put_back else ("a saisi", "entered")
    return about_cell(
        edit.shown_as,
        f"version={present.version}",
        ("Cette case a changé depuis que vous l'avez vue.", "This cell changed since you saw it."),
        (
            "Gardez cette valeur, ou saisissez la vôtre de nouveau.",
            "Keep that value, or enter yours again.",
        ),
        said=(
            f"{author} {did_fr} « {present.value or 'vide'} » le {at:%d/%m/%Y à %H:%M} UTC",
            f"{author} {did_en} “{present.value or 'empty'}” on {at:%Y-%m-%d at %H:%M} UTC",
        ),
    )
