"""Gives another form set to the open filings of a campaign, and takes it back (F9).

Filing by filing, each in its own transaction under its row lock: a save in flight is either before, and carried, or
after, and read under the new form set. Killed in the middle, asking again goes on where it stopped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import Clock
from chassis.errors import Invalid, Violation
from chassis.identifiers import Identifiers
from chassis.identity import EVERY_SCOPE, Caller
from formsets import FormSet
from services.forms.domain.activity import Activity
from services.forms.domain.cell import Cell, Origin, Source
from services.forms.domain.errors import CampaignMalformed, NoCampaign, PublicationSuperseded, SignatureUnderWay
from services.forms.domain.filing import Document, Filing
from services.forms.domain.form_set_change import (
    ChangedFiling,
    FilingImpact,
    JudgedChange,
    Publication,
    Unfit,
    change_form_set,
    emptied,
    is_open,
    judged,
    set_aside,
    take_back,
)
from services.forms.domain.form_set_life import is_applicable, require_applicable, require_published
from services.forms.usecases.evaluating import evaluate, write_cells
from services.forms.usecases.ports import Controls, FormSets, OpensWork, UnitOfWork

MANAGE = "campaign.manage"
MOST_JUDGED = 50
"""Filings that a preview evaluates: a few seconds at most."""


@dataclass(frozen=True, slots=True)
class Published:
    """A publication and how many filings it changed, those of an earlier attempt included."""

    publication: Publication
    changed: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing would do."""

    impacts: Sequence[FilingImpact]
    untouched: int
    """Signed filings, which keep their form set."""
    judged: int = 0
    """How many of the impacts were evaluated; the others say only what is carried and what is not."""
    is_applicable: bool = True
    """False when exercices of that year are filed with another form set (F-28)."""
    in_force: Publication | None = None
    """The last publication that was not taken back."""


def load_known(form_sets: FormSets, version: str) -> FormSet:
    """Return a form set that somebody asked for.

    Raises:
        CampaignMalformed: this server does not have it.
    """
    try:
        return form_sets.load(version)
    except LookupError:
        sentence = "Ce serveur n'a pas ce référentiel."
        raise CampaignMalformed([Violation("form_set", sentence, "FORM_SET_UNKNOWN")]) from None


