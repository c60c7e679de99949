"""Plugs a federation of real servers into these tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pydantic import SecretStr

from chassis.database.engine import Sessions, open_engine, sessions_of
from chassis.settings import DatabaseSettings
from tests.integration.sync.federation import Server, a_federation
from tests.support.postgres import TestDatabase


@pytest.fixture
async def pair(database: TestDatabase) -> AsyncIterator[tuple[Server, Server]]:
    """The ministry and the OPH federation."""
    # A short path: sockets live in it.
    with TemporaryDirectory(prefix="hs-") as folder:
        async with a_federation(database.admin_url, Path(folder)) as (ministry, federation):
            yield ministry, federation


@pytest.fixture
async def sessions(database: TestDatabase) -> AsyncIterator[Sessions]:
    """Sessions on one empty schema."""
    url = database.fresh("sync")
    engine = open_engine(DatabaseSettings(url=SecretStr(url), pool_size=12), "sync")
    yield sessions_of(engine)
    await engine.dispose()
