"""A notice: an entry of a recipient's feed that says what became of a version it was sent, without any figure (F26, F34)."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.transmission.domain.dispatch import Dispatch


class NoticeKind(StrEnum):
    """What a notice says of a version."""

    SUSPENSION = "suspension"
    """Do not rely on it until the next version comes."""
    WITHDRAWAL = "withdrawal"
    """It is no longer current, and nothing takes its place at this recipient."""


class NoticeReason(StrEnum):
    """Why, in a word that programs read; what the person wrote stays with the body."""

    REOPENED = "reopened"
    """The body reopened the filing to rectify it."""
    NOT_RELEASED = "not_released"
    """The next signed version does not go to this recipient."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice to one recipient: at most one of each kind exists for each dispatch."""

    id: UUID
    kind: NoticeKind
    reason: NoticeReason
    dispatch: Dispatch
    """The version it is about, at this recipient."""
    since: datetime
    """Since when the version is suspended, or withdrawn."""
    sequence: int | None = None
    """Place in the recipient's feed, among the dispatches."""
    available_at: datetime | None = None
    acknowledged_at: datetime | None = None
    """When the recipient took it into account."""

    @property
    def recipient(self) -> str:
        """Return who is told."""
        return self.dispatch.recipient

    def make_available(self, sequence: int, at: datetime) -> "Notice":
        """Give the notice its place in the feed; a repeat keeps the first place."""
        return self if self.sequence is not None else replace(self, sequence=sequence, available_at=at)

    def acknowledge(self, at: datetime) -> "Notice":
        """Record that the recipient took it into account; a repeat keeps the first instant."""
        return self if self.acknowledged_at is not None else replace(self, acknowledged_at=at)
