"""Migrations: run twice they do nothing; each service owns its schema and sees no other."""

import asyncio

import pytest
from alembic import command
from alembic.config import Config
from pydantic import SecretStr
from sqlalchemy import create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.pool import NullPool

from chassis.database.engine import has_schema, newest_revision, open_engine
from chassis.database.migrations import migrations_of, prepare_schema, upgrade
from chassis.settings import DatabaseSettings
from node.roster import STORED


def version(url: str, schema: str) -> str:
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        found = connection.scalar(text(f"SELECT version_num FROM {schema}.alembic_version"))
    engine.dispose()
    return str(found)


async def is_ready(url: str, schema: str) -> bool:
    engine = open_engine(DatabaseSettings(url=SecretStr(url)), schema)
    try:
        return await has_schema(engine, schema)
    finally:
        await engine.dispose()


@pytest.fixture(scope="module")
def database(database):
    """A database of its own: no service of another suite works in it."""
    return database.apart("migrations")


@pytest.mark.parametrize("schema", STORED)
def test_a_migrated_schema_stays_as_it_is(database, schema):
    url = database.fresh(schema)

    upgrade(url, schema)

    assert version(url, schema) == newest_revision(schema)


@pytest.mark.parametrize("schema", STORED)
def test_the_tables_are_those_of_the_rows(database, schema):
    config = Config()
    config.set_main_option("script_location", str(migrations_of(schema)))
    config.attributes["url"], config.attributes["schema"] = database.fresh(schema), schema

    command.check(config)


def test_making_a_schema_twice_gives_the_same_url(database):
    assert prepare_schema(database.admin_url, "transmission") == prepare_schema(database.admin_url, "transmission")


def test_a_service_reads_no_other_schema(database):
    database.fresh("forms")
    engine = create_engine(database.fresh("transmission"), poolclass=NullPool)

    with engine.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.execute(text("SELECT * FROM forms.alembic_version"))
    engine.dispose()


async def test_a_service_is_ready_once_migrated(database):
    assert await is_ready(database.fresh("transmission"), "transmission")


async def test_a_service_is_not_ready_without_its_schema(database):
    url = await asyncio.to_thread(prepare_schema, database.admin_url, "empty_shelf")

    assert not await is_ready(url, "empty_shelf")


async def test_a_service_is_not_ready_without_its_database(tmp_path):
    assert not await is_ready(f"postgresql+psycopg://nobody@/none?host={tmp_path}", "transmission")


async def test_a_service_is_not_ready_behind_its_newest_migration(database):
    url = database.fresh("transmission")
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("UPDATE transmission.alembic_version SET version_num = '0000'"))
        behind = await is_ready(url, "transmission")
        connection.execute(
            text("UPDATE transmission.alembic_version SET version_num = :newest"),
            {"newest": newest_revision("transmission")},
        )
    engine.dispose()

    assert not behind
