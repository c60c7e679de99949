"""The provider's signing keys, and the strict reading of what they signed."""

from collections.abc import Mapping, Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from chassis.clock import Clock
from services.auth.domain.errors import TokenRefused

ALGORITHM = "ES256"


class ProviderKeys:
    """Signs with the first key and accepts what any of them signed, so that keys can be rolled."""

    def __init__(self, keys: Sequence[ECKey]) -> None:
        for key in keys:
            key.ensure_kid()
        self._keys = {str(key.kid): key for key in keys}
        self._current = keys[0]

    @classmethod
    def generate(cls) -> "ProviderKeys":
        """Make one fresh P-256 key."""
        return cls([ECKey.generate_key("P-256")])

    @classmethod
    def from_jwks(cls, document: Mapping[str, Any]) -> "ProviderKeys":
        """Read private keys from a JWK set, the current one first."""
        return cls([key for key in KeySet.import_key_set({"keys": document["keys"]}) if isinstance(key, ECKey)])

    def private_jwks(self) -> dict[str, Any]:
        """Return the private keys as a JWK set, to be kept where only the owner reads."""
        return {"keys": [key.as_dict(private=True) for key in self._keys.values()]}

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JWK set."""
        return {
            "keys": [{**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM} for key in self._keys.values()],
        }

    def sign(self, claims: Mapping[str, Any], typ: str = "JWT") -> str:
        """Sign claims under a header that names the kind of statement."""
        header = {"alg": ALGORITHM, "kid": str(self._current.kid), "typ": typ}
        return jwt.encode(header, dict(claims), self._current, algorithms=[ALGORITHM], default_type=None)

    def read(self, token: str, clock: Clock, *, issuer: str, typ: str = "JWT", expired_is_fine: bool = False) -> Any:
        """Return the claims of something that we signed, of the expected kind and not expired.

        Raises:
            TokenRefused: anything else.
        """
        try:
            header = jws.extract_compact(token.encode()).headers()
            key = self._keys[header["kid"]]
            if header != {"alg": ALGORITHM, "kid": key.kid, "typ": typ}:
                raise TokenRefused
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, KeyError, ValueError, TypeError) as wrong:
            raise TokenRefused from wrong
        if claims.get("iss") != issuer:
            raise TokenRefused
        if not expired_is_fine and not _is_fresh(claims, clock):
            raise TokenRefused
        return claims


def _is_fresh(claims: Mapping[str, Any], clock: Clock) -> bool:
    expiry = claims.get("exp")
    return isinstance(expiry, int) and expiry > clock.now().timestamp()
