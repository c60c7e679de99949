"""Verifies passports offline with the public keys of the stack's auth service, fetched once and on an unknown key."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from harmonia.auth.v1 import auth_pb2 as pb
from harmonia.auth.v1 import auth_pb2_grpc as pb_grpc
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from chassis.clock import Clock
from chassis.errors import Unauthenticated
from chassis.identity import Caller
from chassis.peers import Peers

REMEMBERED = 1_000
"""Passports whose signature need not be checked again: one a person at work."""
AUDIENCE = "harmonia-services"
ALGORITHMS = ["ES256"]
LEAST_SECONDS_BETWEEN_FETCHES = 5


def issuer_of(stack: str) -> str:
    """Return the issuer that the passports of a stack carry."""
    return f"harmonia/{stack}"


@dataclass(frozen=True, slots=True)
class _Verified:
    """Whom a passport proved, and until when (seconds since the epoch)."""

    caller: Caller
    expires_at: float


class AuthServicePassports:
    """Passports signed by the auth service of this stack."""

    def __init__(self, stack: str, peers: Peers, clock: Clock) -> None:
        self._issuer, self._clock = issuer_of(stack), clock
        self._auth = pb_grpc.AuthServiceStub(peers.channel("auth"))
        self._jwks = ""
        self._keys: KeySet | None = None
        self._fetched_at: datetime | None = None
        self._fetching = asyncio.Lock()
        self._verified: dict[bytes, _Verified] = {}

    async def verify(self, token: str) -> Caller:
        """Return whom the passport proves.

        Raises:
            Unauthenticated: expired, forged, of another stack, or not a passport.
        """
        digest = hashlib.sha256(token.encode()).digest()
        known = self._verified.get(digest)
        if known is None or known.expires_at <= self._clock.now().timestamp():
            known = await self._verify(token)
            self._verified[digest] = known
            while len(self._verified) > REMEMBERED:
                del self._verified[next(iter(self._verified))]
        return known.caller

    async def _verify(self, token: str) -> _Verified:
        if self._keys is None:
            await self._fetch()
        try:
            return self._decode(token)
        except (JoseError, ValueError, KeyError):
            # The key may be new; another call may have fetched it a moment ago, so decode again in any case.
            await self._fetch()
            try:
                return self._decode(token)
            except (JoseError, ValueError, KeyError):
                raise Unauthenticated("Session invalide ; reconnectez-vous.") from None

    def _decode(self, token: str) -> _Verified:
        assert self._keys is not None
        claims = jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims
        now, expires_at = self._clock.now().timestamp(), float(claims["exp"])
        if claims.get("iss") != self._issuer or claims.get("aud") != AUDIENCE or expires_at <= now:
            raise ValueError("not a passport of this stack, or expired")
        return _Verified(self._caller(claims), expires_at)

    async def _fetch(self) -> None:
        """Fetch the keys unless that was just done."""
        async with self._fetching:
            now = self._clock.now()
            if self._fetched_at and (now - self._fetched_at).total_seconds() < LEAST_SECONDS_BETWEEN_FETCHES:
                return
            response = await self._auth.GetSigningKeys(pb.GetSigningKeysRequest())
            self._fetched_at = now
            if response.jwks != self._jwks:
                self._jwks, self._keys = response.jwks, KeySet.import_key_set(json.loads(response.jwks))
                # What a key proved that is there no more is proven no more.
                self._verified.clear()

    @staticmethod
    def _caller(claims: dict[str, object]) -> Caller:
        grants: dict[str, frozenset[str]] = {}
        for grant in claims.get("grants", []):  # type: ignore[attr-defined]
            grants[grant["scope"]] = frozenset(grant["permissions"])
        auth_time = claims.get("auth_time")
        return Caller(
            subject=str(claims["sub"]),
            name=str(claims.get("name") or claims["sub"]),
            grants=grants,
            authenticated_at=datetime.fromtimestamp(float(auth_time), UTC)
            if isinstance(auth_time, int | float)
            else None,
            partner=str(claims.get("partner") or ""),
        )
