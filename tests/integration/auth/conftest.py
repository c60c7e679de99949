"""A PostgreSQL for these tests, migrated once; each test gets a fresh copy of its database."""

from collections.abc import AsyncIterator, Iterator
from itertools import count

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database.engine import open_engine
from chassis.database.migrations import prepare_schema, upgrade
from chassis.settings import DatabaseSettings
from tests.support.postgres import TestDatabase

NUMBERS = count(1)
TEMPLATE = "auth_template"


@pytest.fixture(scope="session")
def admin_url(database: TestDatabase) -> str:
    _run(database.admin_url, f"CREATE DATABASE {TEMPLATE}")
    role_url = prepare_schema(_in(database.admin_url, TEMPLATE), "auth")
    upgrade(role_url, "auth")
    return database.admin_url


@pytest.fixture
def database_url(admin_url: str) -> Iterator[str]:
    name = f"auth_{next(NUMBERS)}"
    _run(admin_url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield make_url(admin_url).set(database=name, username="harmonia_auth").render_as_string(False)
    _run(admin_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(DatabaseSettings(url=SecretStr(database_url), pool_size=10), "auth")
    yield engine
    await engine.dispose()


def _in(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _run(url: str, statement: str) -> None:
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload] # names made in this file
