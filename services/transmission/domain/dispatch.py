"""A signed version on its way to one recipient, and what signed release terms must hold to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.transmission.domain.decision import Mode, Question
from services.transmission.domain.errors import (
    DispatchNotDelivered,
    DispatchSuspended,
    DispatchWithdrawn,
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


class Standing(StrEnum):
    """What a version is to its recipient now (F26): at most one version of a filing is current or suspended there."""

    CURRENT = "current"
    SUSPENDED = "suspended"
    """The body reopened the filing: the next version replaces it, or it is withdrawn."""
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"
    """A later version was signed that does not go to this recipient."""


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
class Replaced:
    """The version that a correction takes the place of, at one recipient."""

    dispatch_id: UUID
    version: int
    content_digest: str


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
    replaces: Replaced | None = None
    """What this one replaces at this recipient; nothing for the first one sent to it. Never changes."""
    superseded_by: int | None = None
    """Version that replaced this one at this recipient."""
    sequence: int | None = None
    """Place in the recipient's feed, from 1, without gaps."""
    available_at: datetime | None = None
    delivered_at: datetime | None = None
    """When the recipient first read the container."""
    acknowledged_at: datetime | None = None
    suspended_at: datetime | None = None
    """When the body reopened this version, if it did while it was current here."""
    withdrawn_at: datetime | None = None
    """When a later version was signed that does not go to this recipient."""

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
    def standing(self) -> Standing:
        """Read what the version is to its recipient off what happened since."""
        if self.superseded_by is not None:
            return Standing.REPLACED
        if self.withdrawn_at is not None:
            return Standing.WITHDRAWN
        return Standing.CURRENT if self.suspended_at is None else Standing.SUSPENDED

    def require_readable(self, *, accepts_suspended: bool) -> None:
        """Let the recipient have the container.

        What it has read already it may read again: the bytes are at the recipient, and the notice too. What it has not
        read is not handed out once the body said that it is wrong, nor ever once a version was signed without it.

        Args:
            accepts_suspended: the recipient says that it knows, and wants the suspended version all the same.

        Raises:
            DispatchWithdrawn: withdrawn before it was read.
            DispatchSuspended: suspended before it was read, and not asked for as such.
        """
        if self.delivered_at is not None:
            return
        if self.withdrawn_at is not None:
            raise DispatchWithdrawn(metadata={"version": str(self.filing.version)})
        if self.standing is Standing.SUSPENDED and not accepts_suspended:
            raise DispatchSuspended(metadata={"version": str(self.filing.version)})

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


def check_chain(filing: SignedFiling, previous_digest: str, existing: Iterable[Dispatch]) -> None:
    """Refuse a version whose signed bytes name another predecessor than the one that was sent from here.

    Args:
        filing: the signed version.
        previous_digest: content digest of the version before, as signed; empty where nothing was said.
        existing: every dispatch of this filing so far.

    Raises:
        ReleaseTermsMismatch: the digests differ.
    """
    before = {one.filing.content_digest for one in existing if one.filing.version == filing.version - 1}
    if previous_digest and before - {previous_digest}:
        raise ReleaseTermsMismatch(metadata={"difference": "previous"})


def _stands(matrix: ReleaseMatrix, filing: FilingIdentity, released: ReleasedTo, on: date) -> bool:
    found = matrix.find(Question(filing.document, filing.family, filing.departement, released.recipient, on))
    return found is not None and found[0].id == released.rule and found[1].mode not in {Mode.CLOSED, Mode.NONE}
