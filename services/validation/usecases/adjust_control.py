"""The authority softens or withdraws a control for one campaign, tries it first, hears of others', and lists them."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from chassis.identity import EVERY_SCOPE, Caller
from services.validation.domain.adjustment import HERE, Adjustment, Jurisdiction
from services.validation.domain.errors import FormSetUnknown
from services.validation.domain.events import ControlAdjusted
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

    def by(self, caller: Caller, clock: Clock, identifiers: Identifiers) -> Adjustment:
        """The decision as taken."""
        reason = normalised(self.reason)
        parts = self.form_set, self.document, self.year, self.control, self.severity, reason
        return Adjustment(*parts, caller.name, clock.now(), identifiers.next())


class Deciding:
    """What it takes to decide: the authority, the form set, and when."""

    def __init__(self, form_sets: FormSets, jurisdiction: Jurisdiction, clock: Clock, identifiers: Identifiers) -> None:
        self._form_sets, self._jurisdiction = form_sets, jurisdiction
        self._clock, self._identifiers = clock, identifiers

    def take(self, caller: Caller, decision: Decision) -> Adjustment:
        """Return the decision as this person takes it here.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            NotTheAuthority: the controls of that document are another server's to adjust.
            FormSetUnknown: this server ships no such version.
            AdjustmentRefused: unknown or blocking control, one of another document, heavier severity, or no reason.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        self._jurisdiction.require(HERE, decision.document)
        adjustment = decision.by(caller, self._clock, self._identifiers)
        adjustment.require_sound(form_set_of(self._form_sets, decision.form_set))
        return adjustment

    def run_about(self, kind: RunKind, adjustment: Adjustment, **more: Any) -> Run:
        """Return a run to queue about a decision."""
        return Run(self._identifiers.next(), kind, {**subject_of(adjustment), **more}, self._clock.now())


class AdjustControl:
    """Keeps the decision, which counts from the next evaluation on, queues the open filings to be judged again, tells the peers."""

    def __init__(self, open_work: OpensWork, deciding: Deciding) -> None:
        self._open_work, self._deciding = open_work, deciding

    async def __call__(self, caller: Caller, decision: Decision) -> tuple[Adjustment, UUID]:
        """Return the decision as kept, and the run that judges the campaign again.

        Raises:
            Failure: as `Deciding.take` says.
        """
        taken = self._deciding.take(caller, decision)
        async with self._open_work() as work:
            in_force = await work.adjustments.in_force(taken.document, taken.year, HERE)
            adjustment = taken.after(next((one for one in in_force if one.control == taken.control), None))
            run = self._deciding.run_about(RunKind.REJUDGE, adjustment)
            await work.adjustments.add(adjustment)
            await work.runs.add(run)
            work.publish(ControlAdjusted(adjustment))
            await work.commit()
        return adjustment, run.id


class PreviewAdjustment:
    """Queues a trial of a decision on every filing of a campaign; nothing is decided."""

    def __init__(self, open_work: OpensWork, deciding: Deciding) -> None:
        self._open_work, self._deciding = open_work, deciding

    async def __call__(self, caller: Caller, decision: Decision, tried_on: int = 0) -> UUID:
        """Return the run that tries it.

        Args:
            caller: who asks.
            decision: what would be decided; needs no reason yet.
            tried_on: year whose filings it is tried on, signed ones included; 0 for the open ones of the campaign.

        Raises:
            Failure: as `Deciding.take` says.
        """
        adjustment = self._deciding.take(caller, replace(decision, reason="Essai sans effet."))
        run = self._deciding.run_about(RunKind.PREVIEW, adjustment, tried_on=tried_on)
        async with self._open_work() as work:
            await work.runs.add(run)
            await work.commit()
        return run.id


class ApplyAdjustment:
    """Takes in another authority's decision; the same again changes nothing, and the order of arrival does not matter."""

    def __init__(
        self, open_work: OpensWork, form_sets: FormSets, jurisdiction: Jurisdiction, deciding: Deciding
    ) -> None:
        self._open_work, self._form_sets = open_work, form_sets
        self._jurisdiction, self._deciding = jurisdiction, deciding

    async def __call__(self, adjustment: Adjustment) -> UUID | None:
        """Return the run that judges the filings here again; None when the decision changes nothing here.

        A form set that this server does not ship yet is no reason to refuse: the decision counts once it does.

        Raises:
            NotTheAuthority: the controls of that document are not that server's to adjust.
            AdjustmentRefused: unknown or blocking control, one of another document, heavier severity, or no reason.
        """
        self._jurisdiction.require(adjustment.authority, adjustment.document)
        adjustment.require_reason()
        with suppress(FormSetUnknown):
            adjustment.require_sound(form_set_of(self._form_sets, adjustment.form_set))
        run = None
        async with self._open_work() as work:
            is_new = await work.adjustments.add(adjustment)
            authority = self._jurisdiction.over(adjustment.document)
            in_force = await work.adjustments.in_force(adjustment.document, adjustment.year, authority)
            if is_new and (adjustment.authority, adjustment.id) in {(one.authority, one.id) for one in in_force}:
                run = self._deciding.run_about(RunKind.REJUDGE, adjustment)
                await work.runs.add(run)
            await work.commit()
        return run.id if run else None


class ListAdjustments:
    """Lists what the authorities decided."""

    def __init__(self, open_work: OpensWork, jurisdiction: Jurisdiction) -> None:
        self._open_work, self._jurisdiction = open_work, jurisdiction

    async def __call__(self, caller: Caller, document: str, year: int) -> list[tuple[Adjustment, bool]]:
        """Return every authority's last decision on each control of a campaign, and whether it applies to filings here.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        authority = self._jurisdiction.over(document)
        async with self._open_work() as work:
            found = await work.adjustments.of_campaign(document, year)
        return [(one, one.authority == authority) for one in found]


def subject_of(adjustment: Adjustment) -> dict[str, Any]:
    """Return what a run about a decision is about, as plain values."""
    return {
        "form_set": adjustment.form_set,
        "document": adjustment.document,
        "year": adjustment.year,
        "control": adjustment.control,
        "severity": adjustment.severity,
        "reason": adjustment.reason,
        "author": f"{adjustment.author} ({adjustment.authority})" if adjustment.authority else adjustment.author,
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
        run.id,
    )
