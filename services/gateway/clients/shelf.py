"""Short-lived texts: in Redis when the stack has one, else in the memory of this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from redis.asyncio import Redis
from redis.exceptions import LockError, RedisError

from chassis.clock import Clock
from chassis.errors import Unavailable

_PREFIX = "gateway:"
_TURN_LASTS = 10.0
_MOST_LOCAL = 10_000


class RedisShelf:
    """Texts in Redis, each under a time to live."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def put(self, key: str, text: str, lasts: timedelta) -> None:
        """Keep a text.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _explained():
            await self._redis.set(_PREFIX + key, text, px=max(1, int(lasts.total_seconds() * 1000)))

    async def get(self, key: str) -> str | None:
        """Return a text.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _explained():
            return _text(await self._redis.get(_PREFIX + key))

    async def touch(self, key: str, lasts: timedelta) -> None:
        """Let a text live on.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _explained():
            await self._redis.pexpire(_PREFIX + key, max(1, int(lasts.total_seconds() * 1000)))

    async def take(self, key: str) -> str | None:
        """Return a text and forget it.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _explained():
            return _text(await self._redis.getdel(_PREFIX + key))

    async def drop(self, key: str) -> None:
        """Forget a text.

        Raises:
            Unavailable: Redis does not answer.
        """
        with _explained():
            await self._redis.delete(_PREFIX + key)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for one's turn among all processes; a holder that died is passed over after ten seconds.

        Raises:
            Unavailable: Redis does not answer, or the turn did not come in time.
        """
        lock = self._redis.lock(f"{_PREFIX}turn:{key}", timeout=_TURN_LASTS, blocking_timeout=_TURN_LASTS)
        with _explained():
            if not await lock.acquire():
                raise Unavailable("La session est occupée ; réessayez.")
        try:
            yield
        finally:
            # It may have run out meanwhile, or Redis may have left: the next one waits ten seconds at most.
            with suppress(LockError, RedisError):
                await lock.release()

    async def answers(self) -> bool:
        """Tell whether Redis answers."""
        try:
            return bool(await self._redis.ping())
        except (RedisError, OSError):
            return False


class LocalShelf:
    """Texts in memory: for one process alone, and for tests."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._texts: dict[str, tuple[str, datetime]] = {}
        self._turns: dict[str, asyncio.Lock] = {}

    async def put(self, key: str, text: str, lasts: timedelta) -> None:
        """Keep a text; the oldest leave when there are too many."""
        self._texts.pop(key, None)
        while len(self._texts) >= _MOST_LOCAL:
            self._texts.pop(next(iter(self._texts)))
        self._texts[key] = (text, self._clock.now() + lasts)

    async def get(self, key: str) -> str | None:
        """Return a text."""
        text, until = self._texts.get(key, (None, self._clock.now()))
        return text if self._clock.now() < until else None

    async def touch(self, key: str, lasts: timedelta) -> None:
        """Let a text live on."""
        if (text := await self.get(key)) is not None:
            self._texts[key] = (text, self._clock.now() + lasts)

    async def take(self, key: str) -> str | None:
        """Return a text and forget it."""
        text = await self.get(key)
        self._texts.pop(key, None)
        return text

    async def drop(self, key: str) -> None:
        """Forget a text."""
        self._texts.pop(key, None)

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Wait for one's turn in this process."""
        lock = self._turns.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._turns.pop(key, None)

    async def answers(self) -> bool:
        """Memory always answers."""
        return True


class _explained:  # noqa: N801 - reads as a phrase
    """Turns a failure of Redis into `Unavailable`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, RedisError | OSError):
            raise Unavailable("Les sessions ne sont pas joignables ; réessayez.") from error


def _text(value: bytes | str | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value
