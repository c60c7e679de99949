"""Asks for another form set to be given to the open filings of a campaign, or taken back, and says how far that is (F9).

Asking changes the campaign, in one transaction, so that filings opened from then on have the right form set; the filings
that are open follow in the background (`carry_out_publications`).
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Violation
from chassis.identifiers import Identifiers
from chassis.identity import EVERY_SCOPE, Caller
from formsets import FormSet
from services.forms.domain.errors import CampaignMalformed, NoCampaign, PublicationNotInForce, PublicationSuperseded
from services.forms.domain.filing import Document
from services.forms.domain.form_set_life import require_applicable, require_published
from services.forms.domain.publication import Publication, PublicationState, Standing, seconds_left
from services.forms.usecases.ports import FormSets, OpensWork, UnitOfWork

MANAGE = "campaign.manage"
MOST_LISTED = 20


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


class PublishFormSet:
    """One change of form set at a time on a campaign."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock, identifiers: Identifiers) -> None:
        self._open_work, self._form_sets = open_work, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(
        self,
        caller: Caller,
        document: Document,
        year: int,
        form_set: str,
        *,
        is_forced: bool = False,
        publication_id: UUID | None = None,
    ) -> Standing:
        """Return where the publication is; asked again, it goes on with what was left.

        Args:
            caller: who publishes.
            document: the document of the campaign.
            year: its year.
            form_set: the version to give.
            is_forced: publish although exercices of that year are filed with another form set (F-28).
            publication_id: the publication to go on with, and no other, not even a new one.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: this server does not have that form set.
            NoCampaign: there is no such campaign here.
            PublicationNotInForce: the one to go on with is not the one that gave the campaign its form set.
            PublicationUnderWay: another form set is being published, or one is being taken back.
            FormSetNotPublished: it is a draft, on trial or closed here.
            FormSetNotApplicable: exercices of that year are filed with another one, and it was not forced.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        after = load_known(self._form_sets, form_set)
        async with self._open_work() as work:
            campaign = await work.campaigns.get_for_change(document, year)
            if campaign is None:
                raise NoCampaign(f"Aucune campagne {document} {year} sur ce serveur.")
            published = await work.publications.of(document, year)
            in_force = next((one for one in published if not one.is_undone), None)
            same = in_force if in_force and campaign.form_set == in_force.after == form_set else None
            if publication_id is not None and (same is None or same.id != publication_id):
                raise PublicationNotInForce(f"{document} {year}")
            for one in published:
                if one is not same:
                    one.require_over()
            if same is not None:
                publication = await _asked_again(work, same, self._clock)
            else:
                require_published(form_set, await work.form_set_states.get(form_set))
                if not is_forced:
                    require_applicable(after, year)
                now = self._clock.now()
                asked = (self._identifiers.next(), document, year, campaign.form_set, form_set, caller.name, now)
                publication = Publication(*asked).asked(now)
                await work.publications.add(publication)
                await work.campaigns.save(replace(campaign, form_set=form_set))
            standing = await _standing(work, publication, self._clock)
            await work.commit()
        return standing


class UndoFormSetChange:
    """Turns a publication round, even one in the middle: whoever publishes it does nothing more."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, caller: Caller, publication_id: UUID) -> Standing:
        """Return where the taking back is; asked again, it goes on with what was left.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            PublicationUnknown: there is none.
            PublicationSuperseded: a later publication is in force.
            PublicationUnderWay: a later one is being taken back.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        async with self._open_work() as work:
            publication = await work.publications.get(publication_id)
            campaign = await work.campaigns.get_for_change(publication.document, publication.year)
            publication = await work.publications.get_for_change(publication_id)
            published = await work.publications.of(publication.document, publication.year)
            if publication.is_superseded(published):
                raise PublicationSuperseded
            for one in published[: [one.id for one in published].index(publication_id)]:
                one.require_over()
            if publication.is_undone:
                publication = await _asked_again(work, publication, self._clock)
            else:
                publication = publication.taken_back(caller.name, self._clock.now())
                await work.publications.save(publication)
                if campaign is not None and campaign.form_set == publication.after:
                    await work.campaigns.save(replace(campaign, form_set=publication.before))
            standing = await _standing(work, publication, self._clock)
            await work.commit()
        return standing


class GetPublication:
    """Says where a publication is, or its taking back."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, caller: Caller, publication_id: UUID) -> Standing:
        """Return the publication, how far it is, its place and an estimate.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            PublicationUnknown: there is none.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        async with self._open_work() as work:
            publication = await work.publications.get(publication_id)
            published = await work.publications.of(publication.document, publication.year)
            return await _standing(work, publication, self._clock, is_superseded=publication.is_superseded(published))


class ListPublications:
    """Lists the publications asked for last, so that one is found again whose page was left."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, caller: Caller) -> Sequence[Standing]:
        """Return twenty at most, newest first.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        async with self._open_work() as work:
            latest = await work.publications.latest(MOST_LISTED)
            under_way = await work.publications.under_way()
            return [
                await _standing(work, one, self._clock, under_way, is_superseded=one.is_superseded(latest))
                for one in latest
            ]


async def _asked_again(work: UnitOfWork, publication: Publication, clock: Clock) -> Publication:
    """Have a publication go on that stopped before its end."""
    held = await work.publications.get_for_change(publication.id)
    if held.is_under_way or not (await work.publications.tally(held)).left:
        return held
    again = held.asked(clock.now())
    await work.publications.save(again)
    return again


async def _standing(
    work: UnitOfWork,
    publication: Publication,
    clock: Clock,
    under_way: Sequence[Publication] | None = None,
    *,
    is_superseded: bool = False,
) -> Standing:
    tally = await work.publications.tally(publication)
    if publication.state is PublicationState.DONE or is_superseded:
        # What is under another form set since is there by a later change.
        return Standing(publication, replace(tally, left=0), is_superseded=is_superseded)
    if not publication.is_under_way:
        return Standing(publication, tally)
    if under_way is None:
        under_way = await work.publications.under_way()
    # It may have ended since it was read: it need not be among those to do.
    ahead = [one for one in under_way if one.is_before(publication)]
    now = clock.now()
    seconds = [seconds_left(one, await work.publications.tally(one), now) for one in ahead]
    return Standing(publication, tally, len(ahead) + 1, sum(seconds) + seconds_left(publication, tally, now))
