"""The authority softens or withdraws a control for one campaign, tries it first, and lists what it decided."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import EVERY_SCOPE, Caller
from services.validation.domain.adjustment import LONGEST_REASON, Adjustment
from services.validation.domain.justification import normalised
from services.validation.domain.run import Run, RunKind
from services.validation.usecases.ports import FormSets, OpensWork
from services.validation.usecases.softening import form_set_of

MANAGE = "campaign.manage"


@dataclass(frozen=True, slots=True)
class Decision:
    """What the authority asks for."""

    form_set: str
    document: str
    year: int
    control: str
    severity: str
    reason: str

    def by(self, caller: Caller, clock: Clock) -> Adjustment:
        """The decision as taken."""
        reason = normalised(self.reason)
        parts = self.form_set, self.document, self.year, self.control, self.severity, reason
        return Adjustment(*parts, caller.name, clock.now())


class AdjustControl:
    """Keeps the decision, which counts from the next evaluation on, and queues the open filings to be judged again."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock, identifiers: Identifiers) -> None:
        self._open_work, self._form_sets = open_work, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(self, caller: Caller, decision: Decision) -> tuple[Adjustment, UUID]:
        """Return the decision as kept, and the run that judges the campaign again.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            FormSetUnknown: this server ships no such version.
            AdjustmentRefused: unknown or blocking control, heavier severity, or no reason.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        adjustment = decision.by(caller, self._clock)
        adjustment.require_sound(form_set_of(self._form_sets, decision.form_set))
        run = Run(self._identifiers.next(), RunKind.REJUDGE, subject_of(adjustment), self._clock.now())
        async with self._open_work() as work:
            await work.adjustments.add(adjustment)
            await work.runs.add(run)
            await work.commit()
        return adjustment, run.id


class PreviewAdjustment:
    """Queues a trial of a decision on every filing of a campaign; nothing is decided."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock, identifiers: Identifiers) -> None:
        self._open_work, self._form_sets = open_work, form_sets
        self._clock, self._identifiers = clock, identifiers

    async def __call__(self, caller: Caller, decision: Decision, tried_on: int = 0) -> UUID:
        """Return the run that tries it.

        Args:
            caller: who asks.
            decision: what would be decided; needs no reason yet.
            tried_on: year whose filings it is tried on, signed ones included; 0 for the open ones of the campaign.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            FormSetUnknown: this server ships no such version.
            AdjustmentRefused: unknown or blocking control, or heavier severity.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        adjustment = replace(decision, reason=decision.reason[:LONGEST_REASON]).by(caller, self._clock)
        with_any_reason = replace(adjustment, reason="Essai sans effet.")
        with_any_reason.require_sound(form_set_of(self._form_sets, decision.form_set))
        subject = {**subject_of(adjustment), "tried_on": tried_on}
        run = Run(self._identifiers.next(), RunKind.PREVIEW, subject, self._clock.now())
        async with self._open_work() as work:
            await work.runs.add(run)
            await work.commit()
        return run.id


class ListAdjustments:
    """Lists what is in force."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, document: str, year: int) -> list[Adjustment]:
        """Return the last decision on each control of a campaign, by control id.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        async with self._open_work() as work:
            return await work.adjustments.in_force(document, year)


def subject_of(adjustment: Adjustment) -> dict[str, Any]:
    """Return what a run about a decision is about, as plain values."""
    return {
        "form_set": adjustment.form_set,
        "document": adjustment.document,
        "year": adjustment.year,
        "control": adjustment.control,
        "severity": adjustment.severity,
        "reason": adjustment.reason,
        "author": adjustment.author,
    }


def decision_of(run: Run) -> Adjustment:
    """Return the decision that a run is about; it was taken, or is tried, when the run was asked for."""
    about = run.subject
    return Adjustment(
        about["form_set"],
        about["document"],
        about["year"],
        about["control"],
        about["severity"],
        about["reason"],
        about["author"],
        run.queued_at,
    )
