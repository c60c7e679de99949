"""Applies shared facts received from another server, and lets people choose between two values."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.cell import Cell, Origin, Source
from services.forms.domain.errors import NoConflict
from services.forms.domain.filing import Document, Filing
from services.forms.domain.sharing import ReceivedFact, receive
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.ports import Controls, Facts, FormSets, OpensWork, UnitOfWork


class ApplyFacts:
    """Changes the cells of the open filings of that body and year; without one, the facts wait in sync."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, event_id: str, siren: str, year: int, facts: Sequence[ReceivedFact]) -> int:
        """Return how many cells changed; a repeat of the event changes none."""
        async with self._open_work() as work:
            if not await work.is_first("ApplyFacts", event_id):
                return 0
            changed = 0
            for filing in await work.filings.of_body_and_year(siren, year):
                changed += await self._apply(work, filing, facts)
            await work.commit()
        return changed

    async def _apply(self, work: UnitOfWork, filing: Filing, facts: Sequence[ReceivedFact]) -> int:
        form_set = self._form_sets.load(filing.form_set)
        is_qdis = filing.document is Document.QDIS
        wanted = [f for f in facts if form_set.has_cell(f.address) and (is_qdis or not form_set.is_computed(f.address))]
        cells = await work.cells.of(filing.id)
        changed = receive(cells, wanted)
        if not changed or filing.signed_version:
            # What is signed stays as signed; the new facts wait for the filing to be reopened.
            return 0
        now = self._clock.now()
        servers = sorted({fact.server for fact in wanted})
        await write_cells(work, self._controls, form_set, filing, cells, changed, "synchronisation", now)
        await work.activities.add(
            Activity(
                filing.id,
                now,
                ", ".join(servers),
                "FACTS_RECEIVED",
                f"{len(changed)} donnée(s) commune(s) reçue(s) de {', '.join(servers)}.",
                f"{len(changed)} shared fact(s) received from {', '.join(servers)}.",
            )
        )
        return len(changed)


class ResolveConflict:
    """Writes the person's choice; it dominates both sides on every server."""

    def __init__(
        self, open_work: OpensWork, controls: Controls, facts: Facts, form_sets: FormSets, clock: Clock
    ) -> None:
        self._open_work, self._controls, self._facts = open_work, controls, facts
        self._form_sets, self._clock = form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, address: str, value: str, request_id: str) -> Cell:
        """Return the cell after the choice.

        Raises:
            FilingUnknown: no such filing for this caller.
            NoConflict: the cell is not in conflict, or the value is neither of the two.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            caller.require("filing.edit", filing.body.siren)
            filing.require_editable()
            form_set = self._form_sets.load(filing.form_set)
            cells = await work.cells.of(filing_id)
            cell = cells.get(address)
            concept = form_set.concept_of(address) if form_set.has_cell(address) else None
            if (
                cell is None
                or cell.conflict is None
                or concept is None
                or value not in (cell.value, cell.conflict.value)
            ):
                raise NoConflict("Cette case n'est pas en conflit, ou la valeur n'est aucune des deux.")
            now = self._clock.now()
            chosen = replace(cell.changed(value, Source(Origin.TYPED, caller.name, now)), conflict=None)
            await self._facts.resolve(request_id, filing, concept.code, value, caller.name)
            resolved = [replace(chosen, source=replace(chosen.source, origin=Origin.SYNCHRONISED, server=""))]
            await write_cells(work, self._controls, form_set, filing, cells, resolved, caller.name, now)
            await work.activities.add(
                Activity(
                    filing_id,
                    now,
                    caller.name,
                    "CONFLICT_RESOLVED",
                    f"{address} : valeur « {value or 'vide'} » choisie.",
                    f"{address}: value “{value or 'empty'}” chosen.",
                )
            )
            await work.commit()
        return resolved[0]
