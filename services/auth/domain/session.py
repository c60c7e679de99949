"""A session of this server: from the first passport until logout, disablement or age."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from services.auth.domain.errors import SessionEnded

LONGEST = timedelta(hours=10)
"""A working day: after it one logs in again whatever happened (ASVS 7.3.2)."""
IDLE = timedelta(minutes=30)
"""Longest silence between two passports (ASVS 7.3.1)."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login of one subject; it can be ended from any side and never starts again."""

    id: UUID
    subject: str
    provider_session: str
    """The provider's ``sid``, so that a logout there can end this one."""
    authenticated_at: datetime | None
    acr: str
    opened_at: datetime
    refreshed_at: datetime
    ended_at: datetime | None = None

    def refreshed(self, at: datetime, authenticated_at: datetime | None, acr: str) -> "Session":
        """Return the session prolonged; a newer proof of identity is taken over.

        Raises:
            SessionEnded: it was ended, is too old, or was silent for too long.
        """
        if self.ended_at is not None or at - self.opened_at >= LONGEST or at - self.refreshed_at >= IDLE:
            raise SessionEnded
        if authenticated_at is not None and (self.authenticated_at is None or authenticated_at > self.authenticated_at):
            return replace(self, refreshed_at=at, authenticated_at=authenticated_at, acr=acr)
        return replace(self, refreshed_at=at)

    def ended(self, at: datetime) -> "Session":
        """Return the session closed; closing twice keeps the first instant."""
        return self if self.ended_at is not None else replace(self, ended_at=at)
