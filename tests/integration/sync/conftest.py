"""Plugs a federation of real servers into these tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.integration.sync.federation import Server, a_federation
from tests.support.postgres import TestDatabase


@pytest.fixture
async def pair(database: TestDatabase) -> AsyncIterator[tuple[Server, Server]]:
    """The ministry and the OPH federation."""
    # A short path: sockets live in it.
    with TemporaryDirectory(prefix="hs-") as folder:
        async with a_federation(database.admin_url, Path(folder)) as (ministry, federation):
            yield ministry, federation
