"""The body's own box, recipient by recipient: versioned, with who and when, open until the signature (rule F34, §10.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from services.transmission.domain.decision import Decision
from services.transmission.domain.errors import BoxNotOffered, FilingAlreadySigned


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person of the body asks of one box."""

    is_ticked: bool
    chosen_by: str
    """Stable identifier of the person."""
    chosen_at: datetime


@dataclass(frozen=True, slots=True)
class Box:
    """The box of one filing for one recipient; the untouched box is not ticked and has version 0."""

    body: str
    """SIREN; part of the key, so that nobody reaches another body's box through a filing's identifier."""
    filing_id: str
    recipient: str
    is_ticked: bool = False
    version: int = 0
    chosen_by: str = ""
    chosen_at: datetime | None = None

    def choose(self, choice: Choice, decision: Decision, *, is_signed: bool) -> "Box":
        """Return the box after the choice; a repeat of the same choice changes nothing.

        A box may be ticked as soon as the controller opened it, even while the agreement is still missing: the
        tick then has no effect until the agreement exists. Unticking is always possible before signature.

        Args:
            choice: what is asked, and by whom.
            decision: the present decision for this recipient; says whether a box is offered at all.
            is_signed: whether the version being prepared is already signed.

        Raises:
            FilingAlreadySigned: the release terms are inside the signature.
            BoxNotOffered: the rule or the controller leaves the body no choice.
        """
        if self.version > 0 and choice.is_ticked == self.is_ticked:
            return self
        if is_signed:
            raise FilingAlreadySigned(metadata={"filing_id": self.filing_id})
        if choice.is_ticked and not decision.is_offered:
            raise BoxNotOffered(decision.reason_fr, metadata={"recipient": self.recipient, "level": decision.level})
        return replace(
            self,
            is_ticked=choice.is_ticked,
            version=self.version + 1,
            chosen_by=choice.chosen_by,
            chosen_at=choice.chosen_at,
        )


def ticked(boxes: Iterable[Box], defaults: frozenset[str]) -> frozenset[str]:
    """Return the recipients that count as ticked: the filing's own boxes, else the published defaults.

    Args:
        boxes: boxes of one filing; one that was ever touched (version > 0) hides the default, also when unticked.
        defaults: recipients ticked unless the body says otherwise (level 4 of domain.md §10.2).
    """
    own = {box.recipient: box.is_ticked for box in boxes if box.version > 0}
    return frozenset(recipient for recipient, is_ticked in own.items() if is_ticked) | (defaults - own.keys())
