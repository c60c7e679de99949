"""Wakes those who wait for a stream to grow: PostgreSQL notifications, on one connection of its own."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

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
        self._closing = asyncio.Event()

    @property
    def is_closing(self) -> bool:
        """Whether ``close`` was called."""
        return self._closing.is_set()

    def close(self) -> None:
        """Wake everybody, for good."""
        self._closing.set()

    def mark(self, peer: str) -> int:
        """Return how often the peer's stream was heard to grow."""
        return self._marks[peer]

    async def wait(self, peer: str, mark: int, seconds: float) -> None:
        """Wait for the next hint about the peer, or for the end."""
        waiting = [asyncio.create_task(self._heard(peer, mark)), asyncio.create_task(self._closing.wait())]
        try:
            await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    async def _heard(self, peer: str, mark: int) -> bool:
        async with self._changed:
            return await self._changed.wait_for(lambda: self._marks[peer] != mark)

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
