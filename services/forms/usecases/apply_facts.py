"""Applies shared facts received from another server."""

from collections.abc import Sequence

from chassis.agreement import in_both
from chassis.clock import Clock
from services.forms.domain.activity import Activity
from services.forms.domain.errors import SignatureUnderWay
from services.forms.domain.filing import Filing
from services.forms.domain.sharing import ReceivedFact, has_only_marks_changed, receivable, receive
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.ports import Controls, FormSets, OpensWork, UnitOfWork


class ApplyFacts:
    """Changes the cells of the open filings of that body and year; without one, the facts wait in sync."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, event_id: str, siren: str, year: int, facts: Sequence[ReceivedFact]) -> int:
        """Return how many cells changed; a repeat of the event changes none.

        Raises:
            SignatureUnderWay: a filing they would change is locked; nothing is applied, sync tells again later.
        """
        async with self._open_work() as work:
            if not await work.is_first("ApplyFacts", event_id):
                return 0
            changed = 0
            for filing in await work.filings.of_body_and_year(siren, year):
                changed += await self._apply(work, filing, facts)
            await work.commit()
        return changed

    async def _apply(self, work: UnitOfWork, filing: Filing, facts: Sequence[ReceivedFact]) -> int:
        if filing.is_closed_by_signature:
            # What is signed stays as signed; the new facts wait for the filing to be reopened.
            return 0
        form_set = self._form_sets.load(filing.form_set)
        cells = await work.cells.of(filing.id)
        changed = receive(cells, receivable(form_set, filing.document, facts))
        if not changed:
            return 0
        if filing.lock is not None:
            raise SignatureUnderWay("Une signature est en cours : les données reçues attendent.")
        now = self._clock.now()
        servers = ", ".join(sorted({fact.server for fact in facts}))
        # A mark alone is no news of ours: told back as a change, it would be a change there, to be told here, without end.
        marked = [cell for cell in changed if has_only_marks_changed(cells.get(cell.address), cell)]
        await work.cells.save(filing.id, marked)
        present = {**cells, **{cell.address: cell for cell in marked}}
        valued = [cell for cell in changed if cell not in marked]
        await write_cells(work, self._controls, form_set, filing, present, valued, servers, now)
        await work.activities.add(
            Activity(
                filing.id,
                now,
                servers,
                "FACTS_RECEIVED",
                *in_both(
                    "{n} donnée(s) commune(s) reçue(s) de {servers}.",
                    "{n} shared fact(s) received from {servers}.",
                    n=len(changed),
                    servers=servers,
                ),
            )
        )
        return len(changed)
