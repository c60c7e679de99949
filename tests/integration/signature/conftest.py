"""Plugs the session's PostgreSQL into these tests."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database.engine import open_engine
from chassis.settings import DatabaseSettings
from tests.support.postgres import TestDatabase


@pytest.fixture
def database_url(database: TestDatabase) -> str:
    return database.fresh("signature")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(DatabaseSettings(url=SecretStr(database_url), pool_size=10), "signature")
    yield engine
    await engine.dispose()
