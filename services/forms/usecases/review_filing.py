"""The authority takes a transmitted filing through its review (step 4), and the body answers what it asks."""

from collections.abc import Sequence
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import Caller
from services.forms.domain.activity import Activity
from services.forms.domain.filing import Filing
from services.forms.domain.review import ReviewState
from services.forms.usecases.counting import FilingCard, card_of
from services.forms.usecases.naming_cells import name_cells, named
from services.forms.usecases.permitting import require_on, require_transmitted
from services.forms.usecases.ports import FormSets, OpensWork

REVIEW = "filing.review"
_WORDS = {
    ReviewState.WAITING: ("à traiter", "waiting"),
    ReviewState.IN_PROGRESS: ("en cours", "in progress"),
    ReviewState.ASKED: ("question posée", "question asked"),
    ReviewState.ANSWERED: ("réponse reçue", "answer received"),
    ReviewState.RELIABLE: ("fiabilisé", "found reliable"),
}


class ReviewFiling:
    """Moves the review; a question may name cells, which the body then finds in what is left to do."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._form_sets, self._clock = open_work, form_sets, clock

    async def __call__(
        self, caller: Caller, filing_id: UUID, state: ReviewState, text: str, cells: Sequence[str] = ()
    ) -> Filing:
        """Return the filing after; bringing it where it is changes nothing.

        Args:
            caller: an officer who holds `filing.review`.
            filing_id: the filing.
            state: where to bring the review.
            text: the question, or an answer that came by another way.
            cells: cells that a question is about.

        Raises:
            FilingUnknown: no such filing, or it was never transmitted.
            Forbidden: the caller lacks `filing.review`.
            StepRefused: the filing is not at step 4, or there is no such way.
            ReasonMissing: a question or an answer without words.
            CellsRefused: a cell is not of this document.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_transmitted(caller, REVIEW, filing)
            now = self._clock.now()
            reviewed = filing.reviewed(state, text, caller.name, now)
            if reviewed == filing:
                return filing
            asked = cells if state is ReviewState.ASKED else ()
            await name_cells(work, self._form_sets, filing, asked, text.strip(), caller.name, now)
            await work.filings.save(reviewed)
            french, english = _WORDS[state]
            said = f" : {text.strip()}" if state in (ReviewState.ASKED, ReviewState.ANSWERED) else ""
            await work.activities.add(
                Activity(
                    filing_id,
                    now,
                    caller.name,
                    "FILING_REVIEWED",
                    f"Fiabilisation : {french}{said}{named(asked)}",
                    f"Review: {english}{said}{named(asked)}",
                )
            )
            await work.commit()
        return reviewed


class AnswerReview:
    """The body answers the question; the cells it named are answered with it."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._form_sets, self._clock = open_work, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID, text: str) -> FilingCard:
        """Return the filing after.

        Raises:
            FilingUnknown: no such filing for this caller.
            Forbidden: the caller lacks `filing.justify` on it.
            StepRefused: no question waits for an answer.
            ReasonMissing: an answer without words.
        """
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            require_on(caller, "filing.justify", filing)
            now = self._clock.now()
            answered = filing.answered(text, caller.name, now)
            await work.filings.save(answered)
            await work.to_review.settle(filing_id)
            fr, en = f"Réponse à l'autorité : {text.strip()}", f"Answer to the authority: {text.strip()}"
            await work.activities.add(Activity(filing_id, now, caller.name, "REVIEW_ANSWERED", fr, en))
            card = await card_of(work, self._form_sets, answered, now)
            await work.commit()
        return card
