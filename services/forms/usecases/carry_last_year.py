"""Carries last year's answers into empty cells."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.carrying import carry
from services.forms.domain.undoing import EditKind
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.past_versions import last_year_of
from services.forms.usecases.permitting import require_on
from services.forms.usecases.ports import Controls, FormSets, OpensWork
from services.forms.usecases.undo_step import keep_step


@dataclass(frozen=True, slots=True)
class Carried:
    """What was filled, and what is only shown."""

    card: FilingCard
    carried: int
    beside: Mapping[str, str]


class CarryLastYear:
    """One step, that can be undone. Without a filing of the year before on this server nothing is carried."""

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(self, caller: Caller, filing_id: UUID) -> Carried:
        """Fill the empty cells marked `carry`; what is filled stays as it is.

        Raises:
            FilingUnknown: no such filing for this caller.
            FilingNotEditable: wrong step, or a signature is under way.
            CampaignClosed: its last day is over.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.edit", filing)
            now = self._clock.now()
            filing.require_editable(now)
            last_year = await last_year_of(work, self._form_sets, filing)
            if last_year is None:
                return Carried(await card_of(work, self._form_sets, filing, now), 0, {})
            form_set, cells = self._form_sets.load(filing.form_set), await work.cells.of(filing_id)
            found = carry(form_set, filing.document, last_year, cells, caller.name, now)
            if not found.carried:
                return Carried(await card_of(work, self._form_sets, filing, now), 0, found.beside)
            written = await write_cells(work, self._controls, form_set, filing, cells, found.carried, caller.name, now)
            count = len(found.carried)
            activity = Activity(
                filing_id,
                now,
                caller.name,
                str(EditKind.LAST_YEAR_CARRIED),
                *in_both(
                    "{n} case(s) reprise(s) de l'exercice précédent.",
                    "{n} cell(s) carried from the year before.",
                    n=count,
                ),
            )
            await keep_step(work, self._identifiers.next(), EditKind.LAST_YEAR_CARRIED, activity, cells, found.carried)
            card = await card_of(work, self._form_sets, written.filing, now)
            await work.commit()
        return Carried(card, count, found.beside)
