"""Saves typed cells, all or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from formsets import FormSet
from services.forms.domain.activity import Activity
from services.forms.domain.addressing import place_of
from services.forms.domain.cell import Cell, Origin, Source
from services.forms.domain.editing import Edit, apply_edits
from services.forms.domain.errors import CellsRefused
from services.forms.domain.evaluation import Finding
from services.forms.domain.filing import Filing
from services.forms.domain.refusing import not_writable, told
from services.forms.domain.undoing import EditKind
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import failing, write_cells
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork, RawText
from services.forms.usecases.restating import refused_restatements, values_of
from services.forms.usecases.undo_step import keep_step


@dataclass(frozen=True, slots=True)
class TypedCell:
    """A cell as a person typed it."""

    address: str
    text: str
    base_version: int


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save changed and what it makes fail."""

    card: FilingCard
    cells: Sequence[Cell]
    computed: Mapping[str, str]
    """Computed cells whose value changed."""
    findings: Sequence[Finding]


class SaveCells:
    """Format problems and concurrent changes refuse the whole save; business findings never do."""

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(self, caller: Caller, filing_id: UUID, typed: Sequence[TypedCell]) -> Saved:
        """Save and evaluate in one transaction.

        Raises:
            FilingUnknown: no such filing for this caller.
            CellsRefused: at least one cell takes no such text, or is sealed, or is given twice, or restates a figure signed
                the year before without saying why.
            CellsChanged: a cell changed since the person saw it.
            FilingNotEditable: wrong step, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.edit", filing)
            filing.require_editable(self._clock.now())
            form_set = self._form_sets.load(filing.form_set)
            edits = await self._read(filing, form_set, typed)
            cells = await work.cells.some(filing_id, _addresses(edits))
            now = self._clock.now()
            changed = apply_edits(cells, edits, Source(Origin.TYPED, caller.name, now))
            if refused := await refused_restatements(work, self._form_sets, form_set, filing, values_of(changed)):
                raise CellsRefused(refused)
            about = _addresses(edits)
            if not changed:
                evaluation = await failing(work, self._controls, form_set, filing, about)
                card = await card_of(work, self._form_sets, filing, now)
                return Saved(card, (), {}, evaluation.about(about))
            written = await write_cells(work, self._controls, form_set, filing, None, changed, caller.name, now, about)
            activity = _activity(filing, caller, now, changed)
            await keep_step(work, self._identifiers.next(), EditKind.CELLS_SAVED, activity, cells, changed)
            card = await card_of(work, self._form_sets, written.filing, now)
            await work.commit()
        findings = written.evaluation.about(about | written.moved.keys())
        return Saved(card, changed, written.moved, findings)

    async def _read(self, filing: Filing, form_set: FormSet, typed: Sequence[TypedCell]) -> list[Edit]:
        places = [place_of(form_set, filing.document, cell.address) for cell in typed]
        # A closed cell is read too: it takes an empty text or a zero, which is not stored (decisions.md 9).
        to_read = [
            (cell, place) for cell, place in zip(typed, places, strict=True) if place.refusal in (None, "closed")
        ]
        texts = [RawText(cell.address, cell.text) for cell, _ in to_read]
        readings = await self._controls.read(filing.form_set, filing.year, texts)
        refused = [
            not_writable(form_set, filing.document, place, cell.address, cell.text)
            for cell, place in zip(typed, places, strict=True)
            if place.refusal not in (None, "closed")
        ]
        refused += [told(one.address, one.control, one.fr, one.en) for one in readings if one.control]
        if refused:
            raise CellsRefused(refused)
        return [
            Edit(place.address, reading.value, cell.base_version, cell.address)
            for (cell, place), reading in zip(to_read, readings, strict=True)
            if place.refusal is None
        ]


def _addresses(edits: Sequence[Edit]) -> frozenset[str]:
    return frozenset(edit.address for edit in edits) | frozenset(edit.shown_as for edit in edits)


def _activity(filing: Filing, caller: Caller, now: datetime, changed: Sequence[Cell]) -> Activity:
    names = ", ".join(cell.address for cell in changed[:5]) + ("…" if len(changed) > 5 else "")
    return Activity(
        filing.id,
        now,
        caller.name,
        "CELLS_SAVED",
        *in_both(
            "{n} case(s) saisie(s) : {names}",
            "{n} cell(s) typed: {names}",
            n=len(changed),
            names=names,
        ),
    )
