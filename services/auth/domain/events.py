"""Facts about people and partners that other parts may react to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.auth.domain.role import Grant


@dataclass(frozen=True, slots=True)
class MemberRegistered:
    """Somebody may now act on this server, or in new roles."""

    member_id: UUID
    grants: frozenset[Grant]
    by: str
    """Subject of the administrator."""
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberShutOut:
    """A member was disabled: every session of theirs is over."""

    member_id: UUID
    subject: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PartnerRegistered:
    """A partner has a credential of its own."""

    code: str
    by: str
    at: datetime
