"""Reopens a signed filing for a rectifying version."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Violation
from chassis.identity import Caller
from formsets import FormSet
from services.forms.domain.activity import Activity
from services.forms.domain.cell import Cell
from services.forms.domain.errors import CellsRefused
from services.forms.domain.events import FilingReopened
from services.forms.domain.filing import Document, Filing
from services.forms.domain.sharing import receivable, receive
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import Controls, Facts, FormSets, OpensWork

MOST_CELLS = 500


class ReopenFiling:
    """Back to step 1; the signed version stays as it was signed, suspended until the next signature makes the next one.

    The facts that arrived from other servers while the filing was signed are taken in now. Those of a reopened ER are
    unsealed everywhere by the first change that is published (docs/federation.md).
    """

    def __init__(
        self, open_work: OpensWork, controls: Controls, facts: Facts, form_sets: FormSets, clock: Clock
    ) -> None:
        self._open_work, self._controls, self._facts = open_work, controls, facts
        self._form_sets, self._clock = form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, reason: str, cells: Sequence[str]) -> FilingCard:
        """Return the filing at step 1.

        Args:
            caller: who reopens.
            filing_id: the filing.
            reason: why, for the people of the body; recipients never see these words.
            cells: cells to look at again.

        Raises:
            FilingUnknown: no such filing for this caller.
            StepRefused: it is not signed, or is reopened already.
            ReasonMissing: without a reason.
            CellsRefused: a cell to look at again is not of this document.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            require_on(caller, "filing.return", filing)
        known = await self._facts.known(filing.body.siren, filing.year)
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            form_set = self._form_sets.load(filing.form_set)
            _require_cells(form_set, filing.document, cells)
            now = self._clock.now()
            reopened = filing.reopened(reason, now)
            present = await work.cells.of(filing_id)
            received: Sequence[Cell] = receive(present, receivable(form_set, filing.document, known))
            written = await write_cells(work, self._controls, form_set, reopened, present, received, caller.name, now)
            work.publish(_event(filing, reason, cells, caller.name, now))
            shown = f" ({', '.join(cells[:10])})" if cells else ""
            await work.activities.add(
                Activity(
                    filing_id,
                    now,
                    caller.name,
                    "FILING_REOPENED",
                    f"Version {filing.signed_version} rouverte : {reason.strip()}{shown}. "
                    "Elle est suspendue : ses destinataires en reçoivent l’avis, sans ce motif.",
                    f"Version {filing.signed_version} reopened: {reason.strip()}{shown}. "
                    "It is suspended: its recipients get a notice, without this reason.",
                )
            )
            card = await card_of(work, self._form_sets, written.filing, now)
            await work.commit()
        return card


def _require_cells(form_set: FormSet, document: Document, cells: Sequence[str]) -> None:
    known = set(form_set.cells(document))
    wrong = [Violation(cell, "Cette case n'est pas de ce document.", "F-24") for cell in cells if cell not in known]
    if len(cells) > MOST_CELLS:
        wrong.append(Violation("cells", f"Au plus {MOST_CELLS} cases.", "TOO_MANY_CELLS"))
    if wrong:
        raise CellsRefused(wrong[:MOST_CELLS])


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
