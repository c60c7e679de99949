"""Plugs things in, nothing else."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.postgres import TestDatabase, test_database


@pytest.fixture(scope="session")
async def database() -> AsyncIterator[TestDatabase]:
    """One embedded PostgreSQL for the session."""
    # Not in pytest's own folder: another pytest that starts closes it to PostgreSQL's user, and the server dies.
    with TemporaryDirectory(prefix="harmonia-pg-", ignore_cleanup_errors=True) as folder:
        async with test_database(Path(folder)) as running:
            yield running


@pytest.fixture
def private_folder() -> Iterator[Path]:
    """A short-named folder of the test's own, for whole stacks: sockets need short paths, PostgreSQL a stable parent."""
    with TemporaryDirectory(prefix="h-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)
