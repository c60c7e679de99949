"""Budgets of attempts in a real Valkey."""

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from node.embedded import embedded_valkey
from services.auth.clients.redis.attempts import RedisAttempts
from services.auth.provider.attempts import LocalAttempts
from tests.support.auth import SteppingClock

WINDOW = timedelta(milliseconds=300)


@pytest.fixture
async def redis(tmp_path):
    async with embedded_valkey(tmp_path) as url:
        client = Redis.from_url(url)
        yield client
        await client.aclose()


async def test_a_budget_is_shared_runs_out_and_comes_back(redis):
    one, other = (RedisAttempts(redis, LocalAttempts(SteppingClock())) for _ in range(2))
    taken = await asyncio.gather(*(attempts.take("k", 5, WINDOW) for attempts in (one, other) * 10))
    assert sum(taken) == 5
    await one.give_back("k")
    assert await other.take("k", 5, WINDOW)
    assert not await one.take("k", 5, WINDOW)
    assert await one.take("another", 5, WINDOW)
    await asyncio.sleep(0.35)
    assert await one.take("k", 5, WINDOW)


async def test_giving_back_never_goes_below_nothing(redis):
    attempts = RedisAttempts(redis, LocalAttempts(SteppingClock()))
    for _ in range(3):
        await attempts.give_back("k")
    assert [await attempts.take("k", 1, WINDOW) for _ in range(2)] == [True, False]


async def test_typed_names_do_not_reach_redis(redis):
    await RedisAttempts(redis, LocalAttempts(SteppingClock())).take("account:anne.dupre", 5, WINDOW)
    assert all(b"anne" not in key for key in await redis.keys("*"))


async def test_while_redis_is_away_attempts_are_counted_here(tmp_path):
    away = Redis.from_url(f"unix://{tmp_path}/nothing.sock")
    attempts = RedisAttempts(away, LocalAttempts(SteppingClock()))
    assert [await attempts.take("k", 2, WINDOW) for _ in range(3)] == [True, True, False]
    await attempts.give_back("k")
    assert await attempts.take("k", 2, WINDOW)
    await away.aclose()
