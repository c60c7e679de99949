"""Opens the filing of a body for a document and a year."""

from dataclasses import replace

from chassis.agreement import in_both
from chassis.clock import Clock, day_in_paris
from chassis.identifiers import Identifiers
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.carrying import carry
from services.forms.domain.errors import NoCampaign
from services.forms.domain.filing import Body, Document, Filing
from services.forms.domain.sharing import receivable, receive
from services.forms.domain.undoing import EditKind
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.evaluating import write_cells
from services.forms.usecases.past_versions import last_year_of
from services.forms.usecases.permitting import require_on_body
from services.forms.usecases.ports import Bodies, Controls, Facts, FormSets, OpensWork, UnitOfWork
from services.forms.usecases.undo_step import keep_step


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

    async def __call__(self, caller: Caller, siren: str, document: Document, year: int) -> tuple[FilingCard, bool]:
        """Return the filing and whether it is new.

        Raises:
            BodyUnknown: the caller may not know this body, or this server does not.
            Forbidden: the caller lacks `filing.open` on it.
            NoCampaign: no campaign is open for it here.
        """
        require_on_body(caller, "filing.open", siren)
        async with self._open_work() as work:
            if found := await work.filings.find(siren, document, year):
                return await card_of(work, self._form_sets, found, self._clock.now()), False
        body = await self._bodies.get(siren)
        async with self._open_work() as work:
            # Two that open at once follow each other; and a fact that arrives now waits, then finds the filing.
            await work.filings.hold(siren, year)
            found = await work.filings.find(siren, document, year)
            filing = found or await self._open(work, caller, body, document, year)
            card = await card_of(work, self._form_sets, filing, self._clock.now())
            if not found:
                await work.commit()
        return card, not found

    async def _open(self, work: UnitOfWork, caller: Caller, body: Body, document: Document, year: int) -> Filing:
        # Held: a form set published meanwhile finds this filing, or this filing is opened with that form set, and after it.
        campaign = await work.campaigns.hold(document, year)
        now = self._clock.now()
        if campaign is None:
            raise NoCampaign(f"Aucune campagne {document} {year} sur ce serveur.")
        extension = await work.campaigns.extension_of(document, year, body.siren)
        extended_to = extension.due_on if extension else None
        campaign.require_open(body.family, day_in_paris(now), extended_to)
        filing = Filing(
            id=self._identifiers.next(),
            body=body,
            document=document,
            year=year,
            form_set=campaign.form_set,
            opened_by=caller.name,
            opened_at=now,
            changed_at=now,
            due_on=extended_to or campaign.due_on,
            deadlines=campaign.deadlines(extended_to),
            demanded=campaign.required_attachments,
        )
        await work.filings.add(filing)
        form_set = self._form_sets.load(filing.form_set)
        known = receivable(form_set, document, await self._facts.known(body.siren, year))
        received = receive({}, known)
        there = {cell.address: cell for cell in received}
        last_year = await last_year_of(work, self._form_sets, filing)
        carried = (
            carry(form_set, document, last_year, there, caller.name, now, only_prefilled=True).carried
            if last_year
            else ()
        )
        opening = list({**there, **{cell.address: cell for cell in carried}}.values())
        written = await write_cells(work, self._controls, form_set, filing, {}, opening, caller.name, now)
        # Opening is not a change: the first revision is the one opened with.
        filing = replace(written.filing, revision=1)
        await work.filings.save(filing)
        activity = Activity(
            filing.id,
            now,
            caller.name,
            "FILING_OPENED",
            *in_both(
                "Dossier ouvert ; {known} donnée(s) commune(s) déjà connue(s), {carried} case(s) reprise(s).",
                "Filing opened; {known} shared fact(s) already known, {carried} cell(s) carried.",
                known=len(received),
                carried=len(carried),
            ),
        )
        await keep_step(work, self._identifiers.next(), EditKind.LAST_YEAR_CARRIED, activity, {}, carried)
        return filing
