"""Opens or changes a campaign, and lists those there are."""

from dataclasses import replace

from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.campaign import Campaign
from services.forms.domain.form_set_life import newest, require_applicable, require_published
from services.forms.usecases.ports import FormSets, OpensWork, UnitOfWork
from services.forms.usecases.publish_form_set import MANAGE, load_known


class ListCampaigns:
    """Lists the campaigns of this server."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller) -> list[Campaign]:
        """Return campaigns, newest year first.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        async with self._open_work() as work:
            return await work.campaigns.all()


class PlanCampaign:
    """Idempotent: the campaign is as asked. Filings already open keep their form set and take the new dates."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, campaign: Campaign) -> Campaign:
        """Save the campaign for staff of the authority.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: dates out of order, no family, no such form set.
            FormSetNotPublished: a form set that the campaign did not have is not published here.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        return await self._save(campaign)

    async def provision(self, campaign: Campaign) -> Campaign:
        """Save the campaign for the node itself, which says the same at each start.

        The form set of a campaign with publications, taken back or not, and one newer than what the node says, stay: a start
        undoes nobody's decision.

        Raises:
            CampaignMalformed: dates out of order, no family, no such form set.
            FormSetNotPublished: a form set that the campaign did not have is not published here.
            FormSetNotApplicable: exercices of that year are not filed with it (F-28).
        """
        return await self._save(campaign, is_a_start=True)

    async def _save(self, campaign: Campaign, *, is_a_start: bool = False) -> Campaign:
        campaign.require_sound()
        form_set = load_known(self._form_sets, campaign.form_set)
        async with self._open_work() as work:
            # Nobody publishes to this campaign meanwhile.
            present = await work.campaigns.get_for_change(campaign.document, campaign.year)
            if present is not None and is_a_start:
                campaign = replace(campaign, form_set=await self._kept(work, campaign, present))
            if present is None or present.form_set != campaign.form_set:
                require_published(campaign.form_set, await work.form_set_states.get(campaign.form_set))
                require_applicable(form_set, campaign.year)
            await work.campaigns.save(campaign)
            await work.filings.reschedule(campaign.document, campaign.year, campaign.due_on)
            for extension in await work.campaigns.extensions(campaign.document, campaign.year):
                if extension.due_on > campaign.due_on:
                    await work.filings.reschedule(campaign.document, campaign.year, extension.due_on, extension.siren)
            await work.commit()
        return campaign

    async def _kept(self, work: UnitOfWork, asked: Campaign, present: Campaign) -> str:
        if await work.publications.of(asked.document, asked.year):
            return present.form_set
        return newest(present.form_set, asked.form_set, self._form_sets.available())
