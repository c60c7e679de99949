"""Queues a check of every filing of a campaign, under the rules in force or under another form set too."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import EVERY_SCOPE, Caller
from services.validation.domain.run import Run, RunKind
from services.validation.usecases.ports import FormSets, OpensWork
from services.validation.usecases.softening import form_set_of


class CheckCampaign:
    """The answer is a place in the queue, at once, whatever the queue (F38)."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock, identifiers: Identifiers) -> None:
        self._open_work, self._form_sets, self._clock, self._identifiers = open_work, form_sets, clock, identifiers

    async def __call__(self, caller: Caller, document: str, year: int, form_set: str = "") -> UUID:
        """Return the run that checks.

        Args:
            caller: who asks.
            document: the document of the campaign.
            year: its year, past or present.
            form_set: another form set to try the filings under, whatever its state; empty for the rules in force alone.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            FormSetUnknown: this server ships no such version.
        """
        caller.require("campaign.manage", EVERY_SCOPE)
        kind, about = RunKind.CHECK, {"document": document, "year": year}
        if form_set:
            kind, about = RunKind.TRIAL, {**about, "form_set": form_set_of(self._form_sets, form_set).version}
        run = Run(self._identifiers.next(), kind, about, self._clock.now())
        async with self._open_work() as work:
            await work.runs.add(run)
            await work.commit()
        return run.id