class PreviewFormSetChange:
    """Says filing by filing what a publication would do; nothing is written, and no figure is shown to the authority.

    The first filings are evaluated under both form sets: their verdict, the controls that would newly fail, and how
    many computed cells change.
    """

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets

    async def __call__(self, caller: Caller, document: Document, year: int, form_set: str) -> Preview:
        """Return the impacts, in order of body; at most `MOST_JUDGED` filings are evaluated.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: this server does not have that form set.
            NoCampaign: there is no such campaign here.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        after = load_known(self._form_sets, form_set)
        async with self._open_work() as work:
            if await work.campaigns.find(document, year) is None:
                raise NoCampaign(f"Aucune campagne {document} {year} sur ce serveur.")
            filings = await work.filings.of_campaign(document, year)
            in_force = await _in_force(work, document, year)
        concerned = [filing for filing in filings if is_open(filing) and filing.form_set != form_set]
        impacts = [
            await self._impact(filing, after, is_judged=place < MOST_JUDGED) for place, filing in enumerate(concerned)
        ]
        untouched = sum(1 for filing in filings if not is_open(filing))
        judged_ones = sum(1 for impact in impacts if impact.judged is not None)
        return Preview(impacts, untouched, judged_ones, is_applicable(after, year), in_force)

    async def _impact(self, filing: Filing, after: FormSet, *, is_judged: bool) -> FilingImpact:
        before = self._form_sets.load(filing.form_set)
        async with self._open_work() as work:
            cells = await work.cells.of(filing.id)
            change = change_form_set(before, after, filing.document, filing.year, cells.values())
            labels = {one.cell.address: before.label(one.cell.address) for one in change.to_choose}
            impact = FilingImpact(filing, change, labels)
            return (
                replace(impact, judged=await self._judge(work, impact, before, after, cells)) if is_judged else impact
            )

    async def _judge(
        self, work: UnitOfWork, impact: FilingImpact, before: FormSet, after: FormSet, cells: Mapping[str, Cell]
    ) -> JudgedChange | None:
        filing, aside = impact.filing, {one.cell.address for one in impact.change.to_choose}
        kept = {address: cell for address, cell in cells.items() if address not in aside}
        moved = replace(filing, form_set=after.version)
        try:
            return judged(
                await evaluate(work, self._controls, before, filing, cells),
                await evaluate(work, self._controls, after, moved, kept),
            )
        except Invalid:
            # A cell that validation cannot read, kept from an earlier release: what is carried is said all the same.
            return None


class PublishFormSet:
    """The campaign changes first, so that filings opened from then on have the new form set; then each open filing."""

    def __init__(
        self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock, identifiers: Identifiers
    ) -> None:
        self._open_work, self._controls, self._form_sets = open_work, controls, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(
        self, caller: Caller, document: Document, year: int, form_set: str, *, is_forced: bool = False
    ) -> Published:
        """Publish, or go on with the same publication.

        Args:
            caller: who publishes.
            document: the document of the campaign.
            year: its year.
            form_set: the version to give.
            is_forced: publish although exercices of that year are filed with another form set (F-28).

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: this server does not have that form set.
            NoCampaign: there is no such campaign here.
            FormSetNotPublished: it is a draft, on trial or closed here.
            FormSetNotApplicable: exercices of that year are filed with another one, and it was not forced.
            SignatureUnderWay: filings are being signed; all the others are done, ask again for those.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        after = load_known(self._form_sets, form_set)
        publication = await self._begin(caller, document, year, after, is_forced=is_forced)
        async with self._open_work() as work:
            filings = await work.filings.of_campaign(document, year)
        waiting = 0
        for filing in filings:
            if is_open(filing) and filing.form_set != form_set:
                waiting += not await self._give(publication, filing.id, after)
        if waiting:
            raise SignatureUnderWay("Des dossiers sont en cours de signature : relancez la publication.")
        async with self._open_work() as work:
            changed = await work.publications.filings(publication.id)
        return Published(publication, len(changed))

    async def _begin(
        self, caller: Caller, document: Document, year: int, after: FormSet, *, is_forced: bool
    ) -> Publication:
        form_set = after.version
        async with self._open_work() as work:
            campaign = await work.campaigns.get_for_change(document, year)
            if campaign is None:
                raise NoCampaign(f"Aucune campagne {document} {year} sur ce serveur.")
            in_force = await _in_force(work, document, year)
            if in_force is not None and campaign.form_set == in_force.after == form_set:
                return in_force
            require_published(form_set, await work.form_set_states.get(form_set))
            if not is_forced:
                require_applicable(after, year)
            publication = Publication(
                self._identifiers.next(),
                document,
                year,
                campaign.form_set,
                form_set,
                caller.name,
                self._clock.now(),
            )
            await work.publications.add(publication)
            await work.campaigns.save(replace(campaign, form_set=form_set))
            await work.commit()
        return publication

    async def _give(self, publication: Publication, filing_id: UUID, after: FormSet) -> bool:
        """Change one filing; False when it is being signed and must wait."""
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            if not is_open(filing) or filing.form_set == after.version:
                return True
            if filing.lock is not None:
                return False
            before, cells = self._form_sets.load(filing.form_set), await work.cells.of(filing_id)
            change = change_form_set(before, after, filing.document, filing.year, cells.values())
            now = self._clock.now()
            by = Source(Origin.TYPED, publication.author, now)
            present = await _put_aside(work, publication.id, filing_id, cells, change.unfit, by)
            moved = replace(filing, form_set=after.version)
            await write_cells(work, self._controls, after, moved, present, (), publication.author, now)
            await work.publications.add_filing(ChangedFiling(publication.id, filing_id, filing.form_set))
            carried, aside = len(change.carried), len(change.to_choose)
            await work.activities.add(
                Activity(
                    filing_id,
                    now,
                    publication.author,
                    "FORM_SET_CHANGED",
                    *in_both(
                        "Référentiel {before} remplacé par {after} : {carried} valeur(s) reprise(s), "
                        "{aside} mise(s) de côté à choisir.",
                        "Form set {before} replaced by {after}: {carried} value(s) carried over, "
                        "{aside} set aside for a choice.",
                        before=before.version,
                        after=after.version,
                        carried=carried,
                        aside=aside,
                    ),
                )
            )
            await work.commit()
        return True


