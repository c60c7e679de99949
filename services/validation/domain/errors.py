"""Failures of the validation service, by name."""

from collections.abc import Sequence

from chassis.errors import (
    Conflict,
    Exhausted,
    Invalid,
    NotFound,
    RuleBroken,
    ThreeParts,
    Unavailable,
    Violation,
    violation,
)


class MalformedExpression(Invalid):
    """An expression is not in the rule language, is ill-typed, or exceeds a limit of the language."""

    reason = "MALFORMED_EXPRESSION"


class CyclicFormulas(Invalid):
    """Formulas depend on each other in a circle, so no order computes them."""

    reason = "CYCLIC_FORMULAS"


class FormSetUnknown(NotFound):
    """This server ships no form set of that version."""

    reason = "FORM_SET_UNKNOWN"


class CellsMalformed(Invalid):
    """Cells to evaluate are not in the form set, or not in written form; text that people typed is read first."""

    reason = "CELLS_MALFORMED"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__("Des cases ne sont pas sous leur forme écrite.", violations=violations)


class JustificationRefused(Invalid):
    """A justification is too short, too long, or about no control."""

    reason = "JUSTIFICATION_REFUSED"


class EngineUnavailable(Unavailable):
    """The processes that run the rules do not answer; the caller may try again."""

    reason = "ENGINE_UNAVAILABLE"


class EngineBusy(Exhausted):
    """More filings wait to be judged than the workers can serve in a bearable time; come back when said."""

    reason = "ENGINE_BUSY"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"Beaucoup de dossiers sont contrôlés en ce moment ; réessayez dans {retry_after} s. Rien n'a été enregistré.",
            metadata={"retry_after": str(retry_after)},
        )


class AnswerRefused(Invalid):
    """An answer to a justification is too long, or refuses without a reason."""

    reason = "ANSWER_REFUSED"


class FilingArchived(RuleBroken):
    """The filing is archived: its justifications are read, and none is answered any more."""

    reason = "FILING_ARCHIVED"

    def __init__(self) -> None:
        fr = ThreeParts(
            "Le dossier est archivé : il se lit, et rien ne s'y ajoute.",
            "Étape 6, Archivé.",
            "Répondez aux justifications avant d'archiver un dossier ; celle-ci garde sa dernière réponse.",
        )
        en = ThreeParts(
            "The filing is archived: it is read, and nothing is added to it.",
            "Step 6, Archived.",
            "Answer justifications before a filing is archived; this one keeps its last answer.",
        )
        super().__init__(fr.what, violations=[violation("step", self.reason, fr, en)])


class JustificationChanged(Conflict):
    """The text that is answered is no longer the one in force; read the new one first."""

    reason = "JUSTIFICATION_CHANGED"


class AdjustmentRefused(Invalid):
    """A control cannot be adjusted so: blocking, heavier than it is, unknown, or without a reason."""

    reason = "ADJUSTMENT_REFUSED"


class NotTheAuthority(RuleBroken):
    """The controls of that document are another server's to adjust."""

    reason = "NOT_THE_AUTHORITY"


class RunUnknown(NotFound):
    """There is no such run."""

    reason = "RUN_UNKNOWN"


class LeaseLost(Conflict):
    """The run was given to another worker meanwhile: what this one found does not count."""

    reason = "LEASE_LOST"
