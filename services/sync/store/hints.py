"""Wakes those who wait for a stream to grow: PostgreSQL notifications, on one connection of its own."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg

from chassis.logging import log
from services.sync.store.streams import CHANNEL

SECONDS_BETWEEN_ATTEMPTS = 1.0
Connect = Callable[[], Awaitable[psycopg.AsyncConnection[tuple[object, ...]]]]


class PostgresHints:
    """The ``Hints`` port. While the connection is away, waiters look again each second by themselves."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._marks: defaultdict[str, int] = defaultdict(int)
        self._changed = asyncio.Condition()

    def mark(self, peer: str) -> int:
        """Return how often the peer's stream was heard to grow."""
        return self._marks[peer]

    async def wait(self, peer: str, mark: int, seconds: float) -> None:
        """Wait for the next hint about the peer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: self._marks[peer] != mark)

    async def announce(self, peer: str) -> None:
        """Wake those who wait for this peer's stream."""
        async with self._changed:
            self._marks[peer] += 1
            self._changed.notify_all()

    async def run(self) -> None:
        """Listen for ever; a lost connection is made again."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log("sync.hints").warning("not listening", error=str(error)[:200])
            await asyncio.sleep(SECONDS_BETWEEN_ATTEMPTS)

    async def _listen(self) -> None:
        async with await self._connect() as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            async for notification in connection.notifies():
                await self.announce(notification.payload)
