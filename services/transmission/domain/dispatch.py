"""A signed version on its way to one recipient, and the routing of a signed version to all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.transmission.domain.decision import Mode, Question
from services.transmission.domain.errors import (
    DispatchNotDelivered,
    ReleaseTermsMismatch,
)
from services.transmission.domain.filing import FilingIdentity
from services.transmission.domain.release_matrix import ReleaseMatrix


class DispatchState(StrEnum):
    """How far a dispatch went."""

    QUEUED = "queued"
    """Decided and recorded, not yet in the recipient's feed."""
    AVAILABLE = "available"
    """In the recipient's feed."""
    DELIVERED = "delivered"
    """The recipient has read the container at least once."""
    ACKNOWLEDGED = "acknowledged"
    """The recipient has taken it into account."""
    SUPERSEDED = "superseded"
    """A later version took its place before it was read; it can still be read."""


@dataclass(frozen=True, slots=True)
class ReleasedTo:
    """One line of the signed release terms: a recipient and the ground it receives on."""

    recipient: str
    rule: str
    level: int


@dataclass(frozen=True, slots=True)
class ReleaseTerms:
    """What the body signed about who receives the filing; it travels inside the signed manifest (F2)."""

    matrix_digest: str
    signed_on: date
    """Day of the signature; the decisions are of that day or of the day before (a signature across midnight)."""
    recipients: tuple[ReleasedTo, ...]
    """Only the recipients that receive; everybody else does not."""


@dataclass(frozen=True, slots=True)
class SignedFiling:
    """One signed version of a filing, as read from its container."""

    identity: FilingIdentity
    version: int
    """1 for the first signed version; each later one is a correction of the one before."""
    container_digest: str
    """SHA-256 of the container's bytes, lower-case hexadecimal."""
    content_digest: str
    """SHA-256 of the signed canonical bytes, lower-case hexadecimal."""
    receipt_number: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Dispatch:
    """One signed version for one recipient: at most one exists for each (filing, version, recipient)."""

    id: UUID
    recipient: str
    filing: SignedFiling
    rule: str
    """The ground it was sent on, as signed."""
    level: int
    queued_at: datetime
    replaces: UUID | None = None
    """Dispatch this one replaces at this recipient; nothing for the first one sent to it. Never changes."""
    superseded_by: int | None = None
    """Version that replaced this one at this recipient."""
    sequence: int | None = None
    """Place in the recipient's feed, from 1, without gaps."""
    available_at: datetime | None = None
    delivered_at: datetime | None = None
    """When the recipient first read the container."""
    acknowledged_at: datetime | None = None

    @property
    def state(self) -> DispatchState:
        """Read the state off the instants that are known."""
        if self.acknowledged_at is not None:
            return DispatchState.ACKNOWLEDGED
        if self.delivered_at is not None:
            return DispatchState.DELIVERED
        if self.superseded_by is not None:
            return DispatchState.SUPERSEDED
        return DispatchState.QUEUED if self.available_at is None else DispatchState.AVAILABLE

    @property
    def is_current(self) -> bool:
        """Tell whether this is the one current version at this recipient."""
        return self.superseded_by is None

    def make_available(self, sequence: int, at: datetime) -> "Dispatch":
        """Give the dispatch its place in the feed; a repeat keeps the first place."""
        return self if self.sequence is not None else replace(self, sequence=sequence, available_at=at)

    def deliver(self, at: datetime) -> "Dispatch":
        """Record that the recipient read the container; later reads keep the first instant."""
        return self if self.delivered_at is not None else replace(self, delivered_at=at)

    def acknowledge(self, at: datetime) -> "Dispatch":
        """Record that the recipient took it into account; a repeat keeps the first instant.

        Raises:
            DispatchNotDelivered: it was never read.
        """
        if self.delivered_at is None:
            raise DispatchNotDelivered
        return self if self.acknowledged_at is not None else replace(self, acknowledged_at=at)


@dataclass(frozen=True, slots=True)
class Routing:
    """What a signed version brings about: dispatches to add, and earlier ones that it replaces."""

    added: tuple[Dispatch, ...]
    superseded: tuple[Dispatch, ...]
    """Earlier versions at the same recipients, now marked as replaced."""


def check_terms(filing: SignedFiling, terms: ReleaseTerms, matrix: ReleaseMatrix) -> None:
    """Refuse signed terms that this matrix does not stand behind; nothing is decided again here.

    Permits, agreements and boxes are those of the moment of signature and are not looked at. What is checked is
    that the terms were made with this very matrix, and that none of them crosses a border the rules keep closed
    whatever people set (promise P5).

    Raises:
        ReleaseTermsMismatch: another matrix, a repeated recipient, or a recipient the rules close.
    """
    if terms.matrix_digest != matrix.digest:
        raise ReleaseTermsMismatch(metadata={"signed": terms.matrix_digest, "matrix": matrix.digest})
    if len({released.recipient for released in terms.recipients}) != len(terms.recipients):
        raise ReleaseTermsMismatch("Un destinataire est nommé deux fois dans les conditions signées.")
    for released in terms.recipients:
        days = (terms.signed_on, terms.signed_on - timedelta(days=1))
        if not any(_stands(matrix, filing.identity, released, on) for on in days):
            raise ReleaseTermsMismatch(metadata={"recipient": released.recipient, "rule": released.rule})


def _stands(matrix: ReleaseMatrix, filing: FilingIdentity, released: ReleasedTo, on: date) -> bool:
    found = matrix.find(Question(filing.document, filing.family, filing.departement, released.recipient, on))
    return found is not None and found[0].id == released.rule and found[1].mode not in {Mode.CLOSED, Mode.NONE}


def route(
    filing: SignedFiling,
    terms: ReleaseTerms,
    existing: Sequence[Dispatch],
    at: datetime,
    new_id: Callable[[], UUID],
) -> Routing:
    """Turn a signed version into one dispatch per recipient of its signed terms.

    Repeating it adds nothing. A recipient that the new terms leave out keeps what it already received: unticking
    stops future versions only. Versions that arrive out of order still leave one current version per recipient,
    the highest.

    Args:
        filing: the signed version.
        terms: its signed release terms, already checked.
        existing: every dispatch of this filing so far, all versions and recipients.
        at: the present instant.
        new_id: gives the identifiers of new dispatches.
    """
    added: list[Dispatch] = []
    superseded: list[Dispatch] = []
    for released in terms.recipients:
        held = {d.filing.version: d for d in existing if d.recipient == released.recipient}
        if filing.version in held:
            continue
        earlier = [version for version in held if version < filing.version]
        added.append(
            Dispatch(
                id=new_id(),
                recipient=released.recipient,
                filing=filing,
                rule=released.rule,
                level=released.level,
                queued_at=at,
                replaces=held[max(earlier)].id if earlier else None,
                superseded_by=max((version for version in held if version > filing.version), default=None),
            )
        )
        superseded += [
            replace(held[version], superseded_by=filing.version)
            for version in earlier
            if (held[version].superseded_by or 0) < filing.version
        ]
    return Routing(tuple(added), tuple(superseded))
