"""The provider's public keys: read once, kept, and asked for again when a key is unknown."""

import asyncio
from datetime import datetime, timedelta

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from chassis.clock import Clock
from chassis.discovery import Discovery
from chassis.errors import Unavailable

_BETWEEN_READS = timedelta(seconds=10)
"""Invented key identifiers must not make us hammer the provider."""
PublicKey = ECKey | RSAKey


class DiscoveredKeys:
    """Public signing keys of one pinned issuer."""

    def __init__(self, discovery: Discovery, clock: Clock) -> None:
        self._discovery = discovery
        self._clock = clock
        self._keys: dict[str, PublicKey] = {}
        self._read_at: datetime | None = None
        self._turn = asyncio.Lock()

    async def find(self, kid: str) -> PublicKey | None:
        """Return the key of this identifier, reading the provider's set again once if it is not known.

        Raises:
            Unavailable: the provider does not answer, or answers nonsense.
        """
        if kid not in self._keys:
            async with self._turn:
                if kid not in self._keys and self._may_read():
                    self._keys = await self._read()
                    self._read_at = self._clock.now()
        return self._keys.get(kid)

    def _may_read(self) -> bool:
        return self._read_at is None or self._clock.now() - self._read_at >= _BETWEEN_READS

    async def _read(self) -> dict[str, PublicKey]:
        document = await self._discovery.get(await self._discovery.endpoint("jwks_uri"))
        try:
            signing = [jwk for jwk in document["keys"] if jwk.get("use", "sig") == "sig"]
            keys = KeySet.import_key_set({"keys": signing})
        except (JoseError, KeyError, AttributeError, TypeError, ValueError) as wrong:
            raise Unavailable("Les clés du fournisseur d'identité sont illisibles.") from wrong
        return {str(key.kid): key for key in keys if key.kid and isinstance(key, ECKey | RSAKey)}
