"""Argon2id password hashes, computed in threads and only a few at once."""

import asyncio
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import CHEAPEST

_AT_ONCE = 2


class Argon2Passwords:
    """Argon2id with the OWASP setting: 19 MiB, two passes, one lane. At most two run together (38 MiB)."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._decoy = self._hasher.hash(secrets.token_urlsafe(32))
        self._turn = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    def cheapest(cls) -> "Argon2Passwords":
        """Hash with the cheapest setting there is: for tests only."""
        return cls(PasswordHasher.from_parameters(CHEAPEST))

    @property
    def decoy(self) -> str:
        """A hash of the same cost that no password fits."""
        return self._decoy

    async def digest(self, password: str) -> str:
        """Return the encoded hash, salt and parameters included, of the password in Unicode form NFKC."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def fits(self, password_hash: str, password: str) -> bool:
        """Tell whether the password fits; a damaged hash fits nothing."""
        async with self._turn:
            return await asyncio.to_thread(self._verify, password_hash, _normal(password))

    def _verify(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeError):
            return False


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
