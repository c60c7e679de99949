"""Accounts and clients of the embedded identity provider; with Keycloak these live there and not here."""

from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from services.auth.domain.errors import PasswordRefused

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128


@dataclass(frozen=True, slots=True)
class Account:
    """A person who can log in. It gives no right by itself."""

    subject: str
    username: str
    name: str
    email: str
    password_hash: str
    created_at: datetime
    realm_roles: tuple[str, ...] = ()
    """Copied to ``realm_access.roles`` as Keycloak does; our services do not read it."""
    is_active: bool = True

    def disabled(self) -> "Account":
        """Return the account unable to log in."""
        return replace(self, is_active=False)

    def enabled(self) -> "Account":
        """Return the account able to log in again."""
        return replace(self, is_active=True)


@dataclass(frozen=True, slots=True)
class Client:
    """An application, or a partner's or publisher's software, known to the provider."""

    client_id: str
    name: str
    secret_hash: str | None
    """SHA-256 of a random 256-bit secret, in hexadecimal; None for a public client, which proves itself by PKCE alone."""
    grant_types: frozenset[str]
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    subject: str = ""
    """What ``sub`` says when the software logs in by itself."""
    realm_roles: tuple[str, ...] = ()
    is_active: bool = True

    def accepts_redirect(self, uri: str) -> bool:
        """Tell whether the browser may be sent there: character for character, but for a loopback port.

        A public client that registered ``http://127.0.0.1/…`` or ``http://[::1]/…`` without a port may choose the port
        at run time, and only that (RFC 8252 §7.3).
        """
        if uri in self.redirect_uris:
            return True
        return self.secret_hash is None and _without_loopback_port(uri) in self.redirect_uris


def _without_loopback_port(uri: str) -> str | None:
    for host in ("127.0.0.1", "[::1]"):
        start = f"http://{host}:"
        if uri.startswith(start):
            try:
                port = urlsplit(uri).port
            except ValueError:
                return None
            rest = uri.removeprefix(f"{start}{port}")
            if port and rest.startswith("/"):
                return f"http://{host}{rest}"
    return None


def refuse_weak_password(password: str, username: str) -> None:
    """Refuse what ASVS 6.2.1 and 6.2.11 refuse: too short, too long, or built on the name.

    Raises:
        PasswordRefused: see its sentence.
    """
    too_obvious = username.lower() in password.lower()
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or too_obvious:
        raise PasswordRefused
