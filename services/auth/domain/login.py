"""What the embedded provider remembers of a login: the browser's session, one-time codes and refresh tokens.

Secrets that travel (cookie, code, refresh token) are kept as SHA-256 digests only.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LOGIN_LIFETIME = timedelta(hours=10)
CODE_LIFETIME = timedelta(seconds=60)
REFRESH_LIFETIME = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Login:
    """One browser in which somebody proved who they are."""

    sid: str
    token_hash: str
    """Digest of the cookie, which changes at each proof of identity."""
    subject: str
    authenticated_at: datetime
    expires_at: datetime
    acr: str = "1"
    ended_at: datetime | None = None

    def is_alive(self, at: datetime) -> bool:
        """Tell whether the browser is still logged in."""
        return self.ended_at is None and at < self.expires_at

    def proven_again(self, token_hash: str, at: datetime) -> "Login":
        """Return the same session after a fresh proof of identity, under a new cookie."""
        return replace(self, token_hash=token_hash, authenticated_at=at, expires_at=at + LOGIN_LIFETIME)


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """What one use of a code will give, to whom, and on which proof (RFC 6749 §4.1, RFC 7636)."""

    code_hash: str
    family: str
    """Names the refresh tokens that descend from this code, so that a replay revokes them all."""
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    sid: str
    subject: str
    authenticated_at: datetime
    acr: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One link of a rotating chain; using it twice breaks the whole chain (RFC 9700 §4.14)."""

    token_hash: str
    family: str
    client_id: str
    scope: str
    sid: str
    expires_at: datetime
