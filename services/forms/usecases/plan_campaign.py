"""Opens or changes a campaign."""

from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.campaign import Campaign
from services.forms.usecases.ports import FormSets, OpensWork


class PlanCampaign:
    """Idempotent: the campaign is as asked. Filings already open keep the form set they were opened with."""

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
        """Save the campaign for the node itself."""
        self._form_sets.load(campaign.form_set)
        async with self._open_work() as work:
            await work.campaigns.save(campaign)
            await work.commit()
        return campaign
