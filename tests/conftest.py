"""Plugs things in, nothing else."""

from collections.abc import AsyncIterator

import pytest

from tests.support.postgres import TestDatabase, test_database


@pytest.fixture(scope="session")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestDatabase]:
    """One embedded PostgreSQL for the session."""
    async with test_database(tmp_path_factory.mktemp("postgres")) as running:
        yield running
