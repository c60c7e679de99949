"""Opens the filing of a body for a document and a year."""

from dataclasses import replace

from chassis.clock import Clock
from chassis.errors import Conflict
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.errors import NoCampaign
from services.forms.domain.filing import Document, Filing
from services.forms.domain.sharing import receive
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.ports import Bodies, Controls, Facts, FormSets, OpensWork


class OpenFiling:
    """Opening again returns the filing that is there. A new filing starts with the shared facts already known here."""

    def __init__(
        self,
        open_work: OpensWork,
        bodies: Bodies,
        facts: Facts,
        controls: Controls,
        form_sets: FormSets,
        clock: Clock,
        identifiers: Identifiers,
    ) -> None:
        self._open_work, self._bodies, self._facts, self._controls = open_work, bodies, facts, controls
        self._form_sets, self._clock, self._identifiers = form_sets, clock, identifiers

    async def __call__(self, caller: Caller, siren: str, document: Document, year: int) -> tuple[Filing, bool]:
        """Return the filing and whether it is new.

        Raises:
            NotFound: the caller may not know this body.
            Forbidden: the caller lacks `filing.open` on it.
            NoCampaign: no campaign is open for it here.
        """
        caller.require("filing.open", siren)
        async with self._open_work() as work:
            if found := await work.filings.find(siren, document, year):
                return found, False
        try:
            return await self._open(caller, siren, document, year), True
        except Conflict:
            async with self._open_work() as work:
                if found := await work.filings.find(siren, document, year):
                    return found, False
            raise

    async def _open(self, caller: Caller, siren: str, document: Document, year: int) -> Filing:
        now = self._clock.now()
        body = await self._bodies.get(siren)
        known = await self._facts.known(siren, year)
        async with self._open_work() as work:
            campaign = await work.campaigns.find(document, year)
            if campaign is None:
                raise NoCampaign(f"Aucune campagne {document} {year} sur ce serveur.")
            campaign.require_open(body.family, now.date())
            filing = Filing(
                id=self._identifiers.next(),
                body=body,
                document=document,
                year=year,
                form_set=campaign.form_set,
                opened_by=caller.name,
                opened_at=now,
                changed_at=now,
                due_on=campaign.due_on,
            )
            await work.filings.add(filing)
            form_set = self._form_sets.load(filing.form_set)
            received = [c for c in receive({}, known) if _belongs(form_set.is_computed(c.address), document)]
            filing = (await write_cells(work, self._controls, form_set, filing, {}, received, caller.name, now)).filing
            # Opening is not a change of content: the first revision is the one opened with.
            filing = replace(filing, revision=1)
            await work.filings.save(filing)
            count = len(received)
            await work.activities.add(
                Activity(
                    filing.id,
                    now,
                    caller.name,
                    "FILING_OPENED",
                    f"Dossier ouvert ; {count} donnée(s) commune(s) déjà connue(s).",
                    f"Filing opened; {count} shared fact(s) already known.",
                )
            )
            await work.commit()
        return filing


def _belongs(is_computed: bool, document: Document) -> bool:
    # The server that holds the ER computes its own totals; only a federation is given them.
    return document is Document.QDIS or not is_computed
