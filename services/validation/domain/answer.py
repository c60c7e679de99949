"""What the authority says of a justification: accepted, or refused with a reason; a refused one no longer counts (F14)."""

from dataclasses import dataclass
from datetime import datetime

from chassis.errors import Violation
from services.validation.domain.errors import AnswerRefused
from services.validation.domain.justification import Justification

SHORTEST_ANSWER = 10
"""Characters at least of an answer that refuses."""
LONGEST_ANSWER = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to one text; a later one replaces it without erasing it."""

    number: int
    """Of the justification."""
    is_accepted: bool
    text: str
    author: str
    at: datetime

    def __post_init__(self) -> None:
        shortest = 0 if self.is_accepted else SHORTEST_ANSWER
        if not shortest <= len(self.text) <= LONGEST_ANSWER:
            sentence = f"La réponse compte {len(self.text)} caractères ; il en faut de {shortest} à {LONGEST_ANSWER}."
            raise AnswerRefused(sentence, violations=[Violation("answer", sentence, "ANSWER_LENGTH")])


@dataclass(frozen=True, slots=True)
class AnsweredJustification:
    """A justification as kept, with the last answer it got."""

    number: int
    justification: Justification
    answer: Answer | None = None

    @property
    def is_refused(self) -> bool:
        """Whether the authority refused it: it then counts for nothing."""
        return self.answer is not None and not self.answer.is_accepted
