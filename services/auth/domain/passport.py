"""The passport: who is acting, for whom and with what right, stated for five minutes to every service of the stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

LIFETIME = timedelta(minutes=5)
"""How long a passport is good for; a right withdrawn is gone after this at the latest."""
AUDIENCE = "harmonia-services"


def issuer_of(stack: str) -> str:
    """Name the authority that signs the passports of a stack (``MIN``, ``FED-OPH``…)."""
    return f"harmonia/{stack}"


@dataclass(frozen=True, slots=True)
class Passport:
    """The statement itself; its signature is put on by an adapter."""

    id: str
    issuer: str
    subject: str
    name: str
    username: str
    acr: str
    authenticated_at: datetime | None
    grants: Mapping[str, frozenset[str]]
    """Scope (a SIREN, or ``*``) → permissions. Empty: nothing is permitted."""
    partner: str | None
    """Code of the partner whose credential this is; None for people and a body's software."""
    session_id: str
    """The login it rests on (the provider's ``sid``); for a software, the token's own identifier."""
    issued_at: datetime
    audience: str = AUDIENCE

    @property
    def expires_at(self) -> datetime:
        """The instant from which no service accepts it."""
        return self.issued_at + LIFETIME

    def claims(self) -> dict[str, object]:
        """Return the JWT claims, whole seconds since 1970, lists sorted so that equal rights give equal text."""
        claims: dict[str, object] = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": self.subject,
            "name": self.name,
            "preferred_username": self.username,
            "acr": self.acr,
            "grants": [{"scope": scope, "permissions": sorted(held)} for scope, held in sorted(self.grants.items())],
            "partner": self.partner,
            "sid": self.session_id,
            "jti": self.id,
            "iat": int(self.issued_at.timestamp()),
            "exp": int(self.expires_at.timestamp()),
        }
        if self.authenticated_at is not None:
            claims["auth_time"] = int(self.authenticated_at.timestamp())
        return claims
