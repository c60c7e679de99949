"""The body asks that a closed filing comes back to step 4 (domain.md §11), and the authority decides."""

from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.filing import Filing
from services.forms.usecases.close_filing import CLOSE
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.permitting import require_on, require_transmitted
from services.forms.usecases.ports import FormSets, OpensWork


class RequestReturn:
    """One request at a time; asked after a refusal, a new one replaces it."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._form_sets, self._clock = open_work, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, reason: str) -> FilingCard:
        """Return the filing with the request.

        Raises:
            FilingUnknown: no such filing for this caller.
            Forbidden: the caller lacks `filing.return` on it.
            StepRefused: it is not at step 5, or a request is pending.
            ReasonMissing: without a reason.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.return", filing)
            now = self._clock.now()
            asked = filing.return_asked(reason, caller.name, now)
            await work.filings.save(asked)
            fr = f"Retour à l'étape 4 demandé : {reason.strip()}"
            en = f"Return to step 4 requested: {reason.strip()}"
            await work.activities.add(Activity(filing_id, now, caller.name, "RETURN_REQUESTED", fr, en))
            card = await card_of(work, self._form_sets, asked, now)
            await work.commit()
        return card


class DecideReturn:
    """Accepted, the filing is at step 4 and in review; refused, it stays closed and the body reads why."""

    def __init__(self, open_work: OpensWork, clock: Clock) -> None:
        self._open_work, self._clock = open_work, clock

    async def __call__(self, caller: Caller, filing_id: UUID, reason: str, *, is_accepted: bool) -> Filing:
        """Return the filing after the decision.

        Raises:
            FilingUnknown: no such filing, or it was never transmitted.
            Forbidden: the caller lacks `filing.close`.
            StepRefused: no request is pending.
            ReasonMissing: a refusal without a reason.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_transmitted(caller, CLOSE, filing)
            now = self._clock.now()
            decided = filing.return_decided(reason, caller.name, now, is_accepted=is_accepted)
            await work.filings.save(decided)
            because = f" : {reason.strip()}" if reason.strip() else ""
            kind, french, english = (
                ("RETURN_ACCEPTED", "Retour à l'étape 4 accepté", "Return to step 4 accepted")
                if is_accepted
                else ("RETURN_REFUSED", "Retour à l'étape 4 refusé", "Return to step 4 refused")
            )
            told = f"{french}{because}", f"{english}{because}"
            await work.activities.add(Activity(filing_id, now, caller.name, kind, *told))
            await work.commit()
        return decided
