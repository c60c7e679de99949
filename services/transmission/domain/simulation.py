"""What would change if somebody changed a box, a permit, an agreement or the statutes; changes nothing (F20)."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.transmission.domain.decision import Decision, Question
from services.transmission.domain.release_matrix import ReleaseMatrix, decide
from services.transmission.domain.release_settings import ReleaseSettings


@dataclass(frozen=True, slots=True)
class Effect:
    """One decision that the change turns round, or that is decided by another layer than before."""

    before: Decision
    after: Decision

    @property
    def opens(self) -> bool:
        """Tell whether a recipient starts to receive."""
        return self.after.is_allowed and not self.before.is_allowed

    @property
    def closes(self) -> bool:
        """Tell whether a recipient stops receiving future versions."""
        return self.before.is_allowed and not self.after.is_allowed


def simulate(
    matrix: ReleaseMatrix, questions: Iterable[Question], before: ReleaseSettings, after: ReleaseSettings
) -> tuple[Effect, ...]:
    """Return the decisions that differ between the two settings, in the order of the questions.

    The settings after a change are made with ``before.with_box(…)``, ``with_permit(…)`` and so on.
    """
    effects = (Effect(_answer(matrix, question, before), _answer(matrix, question, after)) for question in questions)
    return tuple(effect for effect in effects if _differ(effect.before, effect.after))


def _answer(matrix: ReleaseMatrix, question: Question, settings: ReleaseSettings) -> Decision:
    return decide(
        matrix, question.document, question.family, question.departement, question.recipient, question.on, settings
    )


def _differ(one: Decision, other: Decision) -> bool:
    return (one.answer, one.level) != (other.answer, other.level)
