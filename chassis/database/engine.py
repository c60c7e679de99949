"""One engine a service, as that service's own role, with its schema first and only in the search path."""

import select
from functools import cache
from typing import cast

import psycopg
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from chassis.database.migrations import migrations_of
from chassis.database.prepared import OrderedSession
from chassis.settings import DatabaseSettings

CONNECT_SECONDS = 10
"""psycopg would wait two minutes for a PostgreSQL that does not answer, and every other call for the same pool with it."""
Sessions = async_sessionmaker[AsyncSession]


def open_engine(settings: DatabaseSettings, schema: str) -> AsyncEngine:
    """Return an engine; nothing connects until it is used."""
    options = f"-csearch_path={schema} -cstatement_timeout={settings.statement_timeout_ms} -ctimezone=UTC"
    engine = create_async_engine(
        make_url(settings.url.get_secret_value()),
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        # Errors are logged; the values in a statement may be personal data or amounts.
        hide_parameters=True,
        connect_args={
            "options": options,
            "connect_timeout": CONNECT_SECONDS,
            # A machine that is gone says nothing; the kernel would wait a quarter of an hour for it.
            "tcp_user_timeout": CONNECT_SECONDS * 1000,
        },
    )
    event.listen(engine.sync_engine, "checkout", _must_be_open)
    return engine


def _must_be_open(_connection: object, record: ConnectionPoolEntry, _fairy: object) -> None:
    """Have the pool connect again when PostgreSQL ended the connection, without asking it: that would cost as much as a query.

    It says nothing unasked on a connection that is not used, unless it ends it (or was configured anew).
    """
    connection = cast("psycopg.AsyncConnection", record.driver_connection)
    if not connection.closed:
        socket = select.poll()
        socket.register(connection, select.POLLIN)
        if not socket.poll(0):
            return
    raise DisconnectionError


def sessions_of(engine: AsyncEngine) -> Sessions:
    """Return the factory of sessions that units of work use."""
    return async_sessionmaker(engine, expire_on_commit=False, sync_session_class=OrderedSession)


def lone_sessions_of(engine: AsyncEngine) -> Sessions:
    """Return the factory of sessions each statement of which is a transaction: nothing is exchanged to begin or end one.

    For what reads, or writes one thing, and so needs no other transaction: a rollback also has the driver forget what
    PostgreSQL prepared for it.
    """
    return sessions_of(engine.execution_options(isolation_level="AUTOCOMMIT"))


@cache
def newest_revision(schema: str) -> str:
    """Return the number of the newest migration in a service's tree, for example `0003`."""
    return max(path.name[:4] for path in (migrations_of(schema) / "versions").glob("[0-9]*.py"))


async def has_schema(engine: AsyncEngine, schema: str) -> bool:
    """Tell whether the database answers and every migration that this code knows has been run.

    A schema that is ahead of this code is fine: migrations work with the release before theirs.
    """
    try:
        async with engine.connect() as connection:
            revision = await connection.scalar(text(f'SELECT max(version_num) FROM "{schema}".alembic_version'))  # noqa: S608 - a constant
            return revision is not None and revision >= newest_revision(schema)
    except OSError:
        return False
    except Exception as error:
        if type(error).__module__.startswith(("sqlalchemy", "psycopg")):
            return False
        raise
