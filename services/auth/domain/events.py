"""Facts about people and partners that other parts may react to."""

from dataclasses import dataclass
from datetime import datetime

from services.auth.domain.role import Role


@dataclass(frozen=True, slots=True)
class MemberRegistered:
    """Somebody may now act on a scope, in these roles."""

    subject: str
    scope: str
    roles: frozenset[Role]
    by: str
    """Subject of the administrator."""
    at: datetime


@dataclass(frozen=True, slots=True)
class MemberShutOut:
    """A member's roles on a scope are over."""

    subject: str
    scope: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PartnerRegistered:
    """A partner has a credential of its own."""

    code: str
    by: str
    at: datetime


AuthEvent = MemberRegistered | MemberShutOut | PartnerRegistered
