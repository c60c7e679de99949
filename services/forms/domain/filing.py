"""The filing and its life cycle (domain.md §11): what may happen at which step, and what freezing and sealing mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

from chassis.agreement import in_both
from chassis.clock import day_in_paris
from chassis.errors import ThreeParts, Violation, violation
from formsets.verdicts import verdict_told
from formsets.workflow import is_late
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.deadlines import Deadlines
from services.forms.domain.errors import (
    CampaignClosed,
    CampaignNotOpen,
    FilingNotEditable,
    FilingNotReady,
    LockHeld,
    NotATrial,
    StepRefused,
    TrialOnly,
)
from services.forms.domain.review import UNREVIEWED, ReturnRequest, Review, ReviewState, require_text


class Document(StrEnum):
    """The document a body files."""

    ER = "ER"
    QDIS = "QDIS"


class Step(IntEnum):
    """Where the filing is; numbers are those of the trade. Step 0, non initialisé, is that there is no filing yet."""

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
    (Step.ACCOUNTING, Step.SIGNATURE): "filing.validate",
    (Step.ACCOUNTING, Step.ENTRY): "filing.return",
    (Step.SIGNATURE, Step.ENTRY): "filing.return",
}
"""The moves of the body, each with the permission it needs."""
_IN_ONE_ACT = {(Step.ENTRY, Step.SIGNATURE): Step.ACCOUNTING}
"""Moves made one after the other when somebody asks for the last step: the first, then the second (ADR 0016)."""
AUTHORITY_MOVES: Mapping[tuple[Step, Step], str] = {
    (Step.REVIEW, Step.ENTRY): "filing.return",
    (Step.REVIEW, Step.CLOSED): "filing.close",
    (Step.CLOSED, Step.REVIEW): "filing.close",
    (Step.CLOSED, Step.ARCHIVED): "filing.close",
}
"""The moves of the authority, each with the permission it needs; the first one is the body's too (F34)."""


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

    def lasts(self, at: datetime) -> bool:
        """Tell whether its signature may still come by itself."""
        return at - self.since < LOCK_LASTS


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
    is_trial: bool = False
    """Made to see what a form set in trial says; never signed nor told to anybody, gone with that trial."""
    review: Review = UNREVIEWED
    """What the authority does with the signed version, at step 4 and later."""
    return_request: ReturnRequest | None = None
    """The last one of a closed filing, pending or refused."""
    deadlines: Deadlines | None = None
    """None when its campaign is not known: nothing is then closed."""
    demanded: frozenset[AttachmentKind] = frozenset()
    """Kinds of PDF that its campaign wants."""

    @property
    def was_late(self) -> bool:
        """True when the signed version of an ER was transmitted after the official deadline (W-08)."""
        return (
            self.document is Document.ER
            and self.signed_at is not None
            and is_late(self.year, day_in_paris(self.signed_at))
        )

    @property
    def next_version(self) -> int:
        """The version that the next signature would make."""
        return self.signed_version + 1

    def require_real(self) -> None:
        """Let through what leads a filing to somebody.

        Raises:
            TrialOnly: it is a trial.
        """
        if self.is_trial:
            raise TrialOnly

    def require_trial(self) -> None:
        """Let a trial be thrown away.

        Raises:
            NotATrial: it is a real filing.
        """
        if not self.is_trial:
            raise NotATrial

    @property
    def last_day(self) -> date | None:
        """The last day to type, import and sign: that of corrections once a version is signed."""
        if self.deadlines is None:
            return None
        return self.deadlines.correction if self.signed_version else self.deadlines.entry

    def require_in_time(self, at: datetime) -> None:
        """Let the filing be filled or signed while its campaign lasts.

        Raises:
            CampaignNotOpen: its first day is to come: the campaign was moved after the filing was opened.
            CampaignClosed: its last day is over.
        """
        if self.deadlines is not None and day_in_paris(at) < self.deadlines.opening:
            raise CampaignNotOpen(str(self.document), self.year, self.deadlines.opening)
        if self.last_day is not None and day_in_paris(at) > self.last_day:
            raise CampaignClosed(str(self.document), self.year, self.last_day, is_correction=bool(self.signed_version))

    def require_editable(self, at: datetime) -> None:
        """Let an edit through.

        Raises:
            FilingNotEditable: the step or a signature under way forbids it.
            CampaignClosed: its last day is over.
            CampaignNotOpen: its first day is to come.
        """
        if self.lock is not None:
            raise FilingNotEditable("Une signature est en cours : le dossier ne peut pas être modifié.")
        if self.step not in EDITABLE:
            raise FilingNotEditable(
                "Le dossier n'est plus en saisie. Demandez son retour à l'étape 1 pour le modifier.",
                metadata={"step": str(int(self.step))},
            )
        self.require_in_time(at)

    def require_attachable(self, at: datetime) -> None:
        """Let a file be attached, until the filing is signed.

        Raises:
            FilingNotEditable: it is signed, or a signature is under way.
            TrialOnly: it is a trial.
            CampaignClosed: its last day is over.
            CampaignNotOpen: its first day is to come.
        """
        self.require_real()
        if self.lock is not None or self.is_closed_by_signature:
            raise FilingNotEditable("Le dossier est signé ou en cours de signature : aucune pièce ne peut être jointe.")
        self.require_in_time(at)

    def edited(self, at: datetime, verdict: Verdict, rule_set: str, report: str = "") -> "Filing":
        """Return the filing after a change and the evaluation that followed it."""
        return replace(
            self, revision=self.revision + 1, changed_at=at, verdict=verdict, rule_set=rule_set, report=report
        )

    @property
    def moves(self) -> Mapping[Step, str]:
        """Steps the body may move it to now, each with the permission it needs; a trial goes nowhere."""
        if self.is_trial or self.lock is not None:
            return {}
        forward_first = sorted(Step, key=lambda to: (to < self.step, to))
        return {to: permission for to in forward_first for *_, permission in _made(self.step, to)[-1:]}

    def moved(self, step: Step, reason: str, at: datetime) -> "Filing":
        """Return the filing at another step.

        Raises:
            StepRefused: this move does not exist.
            ReasonMissing: going back without a reason.
            FilingNotEditable: a signature is under way.
            TrialOnly: it is a trial.
        """
        self.require_real()
        moves_made(self.step, step)
        if self.lock is not None:
            raise FilingNotEditable("Une signature est en cours : le dossier ne peut pas changer d'étape.")
        if step < self.step:
            require_text("reason", reason, "Donnez la raison du retour, en trois caractères au moins.")
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
            CampaignClosed: its last day of corrections is over, so that the signed version would stay suspended for ever.
        """
        if self.step is Step.CLOSED:
            raise StepRefused("Le dossier est clôturé : demandez d'abord son retour à l'étape 4 (fiabilisation).")
        if self.step is not Step.REVIEW:
            raise StepRefused(f"Le dossier est à l'étape {int(self.step)} : seul un dossier signé (étape 4) se rouvre.")
        require_text("reason", reason, "Donnez la raison de la réouverture, en trois caractères au moins.")
        self.require_in_time(at)
        return replace(self, step=Step.ENTRY, changed_at=at, reopened_at=at)

    def reviewed(self, state: ReviewState, text: str, author: str, at: datetime) -> "Filing":
        """Return a transmitted filing in another state of its review.

        Raises:
            StepRefused: it is not at step 4, or there is no such way.
            ReasonMissing: a question or an answer without words.
        """
        self._require_step(Step.REVIEW, "se fiabilise")
        return replace(self, review=self.review.moved(state, text, author, at))

    def answered(self, text: str, author: str, at: datetime) -> "Filing":
        """Return a filing whose body answered the question of the authority.

        Raises:
            StepRefused: it is not at step 4, or no question waits.
            ReasonMissing: an answer without words.
        """
        self._require_step(Step.REVIEW, "attend une réponse")
        if self.review.state is not ReviewState.ASKED:
            raise StepRefused("Aucune question de l'autorité n'attend de réponse.")
        return replace(self, review=self.review.moved(ReviewState.ANSWERED, text, author, at))

    def closed(self, at: datetime) -> "Filing":
        """Return a reviewed filing closed: at step 5, where medians read it.

        Raises:
            StepRefused: it is not at step 4, or not found reliable.
        """
        self._require_step(Step.REVIEW, "se clôt")
        if self.review.state is not ReviewState.RELIABLE:
            raise StepRefused("Le dossier n'est pas fiabilisé : terminez d'abord sa fiabilisation.")
        return replace(self, step=Step.CLOSED, return_request=None, changed_at=at)

    def archived(self, at: datetime) -> "Filing":
        """Return a closed filing archived: at step 6, read and nothing else. A request to return is over.

        Raises:
            StepRefused: it is not at step 5.
        """
        self._require_step(Step.CLOSED, "s'archive")
        return replace(self, step=Step.ARCHIVED, return_request=None, changed_at=at)

    def return_asked(self, reason: str, author: str, at: datetime) -> "Filing":
        """Return a closed filing that its body asks back at step 4.

        Raises:
            StepRefused: it is not at step 5, or a request is pending.
            ReasonMissing: without a reason.
        """
        self._require_step(Step.CLOSED, "peut être redemandé")
        if self.return_request is not None and self.return_request.is_pending:
            raise StepRefused("Une demande de retour attend déjà une décision.")
        reason = require_text("reason", reason, "Donnez la raison de la demande.")
        return replace(self, return_request=ReturnRequest(reason, author, at))

    def return_decided(self, reason: str, author: str, at: datetime, *, is_accepted: bool) -> "Filing":
        """Return the filing back at step 4 and in review again, or still closed with the reason of the refusal.

        Raises:
            StepRefused: no request is pending.
            ReasonMissing: a refusal without a reason.
        """
        if self.return_request is None or not self.return_request.is_pending:
            raise StepRefused("Aucune demande de retour n'attend de décision.")
        if not is_accepted:
            reason = require_text("reason", reason, "Donnez la raison du refus.")
            refused = replace(self.return_request, refusal=reason, refused_by=author, refused_at=at)
            return replace(self, return_request=refused)
        review = replace(self.review, state=ReviewState.IN_PROGRESS, author=author, at=at)
        return replace(self, step=Step.REVIEW, review=review, return_request=None, changed_at=at)

    def require_discussable(self) -> None:
        """Let people comment, at any step but the last.

        Raises:
            StepRefused: it is archived.
        """
        if self.step is Step.ARCHIVED:
            raise StepRefused("Le dossier est archivé : il se lit, et rien ne s'y ajoute.")

    def _require_step(self, step: Step, what: str) -> None:
        if self.step is not step:
            raise StepRefused(
                f"Le dossier est à l'étape {int(self.step)} : seul un dossier à l'étape {int(step)} {what}."
            )

    def obstacles(self, differing: Sequence[Violation], set_aside: int = 0) -> list[Violation]:
        """Return what stands in the way of signing, a sentence each; empty when nothing does."""
        found = []
        if self.step is not Step.SIGNATURE:
            sentences = "Le dossier n'est pas à l'étape 3 (signature).", "The filing is not at step 3 (signature)."
            found.append(_obstacle("step", "STEP", *sentences))
        if self.verdict not in SIGNABLE:
            french, english = (verdict_told(self.verdict, language).sentence for language in ("fr", "en"))
            found.append(_obstacle("verdict", "W-02", french, english))
        if differing:
            # Each of them is a conflict of the exchange that nobody has settled, and Q-01 about that fact.
            sentences = in_both(
                "{n} donnée(s) commune(s) en conflit avec l'autre serveur : choisissez une valeur.",
                "{n} shared fact(s) in conflict with the other server: choose a value.",
                n=len(differing),
            )
            found += [_obstacle("conflicts", "W-07", *sentences), *differing]
        if set_aside:
            sentences = in_both(
                "{n} valeur(s) mise(s) de côté par un changement de référentiel : choisissez leur sort.",
                "{n} value(s) set aside by a change of form set: choose what becomes of them.",
                n=set_aside,
            )
            found.append(_obstacle("set_aside", "SET_ASIDE", *sentences))
        return found

    def require_signable(
        self, differing: Sequence[Violation], set_aside: int = 0, lacking: Sequence[Violation] = ()
    ) -> None:
        """Let a snapshot for signature be taken.

        Args:
            differing: Q-01 about each shared fact that awaits a choice.
            set_aside: values that await one.
            lacking: what controls of the workflow find lacking.

        Raises:
            FilingNotReady: with one violation per obstacle.
            TrialOnly: it is a trial.
        """
        self.require_real()
        if obstacles := [*self.obstacles(differing, set_aside), *lacking]:
            raise FilingNotReady("Le dossier ne peut pas être signé en l'état.", violations=obstacles)

    def locked(self, version: int, intent_id: str, at: datetime) -> "Filing":
        """Return the filing locked for a signature; the same intent may ask again.

        Raises:
            LockHeld: another intent holds the lock, or the version is signed already.
            TrialOnly: it is a trial.
        """
        self.require_real()
        if version != self.next_version or self.step is not Step.SIGNATURE:
            raise LockHeld("Cette version est déjà signée ou n'est plus à signer.")
        if self.lock and self.lock.intent_id != intent_id and self.lock.lasts(at):
            raise LockHeld("Une autre signature de ce dossier est en cours.")
        return replace(self, lock=Lock(intent_id, at))

    def sealed(self, version: int, receipt_number: str, at: datetime) -> "Filing":
        """Return the filing signed and transmitted: read-only, at step 4."""
        return replace(
            self,
            step=Step.REVIEW,
            review=UNREVIEWED,
            signed_version=version,
            receipt_number=receipt_number,
            signed_at=at,
            reopened_at=None,
            lock=None,
            changed_at=at,
        )


def moves_made(now: Step, step: Step) -> list[tuple[Step, Step, str]]:
    """Return the moves that bring a filing to a step, each as from, to, and the permission it needs.

    Raises:
        StepRefused: nothing brings it there.
    """
    made = _made(now, step)
    if not made:
        raise StepRefused(f"Le dossier ne peut pas passer de l'étape {int(now)} à l'étape {int(step)}.")
    return made


def _made(now: Step, step: Step) -> list[tuple[Step, Step, str]]:
    between = _IN_ONE_ACT.get((now, step))
    legs = [(now, between), (between, step)] if between else [(now, step)]
    return [(at, to, _MOVES[at, to]) for at, to in legs if (at, to) in _MOVES]


def _obstacle(field: str, reason: str, french: str, english: str) -> Violation:
    return violation(field, reason, ThreeParts(french), ThreeParts(english))
