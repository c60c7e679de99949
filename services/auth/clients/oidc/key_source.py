"""The provider's public keys: found by discovery, kept, and asked for again once when a key is unknown."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from chassis.clock import Clock
from chassis.errors import Unavailable

_LARGEST_ANSWER = 256 * 1024
_BETWEEN_READS = timedelta(seconds=10)
"""Invented key identifiers must not make us hammer the provider."""
PublicKey = ECKey | RSAKey


class DiscoveredKeys:
    """Public signing keys of one pinned issuer."""

    def __init__(self, issuer: str, http: httpx2.AsyncClient, clock: Clock) -> None:
        self._issuer = issuer
        self._http = http
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._read_at: datetime | None = None
        self._turn = asyncio.Lock()

    async def find(self, kid: str) -> PublicKey | None:
        """Return the key of this identifier, reading the provider's set again once if it is not known.

        Raises:
            Unavailable: the provider does not answer, or answers nonsense.
        """
        if kid in self._keys:
            return self._keys[kid]
        async with self._turn:
            if kid not in self._keys and self._may_read():
                self._keys = await self._read()
                self._read_at = self._clock.now()
        return self._keys.get(kid)

    def _may_read(self) -> bool:
        return self._read_at is None or self._clock.now() - self._read_at >= _BETWEEN_READS

    async def _read(self) -> dict[str, PublicKey]:
        discovery = await self._get(f"{self._issuer}/.well-known/openid-configuration")
        if discovery.get("issuer") != self._issuer:
            raise Unavailable("Le fournisseur d'identité n'est pas celui attendu.")
        document = await self._get(str(discovery.get("jwks_uri", "")))
        try:
            signing = [jwk for jwk in document["keys"] if jwk.get("use", "sig") == "sig"]
            keys = KeySet.import_key_set({"keys": signing})
        except (JoseError, KeyError, AttributeError, TypeError, ValueError) as wrong:
            raise Unavailable("Les clés du fournisseur d'identité sont illisibles.") from wrong
        return {str(key.kid): key for key in keys if key.kid and isinstance(key, ECKey | RSAKey)}

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = await self._http.get(url, follow_redirects=False)
            document = answer.json() if answer.status_code == 200 and len(answer.content) <= _LARGEST_ANSWER else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as wrong:
            raise Unavailable("Le fournisseur d'identité ne répond pas.") from wrong
        if not isinstance(document, dict):
            raise Unavailable("Le fournisseur d'identité ne répond pas comme attendu.")
        return document
