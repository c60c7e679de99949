"""A member: somebody's roles on one body (or on the whole server), which can be ended without touching their others."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from chassis.errors import Violation
from services.auth.domain.errors import InvalidMember, RolesIncompatible
from services.auth.domain.role import Grant, Role

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Profile:
    """How a person is known; the identity provider keeps the same."""

    username: str
    """What is typed at login: lower case, 2 to 64 of ``a-z 0-9 . _ @ -``."""
    name: str
    email: str = ""

    def __post_init__(self) -> None:
        """Refuse a card that nobody could answer for.

        Raises:
            InvalidMember: with one violation per field.
        """
        violations = []
        if not _USERNAME.fullmatch(self.username):
            violations.append(Violation("member.username", "De 2 à 64 caractères parmi a-z, 0-9, « . _ @ - »."))
        if not self.name.strip() or len(self.name) > _NAME_LENGTH or not self.name.isprintable():
            violations.append(Violation("member.name", "Un nom de 1 à 120 caractères imprimables est attendu."))
        if self.email and not _EMAIL.fullmatch(self.email):
            violations.append(Violation("member.email", "Cette adresse n'a pas la forme nom@domaine."))
        if violations:
            raise InvalidMember(violations=violations)


@dataclass(frozen=True, slots=True)
class Member:
    """The roles of one person, or one body's software, on one scope. A person of two bodies is two members."""

    subject: str
    """The identity provider's own stable identifier (claim ``sub``); what a login is matched on, never the name."""
    scope: str
    """The body's SIREN, or ``*`` for the staff of the server."""
    profile: Profile
    roles: frozenset[Role]
    registered_at: datetime
    disabled_at: datetime | None = None
    version: int = 1
    """Counts the changes; a writer that read an older one is refused."""

    def __post_init__(self) -> None:
        """Refuse roles that may not be given here or not together."""
        check_roles(self.scope, self.roles)

    @property
    def is_active(self) -> bool:
        """Whether the roles are in force."""
        return self.disabled_at is None

    @property
    def grants(self) -> frozenset[Grant]:
        """What the member holds now; nothing once disabled."""
        return frozenset(Grant(self.scope, role) for role in self.roles) if self.is_active else frozenset()

    def with_roles(self, roles: Iterable[Role], profile: Profile) -> "Member":
        """Return the member active, with these roles instead of the present ones; unchanged if nothing differs.

        Raises:
            RolesIncompatible: user administration and work on the filing are held on one scope.
            RoleOutOfScope: a role of a body was given on the whole server, or the reverse.
        """
        changed = replace(self, roles=frozenset(roles), profile=profile, disabled_at=None)
        return self if changed == self else replace(changed, version=self.version + 1)

    def disabled(self, at: datetime) -> "Member":
        """Return the member shut out from this instant; a member already shut out is returned unchanged."""
        if not self.is_active:
            return self
        return replace(self, disabled_at=at, version=self.version + 1)


def check_roles(scope: str, roles: frozenset[Role]) -> None:
    """Refuse roles that may not be given on this scope or not together.

    Raises:
        InvalidMember: no role, or a partner's.
        InvalidScope, RoleOutOfScope: see ``Grant``.
        RolesIncompatible: user administration and work on the filing are held on one scope.
    """
    if not roles:
        raise InvalidMember(violations=[Violation("member.roles", "Au moins un rôle est attendu.")])
    if Role.PARTNER in roles:
        raise InvalidMember(violations=[Violation("member.roles", "Un partenaire n'est pas un utilisateur.")])
    for role in roles:
        Grant(scope, role)
    if Role.TECHNICAL_ADMINISTRATOR in roles and len(roles) > 1:
        raise RolesIncompatible(metadata={"scope": scope})
