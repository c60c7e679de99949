"""The ``Seals`` port: containers made and judged in threads, off the event loop.

P-256 through OpenSSL and SHA-256 release the interpreter lock, so threads do here what a process pool would.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from services.signature.clients.asic.container import AsicContainers
from services.signature.usecases.ports import Keys, Sealed, Verdict


class ThreadSeals:
    """One key, one kind of container."""

    def __init__(self, containers: AsicContainers, keys: Keys) -> None:
        self._containers, self._keys = containers, keys

    @property
    def key_id(self) -> str:
        """Name of the key that signs."""
        return self._keys.key_id

    async def seal(self, files: Mapping[str, bytes], signing_time: datetime) -> Sealed:
        """Return the container over these files; one use of the key."""
        return await asyncio.to_thread(self._containers.seal, files, self._keys, signing_time)

    async def verify(self, container: bytes, now: datetime) -> Verdict:
        """Judge a container."""
        return await asyncio.to_thread(self._containers.verify, container, now)
