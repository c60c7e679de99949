"""Checks access tokens: algorithm, key, issuer, audience and kind are pinned; the token chooses nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from chassis.clock import Clock
from services.auth.domain.errors import TokenRefused
from services.auth.domain.identity import ProvenIdentity

_KEY_OF_ALGORITHM: Mapping[str, type[ECKey] | type[RSAKey]] = {"ES256": ECKey, "RS256": RSAKey, "PS256": RSAKey}
_HEADERS = {"alg", "kid", "typ"}
"""``jwk``, ``jku``, ``x5u`` and the like would let the token bring its own key: it is refused with them."""
_LONGEST_TOKEN = 16 * 1024
_SKEW_SECONDS = 5


class KeySource(Protocol):
    """Gives the public keys of the pinned issuer."""

    async def find(self, kid: str) -> ECKey | RSAKey | None:
        """Return the key of this identifier, or None."""
        ...


class OidcAccessTokens:
    """Access tokens of one issuer, made for one audience."""

    def __init__(self, issuer: str, audience: str, keys: KeySource, clock: Clock) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._clock = clock

    async def verify(self, token: str) -> ProvenIdentity:
        """Return what the token proves, or raise ``TokenRefused`` without saying what was wrong with it."""
        algorithm, kid = _read_header(token)
        key = await self._keys.find(kid)
        if key is None or not isinstance(key, _KEY_OF_ALGORITHM[algorithm]):
            raise TokenRefused
        try:
            claims = jwt.decode(token, key, algorithms=[algorithm]).claims
            self._check(claims)
            return _identity(claims)
        except (JoseError, KeyError, TypeError, ValueError, OverflowError) as wrong:
            raise TokenRefused from wrong

    def _check(self, claims: Mapping[str, Any]) -> None:
        audience = claims["aud"]
        now = self._clock.now().timestamp()
        holds = (
            claims["iss"] == self._issuer,
            self._audience in ([audience] if isinstance(audience, str) else audience),
            claims["typ"] == "Bearer",
            now < float(claims["exp"]),
            float(claims["iat"]) <= now + _SKEW_SECONDS,
            float(claims.get("nbf", 0)) <= now + _SKEW_SECONDS,
            isinstance(claims["sub"], str) and claims["sub"] != "",
        )
        if not all(holds):
            raise TokenRefused


def _read_header(token: str) -> tuple[str, str]:
    """Return the algorithm and the key identifier, if both are of the allowed kind."""
    if len(token) > _LONGEST_TOKEN:
        raise TokenRefused
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError) as wrong:
        raise TokenRefused from wrong
    algorithm, kid = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in _KEY_OF_ALGORITHM or not isinstance(kid, str):
        raise TokenRefused
    if not set(header) <= _HEADERS:
        raise TokenRefused
    return algorithm, kid


def _identity(claims: Mapping[str, Any]) -> ProvenIdentity:
    return ProvenIdentity(
        subject=claims["sub"],
        username=str(claims.get("preferred_username", "")),
        name=str(claims.get("name", "")),
        email=str(claims.get("email", "")),
        client_id=str(claims["azp"]),
        session_id=str(claims.get("sid") or claims["jti"]),
        authenticated_at=_instant(claims["auth_time"]) if "auth_time" in claims else None,
        acr=str(claims.get("acr", "")),
        expires_at=_instant(claims["exp"]),
    )


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
