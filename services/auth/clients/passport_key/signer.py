"""Signs passports with a P-256 key and publishes the keys that verify them."""

import json
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from services.auth.domain.passport import Passport

ALGORITHM = "ES256"
TYP = "passport+jwt"
"""Says what it is, so that it is never taken for a token of another kind (RFC 8725 §3.11)."""


class SoftwarePassportSigner:
    """Signs with the first key of a JWK set; publishes all of them, so that keys can be rolled."""

    def __init__(self, private_jwks: Mapping[str, Any]) -> None:
        keys = KeySet.import_key_set({"keys": list(private_jwks["keys"])})
        self._keys = [key for key in keys if isinstance(key, ECKey) and key.is_private]
        if not self._keys:
            raise ValueError("the passport key set holds no private EC key")
        for key in self._keys:
            key.ensure_kid()

    def sign(self, passport: Passport) -> str:
        """Return the passport as a signed JWT."""
        key = self._keys[0]
        header = {"alg": ALGORITHM, "kid": str(key.kid), "typ": TYP}
        return jwt.encode(header, passport.claims(), key, algorithms=[ALGORITHM], default_type=None)

    def public_keys(self) -> str:
        """Return the public keys as a JSON Web Key Set."""
        keys = [{**key.as_dict(private=False), "use": "sig", "alg": ALGORITHM} for key in self._keys]
        return json.dumps({"keys": keys}, sort_keys=True)


def fresh_jwks() -> dict[str, Any]:
    """Make a JWK set of one fresh private P-256 key."""
    key = ECKey.generate_key("P-256")
    key.ensure_kid()
    return {"keys": [key.as_dict(private=True)]}
