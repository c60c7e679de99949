"""Budgets of attempts shared by every process of the stack, in Redis."""

import hashlib
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chassis.logging import log
from services.auth.usecases.identity_ports import Attempts

_PREFIX = "harmonia:auth:attempts:"
_TAKE = """
local spent = redis.call('INCR', KEYS[1])
if spent == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if spent > tonumber(ARGV[1]) then redis.call('DECR', KEYS[1]) return 0 end
return 1
"""
_GIVE_BACK = """
if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then redis.call('DECR', KEYS[1]) end
return 1
"""


class RedisAttempts:
    """Counts in fixed windows; while Redis is away, counts in this process instead of letting everything through."""

    def __init__(self, redis: Redis, meanwhile: Attempts) -> None:
        self._redis = redis
        self._meanwhile = meanwhile
        self._log = log("auth.attempts")

    async def take(self, key: str, limit: int, window: timedelta) -> bool:
        """Spend one attempt; the window starts with the first one."""
        milliseconds = int(window.total_seconds() * 1000)
        try:
            return bool(await self._redis.eval(_TAKE, 1, _name(key), limit, milliseconds))
        except (RedisError, OSError):
            self._log.warning("redis is away, counting here")
            return await self._meanwhile.take(key, limit, window)

    async def give_back(self, key: str) -> None:
        """Return one attempt to the present window."""
        try:
            await self._redis.eval(_GIVE_BACK, 1, _name(key))
        except (RedisError, OSError):
            await self._meanwhile.give_back(key)


def _name(key: str) -> str:
    """Return the Redis key; typed names and addresses are digested, for Redis need not know them."""
    return _PREFIX + hashlib.sha256(key.encode()).hexdigest()
