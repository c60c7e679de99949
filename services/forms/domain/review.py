"""What the authority does with a transmitted filing (domain.md §11, steps 4 to 6), and what the body answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Violation
from services.forms.domain.errors import ReasonMissing, StepRefused

SHORTEST_TEXT = 3
"""Characters of a reason, a question or an answer, at least."""


class ReviewState(StrEnum):
    """The sub-steps of step 4 (fiabilisation)."""

    WAITING = "waiting"
    """À traiter."""
    IN_PROGRESS = "in_progress"
    ASKED = "asked"
    """Question posée: the body must answer."""
    ANSWERED = "answered"
    """Réponse reçue."""
    RELIABLE = "reliable"
    """Fiabilisé: may be closed."""


_STATES = {
    ReviewState.WAITING: "à traiter",
    ReviewState.IN_PROGRESS: "en cours",
    ReviewState.ASKED: "question posée",
    ReviewState.ANSWERED: "réponse reçue",
    ReviewState.RELIABLE: "fiabilisé",
}
_NEXT: Mapping[ReviewState, tuple[ReviewState, ...]] = {
    ReviewState.WAITING: (ReviewState.IN_PROGRESS, ReviewState.ASKED, ReviewState.RELIABLE),
    ReviewState.IN_PROGRESS: (ReviewState.ASKED, ReviewState.RELIABLE),
    ReviewState.ASKED: (ReviewState.ANSWERED, ReviewState.IN_PROGRESS, ReviewState.ASKED),
    ReviewState.ANSWERED: (ReviewState.RELIABLE, ReviewState.IN_PROGRESS, ReviewState.ASKED),
    ReviewState.RELIABLE: (ReviewState.IN_PROGRESS, ReviewState.ASKED),
}
"""State → where an officer may bring it, the likeliest first. Nothing is found reliable while a question waits."""


@dataclass(frozen=True, slots=True)
class Review:
    """How far the authority is with a transmitted filing; a filing that just arrived waits."""

    state: ReviewState = ReviewState.WAITING
    author: str = ""
    """Who brought it there; empty while it waits."""
    at: datetime | None = None
    question: str = ""
    """The last one asked."""
    answer: str = ""
    """What was answered to it; empty while nothing was."""

    @property
    def next_states(self) -> tuple[ReviewState, ...]:
        """Where an officer may bring it, the likeliest first."""
        return _NEXT[self.state]

    def moved(self, state: ReviewState, text: str, author: str, at: datetime) -> "Review":
        """Return the review in another state; the same one without new words changes nothing.

        Raises:
            StepRefused: there is no such way.
            ReasonMissing: a question or an answer without words.
        """
        is_told = state in (ReviewState.ASKED, ReviewState.ANSWERED)
        if state is self.state and (not is_told or text.strip() in ("", self.question, self.answer)):
            return self
        if state not in self.next_states:
            raise StepRefused(f"La fiabilisation ne passe pas de « {_STATES[self.state]} » à « {_STATES[state]} ».")
        if state is ReviewState.ASKED:
            return Review(state, author, at, require_text("text", text, "Écrivez la question."))
        if state is ReviewState.ANSWERED:
            return replace(
                self, state=state, author=author, at=at, answer=require_text("text", text, "Écrivez la réponse.")
            )
        return replace(self, state=state, author=author, at=at)


UNREVIEWED = Review()
"""Of a filing that just arrived."""


@dataclass(frozen=True, slots=True)
class ReturnRequest:
    """The body asks that a closed filing comes back to step 4; pending until the authority decides."""

    reason: str
    author: str
    at: datetime
    refusal: str = ""
    """Why it was refused; empty while it is pending."""
    refused_by: str = ""
    refused_at: datetime | None = None

    @property
    def is_pending(self) -> bool:
        """True until the authority decides."""
        return not self.refused_by


@dataclass(frozen=True, slots=True)
class CellToReview:
    """A cell named in a return, a reopening or a question; left to do until it is changed, or answered by a comment."""

    filing_id: UUID
    address: str
    """Where the cell is kept."""
    value: str
    """What stood there when it was named; another value there is an answer."""
    reason: str
    author: str
    at: datetime


def require_text(field: str, text: str, sentence: str) -> str:
    """Return a text of a few words, trimmed.

    Raises:
        ReasonMissing: it says nothing.
    """
    if len(text.strip()) < SHORTEST_TEXT:
        raise ReasonMissing(sentence, violations=[Violation(field, sentence, "REASON_MISSING")])
    return text.strip()
