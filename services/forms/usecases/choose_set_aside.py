"""Lists the values that a form set did not take, and settles one."""

from dataclasses import dataclass, replace
from uuid import UUID

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.addressing import place_of
from services.forms.domain.cell import Cell, Origin, Source, first_version
from services.forms.domain.errors import CellsRefused, SetAsideUnknown
from services.forms.domain.filing import Filing
from services.forms.domain.form_set_change import Fate, SetAside, require_free
from services.forms.domain.refusing import not_writable, told
from services.forms.domain.undoing import EditKind
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork, RawText, UnitOfWork
from services.forms.usecases.restating import refused_restatements
from services.forms.usecases.undo_step import keep_step


@dataclass(frozen=True, slots=True)
class LabelledSetAside:
    """A value set aside, with the label its cell had."""

    kept: SetAside
    label: str


class ListSetAside:
    """Lists the values of a filing that wait for a choice, and what became of the others."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID) -> list[LabelledSetAside]:
        """Return values in order of address, under the labels of the newest form set that has their cell.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            found = await work.set_aside.of(filing_id)
        return [LabelledSetAside(one, self._label(one.address)) for one in found]

    def _label(self, address: str) -> str:
        shipped = (self._form_sets.load(version) for version in reversed(self._form_sets.available()))
        return next((one.label(address) for one in shipped if one.has_cell(address)), "")


class ChooseSetAside:
    """Puts the value in an empty cell, or drops it; a step that can be undone either way."""

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(self, caller: Caller, filing_id: UUID, address: str, keep_as: str) -> FilingCard:
        """Settle the newest value of a cell that waits.

        Args:
            caller: who chooses; needs `filing.edit`.
            filing_id: the filing.
            address: the cell the value comes from.
            keep_as: the cell to put it in; empty to drop it.

        Raises:
            FilingUnknown: no such filing for this caller.
            SetAsideUnknown: nothing of this cell waits.
            CellsRefused: that cell takes no such value, or is filled.
            FilingNotEditable: wrong step, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.edit", filing)
            waiting = [
                one for one in await work.set_aside.of(filing_id) if one.address == address and one.fate is Fate.WAITING
            ]
            if not waiting:
                raise SetAsideUnknown
            filing.require_editable(self._clock.now())
            settle = self._keep if keep_as else self._drop
            filing = await settle(work, caller, filing, waiting[-1], keep_as)
            card = await card_of(work, self._form_sets, filing, self._clock.now())
            await work.commit()
        return card

    async def _drop(self, work: UnitOfWork, caller: Caller, filing: Filing, aside: SetAside, _: str) -> Filing:
        dropped = replace(aside, fate=Fate.DROPPED)
        await work.set_aside.save([dropped])
        activity = self._activity(
            caller,
            filing,
            f"{aside.address} : valeur mise de côté « {aside.value} » abandonnée.",
            f"{aside.address}: value set aside “{aside.value}” dropped.",
        )
        await keep_step(work, self._identifiers.next(), EditKind.SET_ASIDE_DROPPED, activity, {}, (), [dropped])
        return filing

    async def _keep(self, work: UnitOfWork, caller: Caller, filing: Filing, aside: SetAside, keep_as: str) -> Filing:
        form_set = self._form_sets.load(filing.form_set)
        place = place_of(form_set, filing.document, keep_as)
        if place.refusal is not None:
            raise CellsRefused([not_writable(form_set, filing.document, place, keep_as, aside.value)])
        (reading,) = await self._controls.read(filing.form_set, filing.year, [RawText(keep_as, aside.value)])
        if reading.control:
            raise CellsRefused([told(keep_as, reading.control, reading.fr, reading.en)])
        cells, now = await work.cells.of(filing.id), self._clock.now()
        target = cells.get(place.address)
        require_free(target, keep_as)
        if refused := await refused_restatements(
            work, self._form_sets, form_set, filing, [(place.address, reading.value)]
        ):
            raise CellsRefused(refused)
        made = _filled(target, place.address, reading.value, Source(Origin.TYPED, caller.name, now))
        written = await write_cells(work, self._controls, form_set, filing, cells, [made], caller.name, now)
        kept = replace(aside, fate=Fate.KEPT, kept_as=place.address, kept_version=made.version)
        await work.set_aside.save([kept])
        activity = self._activity(
            caller,
            filing,
            f"{aside.address} : valeur mise de côté « {aside.value} » reprise en {keep_as}.",
            f"{aside.address}: value set aside “{aside.value}” kept in {keep_as}.",
        )
        await keep_step(work, self._identifiers.next(), EditKind.CELLS_SAVED, activity, cells, [made])
        return written.filing

    def _activity(self, caller: Caller, filing: Filing, fr: str, en: str) -> Activity:
        return Activity(filing.id, self._clock.now(), caller.name, "SET_ASIDE_CHOSEN", fr, en)


def _filled(target: Cell | None, address: str, value: str, source: Source) -> Cell:
    return target.changed(value, source) if target else first_version(address, value, source)
