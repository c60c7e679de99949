"""The dated release rules and the one function that decides; deny is what is left when nothing allows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from services.transmission.domain.decision import (
    Answer,
    Decision,
    Finding,
    Layer,
    Level,
    Mode,
    Question,
)
from services.transmission.domain.explanation import explain_en, explain_fr
from services.transmission.domain.recipient import (
    FEDERATION_OF,
    MINISTRY,
    OTHER_FEDERATION,
    PREFET_OF_SEAT,
    Recipient,
    controller_of,
)
from services.transmission.domain.release_settings import ReleaseSettings

LAW = "law"
BODY = "body"


@dataclass(frozen=True, slots=True)
class Period:
    """A mode in force between two days, both included; no last day is "until further notice"."""

    starts_on: date
    ends_on: date | None
    mode: Mode

    def covers(self, on: date) -> bool:
        """Tell whether the day is inside the period."""
        return self.starts_on <= on and (self.ends_on is None or on <= self.ends_on)


@dataclass(frozen=True, slots=True)
class ReleaseRule:
    """One line of the matrix (domain.md §10.1): who gets which document of which families, period by period."""

    id: str
    """Official id; several lines may share one (``T-19`` names three recipients)."""
    document: str
    families: frozenset[str]
    recipient: str
    """A recipient's code, ``PREFET_OF_SEAT`` or ``OTHER_FED``."""
    controller: str | None
    """Who must permit: ``MIN``, ``FED`` (the body's own federation), or nobody."""
    periods: tuple[Period, ...]

    def speaks_of(self, question: Question) -> bool:
        """Tell whether the rule is about this document, family and recipient, whatever the day."""
        return (
            self.document == question.document
            and question.family in self.families
            and Recipient(question.recipient).fits(self.recipient, question.family, question.departement)
        )

    def period_on(self, on: date) -> Period | None:
        """Return the period in force on that day."""
        return next((period for period in self.periods if period.covers(on)), None)


@dataclass(frozen=True, slots=True)
class ReleaseMatrix:
    """All release rules of one published document, known by its digest."""

    digest: str
    """SHA-256 of the published document's bytes, lower-case hexadecimal; what signed release terms refer to."""
    rules: tuple[ReleaseRule, ...]

    def find(self, question: Question) -> tuple[ReleaseRule, Period] | None:
        """Return the rule and period that speak of the question, if any does."""
        for rule in self.rules:
            period = rule.period_on(question.on) if rule.speaks_of(question) else None
            if period is not None:
                return rule, period
        return None

    def recipients(self, departement: str, settings: ReleaseSettings) -> tuple[str, ...]:
        """List every recipient a body with its seat there can ask about: shown whole, refused ones included."""
        named = [rule.recipient for rule in self.rules if rule.recipient not in {OTHER_FEDERATION, PREFET_OF_SEAT}]
        seat = [f"PREFET-{departement}"] if departement else []
        return tuple(dict.fromkeys([MINISTRY, *FEDERATION_OF.values(), *named, *seat, *settings.prefets]))


def decide(
    matrix: ReleaseMatrix,
    document: str,
    family: str,
    departement: str,
    recipient: str,
    on: date,
    settings: ReleaseSettings,
) -> Decision:
    """Decide whether the recipient gets the document (domain.md §10.2, decisions.md 15); never raises.

    ``auto`` and ``statutes`` need no permit and no agreement. A box needs, in this order, the controller's permit,
    an agreement in force, and the body's tick.
    """
    question = Question(document, family, departement, recipient, on)
    found = matrix.find(question)
    if found is None:
        return _decision(question, None, None, _decided_at_scope(LAW, None, is_open=False))
    rule, period = found
    if period.mode is Mode.BOX:
        return _decision(question, rule, Mode.BOX, tuple(_box_layers(question, rule, period, settings)))
    party = recipient if period.mode is Mode.STATUTES else LAW
    is_open = period.mode is Mode.AUTO or (
        period.mode is Mode.STATUTES and settings.statutes.get(recipient, False) is True
    )
    return _decision(question, rule, period.mode, _decided_at_scope(party, period.starts_on, is_open=is_open))


def _decided_at_scope(party: str, since: date | None, *, is_open: bool) -> tuple[Layer, ...]:
    scope = Layer(Level.SCOPE, Finding.HOLDS if is_open else Finding.REFUSES, party, since)
    return scope, *_not_needed(Level.CONTROLLER, Level.AGREEMENT, Level.BOX)


def _not_needed(*levels: Level) -> tuple[Layer, ...]:
    return tuple(Layer(level, Finding.NOT_NEEDED, "") for level in levels)


def _box_layers(question: Question, rule: ReleaseRule, period: Period, settings: ReleaseSettings) -> Iterator[Layer]:
    """Yield the four layers; after a refusal the further ones are not asked."""
    recipient = Recipient(question.recipient)
    controller = controller_of(rule.controller, question.family)
    agreement = settings.agreement_with(recipient, question.on)
    yield Layer(Level.SCOPE, Finding.HOLDS, LAW, period.starts_on)
    is_permitted = settings.permits_release(controller, question.document, question.family, recipient)
    yield Layer(Level.CONTROLLER, _finding(is_permitted), controller)
    if not is_permitted:
        yield from _not_needed(Level.AGREEMENT, Level.BOX)
        return
    yield Layer(
        Level.AGREEMENT, _finding(agreement is not None), question.recipient, agreement.starts_on if agreement else None
    )
    if agreement is None:
        yield from _not_needed(Level.BOX)
        return
    yield Layer(Level.BOX, _finding((question.document, question.recipient) in settings.boxes), BODY)


def _finding(holds: bool) -> Finding:
    return Finding.HOLDS if holds else Finding.REFUSES


def _decision(question: Question, rule: ReleaseRule | None, mode: Mode | None, layers: tuple[Layer, ...]) -> Decision:
    """The layer that decides is the one that refuses, else the last one that was asked."""
    asked = [layer for layer in layers if layer.finding is not Finding.NOT_NEEDED]
    deciding = asked[-1]
    rule_id = rule.id if rule else None
    return Decision(
        question=question,
        answer=Answer.DENY if deciding.finding is Finding.REFUSES else Answer.ALLOW,
        rule=rule_id,
        mode=mode,
        level=deciding.level,
        decided_by=deciding.party,
        reason_fr=explain_fr(question, rule_id, mode, layers),
        reason_en=explain_en(question, rule_id, mode, layers),
        layers=layers,
    )