class UndoFormSetChange:
    """Puts the filings back; can be asked again when it was stopped in the middle."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(self, caller: Caller, publication_id: UUID) -> int:
        """Return how many filings were put back, those of an earlier attempt included.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            PublicationUnknown: there is none.
            PublicationSuperseded: a later publication is in force.
            SignatureUnderWay: filings are being signed; all the others are done, ask again for those.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        publication = await self._begin(publication_id)
        async with self._open_work() as work:
            done = {one.filing_id: one for one in await work.publications.filings(publication_id)}
            filings = await work.filings.of_campaign(publication.document, publication.year)
        waiting = 0
        for filing in filings:
            if filing.id in done or filing.opened_at >= publication.at:
                changed = done.get(filing.id) or ChangedFiling(publication_id, filing.id, publication.before)
                waiting += not await self._put_back(caller, publication, changed)
        if waiting:
            raise SignatureUnderWay("Des dossiers sont en cours de signature : relancez l'annulation.")
        async with self._open_work() as work:
            return sum(1 for one in await work.publications.filings(publication_id) if one.is_undone)

    async def _begin(self, publication_id: UUID) -> Publication:
        async with self._open_work() as work:
            publication = await work.publications.get(publication_id)
            campaign = await work.campaigns.get_for_change(publication.document, publication.year)
            publications = await work.publications.of(publication.document, publication.year)
            newer = publications[: [one.id for one in publications].index(publication_id)]
            if any(not one.is_undone for one in newer):
                raise PublicationSuperseded
            if not publication.is_undone:
                await work.publications.mark_undone(publication_id)
                if campaign is not None and campaign.form_set == publication.after:
                    await work.campaigns.save(replace(campaign, form_set=publication.before))
                await work.commit()
        return publication

    async def _put_back(self, caller: Caller, publication: Publication, changed: ChangedFiling) -> bool:
        """Put one filing back; False when it is being signed and must wait."""
        if changed.is_undone:
            return True
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(changed.filing_id)
            if not is_open(filing) or filing.form_set != publication.after:
                return True
            if filing.lock is not None:
                return False
            after, before = self._form_sets.load(filing.form_set), self._form_sets.load(changed.before)
            cells, now = await work.cells.of(filing.id), self._clock.now()
            aside = [one for one in await work.set_aside.of(filing.id) if one.publication_id == publication.id]
            back = take_back(after, before, filing, cells, aside, Source(Origin.TYPED, caller.name, now))
            await work.set_aside.save(
                [*back.returned, *(set_aside(publication.id, filing.id, one) for one in back.unfit)]
            )
            gone = {one.cell.address for one in back.unfit}
            await work.cells.save(filing.id, [cell for cell in back.changed if cell.address in gone])
            present = {**cells, **{cell.address: cell for cell in back.changed}}
            returned = [cell for cell in back.changed if cell.address not in gone]
            moved = replace(filing, form_set=before.version)
            await write_cells(work, self._controls, before, moved, present, returned, caller.name, now)
            await work.publications.add_filing(replace(changed, is_undone=True))
            await work.activities.add(
                Activity(
                    filing.id,
                    now,
                    caller.name,
                    "FORM_SET_TAKEN_BACK",
                    *in_both(
                        "Retour au référentiel {before} : {returned} valeur(s) remise(s), "
                        "{aside} mise(s) de côté à choisir.",
                        "Back to form set {before}: {returned} value(s) put back, {aside} set aside for a choice.",
                        before=before.version,
                        returned=len(back.returned),
                        aside=len(back.to_choose),
                    ),
                )
            )
            await work.commit()
        return True


async def _in_force(work: UnitOfWork, document: Document, year: int) -> Publication | None:
    return next((one for one in await work.publications.of(document, year) if not one.is_undone), None)


async def _put_aside(
    work: UnitOfWork,
    publication_id: UUID,
    filing_id: UUID,
    cells: Mapping[str, Cell],
    unfit: Sequence[Unfit],
    source: Source,
) -> dict[str, Cell]:
    """Keep values aside and empty their cells; return the cells then. Other servers are not told: nobody erased a fact."""
    empty = [emptied(one.cell, source) for one in unfit]
    await work.set_aside.save([set_aside(publication_id, filing_id, one) for one in unfit])
    await work.cells.save(filing_id, empty)
    return {**cells, **{cell.address: cell for cell in empty}}
