"""Opens or changes a campaign."""

from chassis.errors import Violation
from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.campaign import Campaign
from services.forms.domain.errors import CampaignMalformed
from services.forms.domain.form_set_life import require_published
from services.forms.usecases.ports import FormSets, OpensWork


class PlanCampaign:
    """Idempotent: the campaign is as asked. Filings already open keep their form set and take the new due date."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, campaign: Campaign) -> Campaign:
        """Save the campaign for staff of the authority.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require("campaign.manage", EVERY_SCOPE)
        return await self.provision(campaign)

    async def provision(self, campaign: Campaign) -> Campaign:
        """Save the campaign for the node itself.

        Raises:
            CampaignMalformed: dates out of order, no family, no such form set.
            FormSetNotPublished: a form set that the campaign did not have is not published here.
        """
        campaign.require_sound()
        try:
            self._form_sets.load(campaign.form_set)
        except LookupError:
            sentence = "Ce serveur n'a pas ce référentiel."
            raise CampaignMalformed([Violation("form_set", sentence, "FORM_SET_UNKNOWN")]) from None
        async with self._open_work() as work:
            present = await work.campaigns.find(campaign.document, campaign.year)
            if present is None or present.form_set != campaign.form_set:
                require_published(campaign.form_set, await work.form_set_states.get(campaign.form_set))
            await work.campaigns.save(campaign)
            await work.filings.reschedule(campaign.document, campaign.year, campaign.due_on)
            for extension in await work.campaigns.extensions(campaign.document, campaign.year):
                if extension.due_on > campaign.due_on:
                    await work.filings.reschedule(campaign.document, campaign.year, extension.due_on, extension.siren)
            await work.commit()
        return campaign
