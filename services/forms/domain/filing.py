"""The filing and its life cycle (domain.md §11): what may happen at which step, and what freezing and sealing mean."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from chassis.agreement import in_both
from chassis.errors import Violation
from formsets.workflow import is_late
from services.forms.domain.errors import FilingNotEditable, FilingNotReady, LockHeld, ReasonMissing, StepRefused


class Document(StrEnum):
    """The document a body files."""

    ER = "ER"
    QDIS = "QDIS"


class Step(IntEnum):
    """Where the filing is; numbers are those of the trade."""

    ENTRY = 1
    ACCOUNTING = 2
    SIGNATURE = 3
    REVIEW = 4
    CLOSED = 5
    ARCHIVED = 6


class Verdict(StrEnum):
    """The one word on top of a report (decisions.md 16)."""

    CLEAN = "clean"
    REMARKS = "remarks"
    TO_JUSTIFY = "to_justify"
    BLOCKED = "blocked"
    NOT_EVALUABLE = "not_evaluable"


EDITABLE = (Step.ENTRY, Step.ACCOUNTING)
SIGNABLE = (Verdict.CLEAN, Verdict.REMARKS)
LOCK_LASTS = timedelta(minutes=10)
"""A lock older than this whose signature never came (the process was killed before its intent) may be taken over."""
_MOVES: dict[tuple[Step, Step], str] = {
    (Step.ENTRY, Step.ACCOUNTING): "filing.edit",
    (Step.ENTRY, Step.SIGNATURE): "filing.validate",
    (Step.ACCOUNTING, Step.SIGNATURE): "filing.validate",
    (Step.ACCOUNTING, Step.ENTRY): "filing.return",
    (Step.SIGNATURE, Step.ENTRY): "filing.return",
    (Step.SIGNATURE, Step.ACCOUNTING): "filing.return",
}


@dataclass(frozen=True, slots=True)
class Body:
    """The body that files, as the auth service knows it."""

    siren: str
    name: str
    family: str
    departement: str


@dataclass(frozen=True, slots=True)
class Lock:
    """Held while the key is used: who asked, since when."""

    intent_id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Filing:
    """One document of one body for one year, pinned to the form set of its campaign."""

    id: UUID
    body: Body
    document: Document
    year: int
    form_set: str
    opened_by: str
    opened_at: datetime
    changed_at: datetime
    due_on: date
    step: Step = Step.ENTRY
    revision: int = 1
    """Counts what a signature would be about, from 1: cells, justifications, verdict, step. A snapshot is of one."""
    verdict: Verdict | None = None
    rule_set: str = ""
    report: str = ""
    """Names the evaluation of this very content at validation, which a small change may go on from; empty for none."""
    signed_version: int = 0
    signed_at: datetime | None = None
    """When that version was signed."""
    receipt_number: str = ""
    reopened_at: datetime | None = None
    """Since when the signed version is suspended, while a rectifying one is being made."""
    lock: Lock | None = None

    @property
    def was_late(self) -> bool:
        """True when the signed version of an ER was transmitted after the official deadline (W-08)."""
        return self.document is Document.ER and self.signed_at is not None and is_late(self.year, self.signed_at.date())

    @property
    def next_version(self) -> int:
        """The version that the next signature would make."""
        return self.signed_version + 1

    def require_editable(self) -> None:
        """Let an edit through.

        Raises:
            FilingNotEditable: the step or a signature under way forbids it.
        """
        if self.lock is not None:
            raise FilingNotEditable("Une signature est en cours : le dossier ne peut pas être modifié.")
        if self.step not in EDITABLE:
            raise FilingNotEditable(
                "Le dossier n'est plus en saisie. Demandez son retour à l'étape 1 pour le modifier.",
                metadata={"step": str(int(self.step))},
            )

    def require_attachable(self) -> None:
        """Let a file be attached, until the filing is signed.

        Raises:
            FilingNotEditable: it is signed, or a signature is under way.
        """
        if self.lock is not None or self.is_closed_by_signature:
            raise FilingNotEditable("Le dossier est signé ou en cours de signature : aucune pièce ne peut être jointe.")

    def edited(self, at: datetime, verdict: Verdict, rule_set: str, report: str = "") -> "Filing":
        """Return the filing after a change and the evaluation that followed it."""
        return replace(
            self, revision=self.revision + 1, changed_at=at, verdict=verdict, rule_set=rule_set, report=report
        )

    def moved(self, step: Step, reason: str, at: datetime) -> "Filing":
        """Return the filing at another step.

        Raises:
            StepRefused: this move does not exist.
            ReasonMissing: going back without a reason.
            FilingNotEditable: a signature is under way.
        """
        permission_for_move(self.step, step)
        if self.lock is not None:
            raise FilingNotEditable("Une signature est en cours : le dossier ne peut pas changer d'étape.")
        if step < self.step and len(reason.strip()) < 3:
            raise _reason_missing("Donnez la raison du retour, en trois caractères au moins.")
        return replace(self, step=step, changed_at=at)

    @property
    def is_closed_by_signature(self) -> bool:
        """True while the signed version stands: nothing changes it, not even another server, until it is reopened."""
        return self.step >= Step.REVIEW

    def reopened(self, reason: str, at: datetime) -> "Filing":
        """Return a signed filing back at step 1, for a rectifying version.

        Raises:
            StepRefused: it is not at step 4.
            ReasonMissing: without a reason.
        """
        if self.step is not Step.REVIEW:
            raise StepRefused(f"Le dossier est à l'étape {int(self.step)} : seul un dossier signé (étape 4) se rouvre.")
        if len(reason.strip()) < 3:
            raise _reason_missing("Donnez la raison de la réouverture, en trois caractères au moins.")
        return replace(self, step=Step.ENTRY, changed_at=at, reopened_at=at)

    def obstacles(self, conflicts: int, set_aside: int = 0) -> list[Violation]:
        """Return what stands in the way of signing, a sentence each; empty when nothing does."""
        found = []
        if self.step is not Step.SIGNATURE:
            english = "The filing is not at step 3 (signature)."
            found.append(Violation("step", "Le dossier n'est pas à l'étape 3 (signature).", "STEP", english))
        if self.verdict not in SIGNABLE:
            french, english = _VERDICT_OBSTACLES[self.verdict]
            found.append(Violation("verdict", french, "W-02", english))
        if conflicts:
            sentences = in_both(
                "{n} donnée(s) commune(s) en conflit avec l'autre serveur : choisissez une valeur.",
                "{n} shared fact(s) in conflict with the other server: choose a value.",
                n=conflicts,
            )
            found.append(Violation("conflicts", sentences[0], "W-07", sentences[1]))
        if set_aside:
            sentences = in_both(
                "{n} valeur(s) mise(s) de côté par un changement de référentiel : choisissez leur sort.",
                "{n} value(s) set aside by a change of form set: choose what becomes of them.",
                n=set_aside,
            )
            found.append(Violation("set_aside", sentences[0], "SET_ASIDE", sentences[1]))
        return found

    def require_signable(self, conflicts: int, set_aside: int = 0, lacking: Sequence[Violation] = ()) -> None:
        """Let a snapshot for signature be taken.

        Args:
            conflicts: shared facts that await a choice.
            set_aside: values that await one.
            lacking: what controls of the workflow find lacking.

        Raises:
            FilingNotReady: with one violation per obstacle.
        """
        if obstacles := [*self.obstacles(conflicts, set_aside), *lacking]:
            raise FilingNotReady("Le dossier ne peut pas être signé en l'état.", violations=obstacles)

    def locked(self, version: int, intent_id: str, at: datetime) -> "Filing":
        """Return the filing locked for a signature; the same intent may ask again.

        Raises:
            LockHeld: another intent holds the lock, or the version is signed already.
        """
        if version != self.next_version or self.step is not Step.SIGNATURE:
            raise LockHeld("Cette version est déjà signée ou n'est plus à signer.")
        if self.lock and self.lock.intent_id != intent_id and at - self.lock.since < LOCK_LASTS:
            raise LockHeld("Une autre signature de ce dossier est en cours.")
        return replace(self, lock=Lock(intent_id, at))

    def sealed(self, version: int, receipt_number: str, at: datetime) -> "Filing":
        """Return the filing signed and transmitted: read-only, at step 4."""
        return replace(
            self,
            step=Step.REVIEW,
            signed_version=version,
            receipt_number=receipt_number,
            signed_at=at,
            reopened_at=None,
            lock=None,
            changed_at=at,
        )


_VERDICT_OBSTACLES: dict[Verdict | None, tuple[str, str]] = {
    None: ("Les contrôles n'ont pas encore tourné.", "The controls have not run yet."),
    Verdict.BLOCKED: (
        "Au moins un contrôle bloquant n'est pas respecté.",
        "At least one blocking control does not hold.",
    ),
    Verdict.NOT_EVALUABLE: (
        "Un contrôle bloquant n'a pas pu être évalué : des cases obligatoires sont vides.",
        "A blocking control could not be evaluated: mandatory cells are empty.",
    ),
    Verdict.TO_JUSTIFY: (
        "Au moins une anomalie n'est ni corrigée ni justifiée.",
        "At least one anomaly is neither corrected nor justified.",
    ),
}


def permission_for_move(now: Step, step: Step) -> str:
    """Return the permission a move needs.

    Raises:
        StepRefused: this move does not exist.
    """
    permission = _MOVES.get((now, step))
    if permission is None:
        raise StepRefused(f"Le dossier ne peut pas passer de l'étape {int(now)} à l'étape {int(step)}.")
    return permission


def _reason_missing(sentence: str) -> ReasonMissing:
    return ReasonMissing(sentence, violations=[Violation("reason", sentence, "REASON_MISSING")])
