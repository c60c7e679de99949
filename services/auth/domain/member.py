"""A member: a person (or a body's software) known to this server, with the roles given to them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from chassis.errors import Violation
from services.auth.domain.errors import InvalidMember, RolesIncompatible
from services.auth.domain.role import Grant, Role

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,63}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Member:
    """Someone who may act on this server, within the roles granted and nothing else."""

    id: UUID
    subject: str
    """The identity provider's own stable identifier (claim ``sub``); what a login is matched on, never the name."""
    username: str
    """What is typed at login: lower case, 2 to 64 of ``a-z 0-9 . _ @ -``."""
    name: str
    email: str
    grants: frozenset[Grant]
    registered_at: datetime
    is_active: bool = True
    disabled_at: datetime | None = None
    version: int = 1
    """Counts the changes; a writer that read an older one is refused."""

    def __post_init__(self) -> None:
        """Refuse a card that nobody could answer for."""
        violations = []
        if not _USERNAME.fullmatch(self.username):
            violations.append(Violation("username", "De 2 à 64 caractères parmi a-z, 0-9, « . _ @ - »."))
        if not self.name.strip() or len(self.name) > _NAME_LENGTH or not self.name.isprintable():
            violations.append(Violation("name", "Un nom de 1 à 120 caractères imprimables est attendu."))
        if self.email and not _EMAIL.fullmatch(self.email):
            violations.append(Violation("email", "Cette adresse n'a pas la forme nom@domaine."))
        if violations:
            raise InvalidMember(violations=violations)
        _refuse_incompatible(self.grants)

    def with_grants(self, grants: Iterable[Grant]) -> "Member":
        """Return the member with these roles instead of the present ones.

        Raises:
            RolesIncompatible: user administration and work on the filing are held on one scope.
        """
        return replace(self, grants=frozenset(grants), version=self.version + 1)

    def disabled(self, at: datetime) -> "Member":
        """Return the member shut out from this instant; a member already shut out is returned unchanged."""
        if not self.is_active:
            return self
        return replace(self, is_active=False, disabled_at=at, version=self.version + 1)

    def scopes(self) -> frozenset[str]:
        """Return the scopes on which some role is held."""
        return frozenset(grant.scope for grant in self.grants)


def _refuse_incompatible(grants: Iterable[Grant]) -> None:
    roles: dict[str, set[Role]] = {}
    for grant in grants:
        roles.setdefault(grant.scope, set()).add(grant.role)
    for scope, held in roles.items():
        if Role.TECHNICAL_ADMINISTRATOR in held and len(held) > 1:
            raise RolesIncompatible(metadata={"scope": scope})
