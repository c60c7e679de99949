"""Reopens a signed filing for a rectifying version, for the body or for the authority that it was transmitted to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.cell import Cell
from services.forms.domain.events import FilingReopened
from services.forms.domain.filing import Filing
from services.forms.domain.sharing import receivable, receive
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.naming_cells import name_cells, named
from services.forms.usecases.permitting import require_on_either
from services.forms.usecases.ports import Controls, Facts, FormSets, OpensWork

RETURN = "filing.return"


class ReopenFiling:
    """Back to step 1; the signed version stays as it was signed, suspended until the next signature makes the next one.

    The facts that arrived from other servers while the filing was signed are taken in now. Those of a reopened ER are
    unsealed everywhere by the first change that is published (docs/federation.md). The authority returns a filing the
    same way, and learns nothing of what the body does next.
    """

    def __init__(
        self, open_work: OpensWork, controls: Controls, facts: Facts, form_sets: FormSets, clock: Clock
    ) -> None:
        self._open_work, self._controls, self._facts = open_work, controls, facts
        self._form_sets, self._clock = form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, reason: str, cells: Sequence[str]) -> FilingCard:
        """Return the filing at step 1.

        Args:
            caller: who reopens: of the body, or an officer.
            filing_id: the filing.
            reason: why, for the people of the body; recipients never see these words.
            cells: cells to look at again.

        Raises:
            FilingUnknown: no such filing for this caller, or one never transmitted for an officer.
            Forbidden: the caller lacks `filing.return`.
            StepRefused: it is not signed, or is reopened already.
            ReasonMissing: without a reason.
            CampaignClosed: its last day of corrections is over.
            CellsRefused: a cell to look at again is not of this document.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            is_officer = require_on_either(caller, RETURN, RETURN, filing)
        known = await self._facts.known(filing.body.siren, filing.year)
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            form_set = self._form_sets.load(filing.form_set)
            now = self._clock.now()
            reopened = filing.reopened(reason, now)
            await name_cells(work, self._form_sets, filing, cells, reason.strip(), caller.name, now)
            present = await work.cells.of(filing_id)
            received: Sequence[Cell] = receive(present, receivable(form_set, filing.document, known))
            written = await write_cells(work, self._controls, form_set, reopened, present, received, caller.name, now)
            work.publish(_event(filing, reason, cells, caller.name, now))
            await work.activities.add(
                Activity(
                    filing_id,
                    now,
                    caller.name,
                    "FILING_REOPENED",
                    f"Version {filing.signed_version} rouverte : {reason.strip()}{named(cells)}. "
                    "Elle est suspendue : ses destinataires en reçoivent l’avis, sans ce motif.",
                    f"Version {filing.signed_version} reopened: {reason.strip()}{named(cells)}. "
                    "It is suspended: its recipients get a notice, without this reason.",
                )
            )
            reached = written.filing
            card = FilingCard(reached, 0, 0) if is_officer else await card_of(work, self._form_sets, reached, now)
            await work.commit()
        return card


def _event(filing: Filing, reason: str, cells: Sequence[str], author: str, at: datetime) -> FilingReopened:
    return FilingReopened(
        filing.id,
        filing.body.siren,
        filing.year,
        filing.document,
        filing.signed_version,
        reason.strip(),
        author,
        at,
        tuple(cells),
    )
