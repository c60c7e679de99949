"""Queues a check of every filing of a campaign."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import EVERY_SCOPE, Caller
from services.validation.domain.run import Run, RunKind
from services.validation.usecases.ports import OpensWork


class CheckCampaign:
    """The answer is a place in the queue, at once, whatever the queue (F38)."""

    def __init__(self, open_work: OpensWork, clock: Clock, identifiers: Identifiers) -> None:
        self._open_work, self._clock, self._identifiers = open_work, clock, identifiers

    async def __call__(self, caller: Caller, document: str, year: int) -> UUID:
        """Return the run that checks.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require("campaign.manage", EVERY_SCOPE)
        about = {"document": document, "year": year}
        run = Run(self._identifiers.next(), RunKind.CHECK, about, self._clock.now())
        async with self._open_work() as work:
            await work.runs.add(run)
            await work.commit()
        return run.id
