"""Roles, and where each may be given."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from chassis.identity import EVERY_SCOPE
from services.auth.domain.errors import InvalidScope, RoleOutOfScope

_SIREN_LENGTH = 9


class Reach(Enum):
    """What kind of scope a role is given on."""

    BODY = "body"
    """One social-housing body."""
    SERVER = "server"
    """Every body of this server."""
    EITHER = "either"
    """One body or the whole server."""


class Role(StrEnum):
    """A preset of permissions that a person, a software or a partner holds on a scope (domain.md §3)."""

    TECHNICAL_ADMINISTRATOR = "technical_administrator"
    """Gives accounts and roles; never sees data and never signs."""
    DATA_ENTRY = "data_entry"
    """Responsable de saisie: opens, types, imports, justifies."""
    ACCOUNTANT = "accountant"
    """Responsable comptable: as data entry, and validates the accounts (step 2)."""
    DIRECTOR = "director"
    """Responsable hiérarchique: everything on the filing, chooses recipients, signs and transmits."""
    READER = "reader"
    """Lecteur: reads and exports."""
    AUTHORITY_OFFICER = "authority_officer"
    """Staff of the server (ministry or federation): sees filings only once transmitted, runs campaigns."""
    PARTNER = "partner"
    """A registered partner's own credential: reads its own feed and nothing else."""

    @property
    def reach(self) -> Reach:
        """Where this role may be given."""
        return _REACH[self]


_REACH = {
    Role.TECHNICAL_ADMINISTRATOR: Reach.EITHER,
    Role.DATA_ENTRY: Reach.BODY,
    Role.ACCOUNTANT: Reach.BODY,
    Role.DIRECTOR: Reach.BODY,
    Role.READER: Reach.BODY,
    Role.AUTHORITY_OFFICER: Reach.SERVER,
    Role.PARTNER: Reach.SERVER,
}


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role on a scope.

    Raises:
        InvalidScope: the scope is neither nine digits nor ``*``.
        RoleOutOfScope: a role of a body was given on the whole server, or the reverse.
    """

    scope: str
    """The body's SIREN, or ``*`` for every body of the server."""
    role: Role

    def __post_init__(self) -> None:
        """Refuse what no administrator may write."""
        is_server = self.scope == EVERY_SCOPE
        if not is_server and not _is_siren(self.scope):
            raise InvalidScope(metadata={"scope": self.scope[:32]})
        wanted = Reach.SERVER if is_server else Reach.BODY
        if self.role.reach not in (wanted, Reach.EITHER):
            raise RoleOutOfScope(metadata={"role": self.role.value, "scope": self.scope})


def _is_siren(text: str) -> bool:
    return len(text) == _SIREN_LENGTH and text.isascii() and text.isdigit()
