"""A PostgreSQL for these tests, migrated once; each test gets a fresh copy of its database."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database.engine import open_engine
from chassis.database.migrations import prepare_schema, upgrade
from chassis.settings import DatabaseSettings
from node.embedded import embedded_postgres

NUMBERS = count(1)
TEMPLATE = "signature_template"


@pytest.fixture(scope="session")
async def admin_url() -> AsyncIterator[str]:
    # Not pytest's own folder: another pytest that starts closes it to PostgreSQL's user, and the server dies.
    with TemporaryDirectory(prefix="harmonia-pg-", ignore_cleanup_errors=True) as folder:
        async with embedded_postgres(Path(folder)) as url:
            yield url


@pytest.fixture(scope="session")
def template(admin_url: str) -> str:
    _run(admin_url, f"CREATE DATABASE {TEMPLATE}")
    upgrade(prepare_schema(_in(admin_url, TEMPLATE), "signature"), "signature")
    return TEMPLATE


@pytest.fixture
def database_url(admin_url: str, template: str) -> Iterator[str]:
    name = f"signature_{next(NUMBERS)}"
    _run(admin_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield make_url(admin_url).set(database=name, username="harmonia_signature").render_as_string(False)
    _run(admin_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(DatabaseSettings(url=SecretStr(database_url), pool_size=10), "signature")
    yield engine
    await engine.dispose()


def _in(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _run(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload] # names made in this file
