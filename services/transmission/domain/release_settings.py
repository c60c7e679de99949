"""What people set inside the rules: statutes, permits, agreements and boxes. Everything absent is a no."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from services.transmission.domain.recipient import Recipient


@dataclass(frozen=True, slots=True)
class Permit:
    """A controller opens one document to one recipient, for some families."""

    controller: str
    """``MIN`` for the ER, the body's federation for the QDIS."""
    document: str
    recipient: str
    families: frozenset[str]

    def covers(self, controller: str, document: str, family: str, recipient: Recipient) -> bool:
        """Tell whether this permit opens that document of that family to that recipient."""
        return (
            self.controller == controller
            and self.document == document
            and family in self.families
            and recipient.answers_to(self.recipient)
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement (convention) with a recipient, in force between two days, both included."""

    recipient: str
    starts_on: date
    ends_on: date | None = None

    def is_in_force(self, recipient: Recipient, on: date) -> bool:
        """Tell whether it binds that recipient on that day."""
        return (
            recipient.answers_to(self.recipient)
            and self.starts_on <= on
            and (self.ends_on is None or on <= self.ends_on)
        )


@dataclass(frozen=True, slots=True)
class ReleaseSettings:
    """The state of the four layers for one body on one day; the empty value permits nothing."""

    statutes: Mapping[str, bool] = field(default_factory=dict)
    """Federation → do its statutes let it receive the ER of its bodies."""
    permits: frozenset[Permit] = frozenset()
    agreements: frozenset[Agreement] = frozenset()
    prefets: tuple[str, ...] = ()
    """Préfets with an account on this server."""
    boxes: frozenset[tuple[str, str]] = frozenset()
    """(document, recipient) pairs the body has ticked."""

    def permits_release(self, controller: str, document: str, family: str, recipient: Recipient) -> bool:
        """Tell whether the controller opened the document; without a controller nobody did."""
        return bool(controller) and any(p.covers(controller, document, family, recipient) for p in self.permits)

    def agreement_with(self, recipient: Recipient, on: date) -> Agreement | None:
        """Return the oldest agreement in force with the recipient on that day."""
        in_force = (agreement for agreement in self.agreements if agreement.is_in_force(recipient, on))
        return min(in_force, key=lambda agreement: agreement.starts_on, default=None)

    def with_box(self, document: str, recipient: str, *, is_ticked: bool) -> "ReleaseSettings":
        """Return the same settings with one box ticked or not."""
        box = {(document, recipient)}
        return replace(self, boxes=self.boxes | box if is_ticked else self.boxes - box)

    def with_permit(self, permit: Permit, *, is_open: bool) -> "ReleaseSettings":
        """Return the same settings with the permit given, or taken back for its families."""
        kept = frozenset(
            replace(other, families=other.families - permit.families) if _same_opening(other, permit) else other
            for other in self.permits
        )
        kept = frozenset(other for other in kept if other.families)
        return replace(self, permits=kept | {permit} if is_open else kept)

    def with_agreement(self, agreement: Agreement, *, is_signed: bool) -> "ReleaseSettings":
        """Return the same settings with the agreement made, or without it."""
        kept = self.agreements - {agreement}
        return replace(self, agreements=kept | {agreement} if is_signed else kept)

    def with_statutes(self, federation: str, *, says_yes: bool) -> "ReleaseSettings":
        """Return the same settings with the statutes of one federation changed."""
        return replace(self, statutes={**self.statutes, federation: says_yes})


def _same_opening(one: Permit, other: Permit) -> bool:
    return (one.controller, one.document, one.recipient) == (other.controller, other.document, other.recipient)
