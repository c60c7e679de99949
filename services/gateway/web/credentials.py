"""Passports for programs: HTTP Basic and Bearer, kept a little under a keyed hash so that a feed poll is not a login."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import OrderedDict
from datetime import timedelta

from chassis.clock import Clock
from chassis.errors import Unauthenticated
from services.gateway.clients.answers import Passport
from services.gateway.clients.ports import Passports

_MARGIN = timedelta(seconds=30)
"""A passport this close to its end is not used again."""
_MOST_KEPT = 1000
_LONGEST = 16 * 1024


class CredentialsMissing(Unauthenticated):
    """Identifiez-vous : jeton d'accès, ou identifiant et secret du partenaire."""

    reason = "CREDENTIALS_MISSING"


class Credentials:
    """Passports of programs, at most a thousand, in memory only; the key of the hash dies with the process."""

    def __init__(self, passports: Passports, clock: Clock) -> None:
        self._passports, self._clock = passports, clock
        self._key = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, Passport] = OrderedDict()

    async def of_bearer(self, header: str) -> Passport:
        """Return the passport behind `Authorization: Bearer …`.

        Raises:
            Unauthenticated: no such header, or the token is refused.
        """
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token or len(token) > _LONGEST:
            raise CredentialsMissing
        return await self._kept_or("bearer", token, "")

    async def of_partner(self, header: str) -> Passport:
        """Return the passport behind `Authorization: Basic …` or `Bearer …`.

        Raises:
            Unauthenticated: no such header, or the credentials are refused.
        """
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "basic":
            return await self.of_bearer(header)
        try:
            client_id, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise CredentialsMissing from None
        if not colon or len(value) > _LONGEST:
            raise CredentialsMissing
        return await self._kept_or("basic", client_id, secret)

    async def _kept_or(self, kind: str, first: str, second: str) -> Passport:
        key = hmac.digest(self._key, f"{kind}\0{first}\0{second}".encode(), hashlib.sha256)
        kept = self._kept.get(key)
        if kept is not None and self._clock.now() + _MARGIN < kept.expires_at:
            self._kept.move_to_end(key)
            return kept
        self._kept.pop(key, None)
        passport = await (
            self._passports.of_partner(first, second) if kind == "basic" else self._passports.of_person(first)
        )
        self._kept[key] = passport
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return passport
