"""Saves typed cells, all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Violation
from chassis.identity import Caller
from formsets import FormSet
from services.forms.domain.activity import Activity
from services.forms.domain.addressing import place_of
from services.forms.domain.cell import Cell, Origin, Source
from services.forms.domain.editing import Edit, apply_edits
from services.forms.domain.errors import CellsRefused
from services.forms.domain.evaluation import Finding
from services.forms.domain.filing import Filing
from services.forms.usecases.evaluating import Written, write_cells
from services.forms.usecases.ports import Controls, FormSets, OpensWork, RawText, TextReading


@dataclass(frozen=True, slots=True)
class TypedCell:
    """A cell as a person typed it."""

    address: str
    text: str
    base_version: int


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save changed and what it makes fail."""

    filing: Filing
    cells: Sequence[Cell]
    computed: dict[str, str]
    """Computed cells whose value changed."""
    findings: Sequence[Finding]


_REFUSALS = {
    "unknown": ("F-24", "Cette case n'existe pas dans ce référentiel."),
    "elsewhere": ("F-24", "Cette case appartient à l'autre document."),
    "closed": ("F-19", "Cette case n'est pas ouverte à la saisie."),
    "computed": ("F-20", "Cette case est calculée."),
    "read_only": ("F-20", "Cette donnée vient de l'ER : elle se modifie sur le serveur du ministère."),
}


class SaveCells:
    """Format problems and concurrent changes refuse the whole save; business findings never do."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, typed: Sequence[TypedCell]) -> Saved:
        """Save and evaluate in one transaction.

        Raises:
            FilingUnknown: no such filing for this caller.
            CellsRefused: at least one text is refused by a format control.
            CellsChanged: a cell changed since the person saw it.
            FilingNotEditable: wrong step, or a signature is under way.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            caller.require("filing.edit", filing.body.siren)
            form_set = self._form_sets.load(filing.form_set)
        edits = await self._read(filing, form_set, typed)
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            filing.require_editable()
            cells = await work.cells.of(filing_id)
            now = self._clock.now()
            changed = apply_edits(cells, edits, Source(Origin.TYPED, caller.name, now))
            written = await write_cells(work, self._controls, form_set, filing, cells, changed, caller.name, now)
            if changed:
                await work.activities.add(_activity(filing, caller, now, changed))
                await work.commit()
        return _saved(written, edits)

    async def _read(self, filing: Filing, form_set: FormSet, typed: Sequence[TypedCell]) -> list[Edit]:
        refused = []
        to_read = []
        for cell in typed:
            refusal = place_of(form_set, filing.document, cell.address).refusal
            if refusal is None:
                to_read.append(cell)
            else:
                control, sentence = _REFUSALS[refusal]
                refused.append(Violation(cell.address, sentence, control))
        readings = await self._controls.read(
            filing.form_set, filing.year, [RawText(cell.address, cell.text) for cell in to_read]
        )
        refused += [_violation(reading) for reading in readings if reading.control]
        if refused:
            raise CellsRefused(refused)
        return [
            Edit(place_of(form_set, filing.document, cell.address).address, reading.value, cell.base_version)
            for cell, reading in zip(to_read, readings, strict=True)
        ]


def _violation(reading: TextReading) -> Violation:
    parts = reading.fr
    sentence = f"{parts.what} {parts.how}".strip() if parts else "Valeur refusée."
    return Violation(reading.address, sentence, reading.control)


def _activity(filing: Filing, caller: Caller, now: datetime, changed: Sequence[Cell]) -> Activity:
    names = ", ".join(cell.address for cell in changed[:5]) + ("…" if len(changed) > 5 else "")
    return Activity(
        filing.id,
        now,
        caller.name,
        "CELLS_SAVED",
        f"{len(changed)} case(s) saisie(s) : {names}",
        f"{len(changed)} cell(s) typed: {names}",
    )


def _saved(written: Written, edits: Sequence[Edit]) -> Saved:
    after = written.evaluation.computed
    moved = {
        a: after.get(a, "")
        for a in written.before.keys() | after.keys()
        if written.before.get(a, "") != after.get(a, "")
    }
    looked_at = frozenset(moved) | frozenset(edit.address for edit in edits)
    return Saved(written.filing, written.changed, moved, written.evaluation.about(looked_at))
