"""Gives one body more time."""

from datetime import date

from chassis.clock import Clock
from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.activity import Activity
from services.forms.domain.campaign import Extension
from services.forms.domain.errors import NoCampaign
from services.forms.domain.filing import Document
from services.forms.usecases.ports import Bodies, OpensWork


class ExtendDeadline:
    """Kept beside the campaign, so that planning it again does not take the extension back. The last one counts.

    It moves the due date and, when it ends after the closing of the campaign, the last days to fill, correct and sign.
    """

    def __init__(self, open_work: OpensWork, bodies: Bodies, clock: Clock) -> None:
        self._open_work, self._bodies, self._clock = open_work, bodies, clock

    async def __call__(
        self, caller: Caller, document: Document, year: int, siren: str, due_on: date, reason: str
    ) -> date:
        """Return the last day of the body now.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            NotFound: this server does not know the body.
            NoCampaign: there is no campaign for it.
            CampaignMalformed: the day is before the due date or a year after the last one, or there is no reason.
        """
        caller.require("campaign.manage", EVERY_SCOPE)
        body = await self._bodies.get(siren)
        now, reason = self._clock.now(), reason.strip()
        async with self._open_work() as work:
            campaign = await work.campaigns.find(document, year)
            if campaign is None or not campaign.concerns(body.family):
                raise NoCampaign(f"Aucune campagne {document} {year} pour cet organisme sur ce serveur.")
            campaign.require_extension(due_on, reason)
            await work.campaigns.extend(Extension(document, year, siren, due_on, reason, caller.name, now))
            await work.filings.reschedule(document, year, due_on, siren)
            if filing := await work.filings.find(siren, document, year):
                fr = f"Échéance reportée au {due_on:%d/%m/%Y} : {reason}"
                en = f"Deadline moved to {due_on.isoformat()}: {reason}"
                await work.activities.add(Activity(filing.id, now, caller.name, "DEADLINE_EXTENDED", fr, en))
            await work.commit()
        return due_on
