"""A real PostgreSQL for tests: one embedded server a test session, each service's schema migrated once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from chassis.database.migrations import prepare_schema, upgrade
from node.embedded import embedded_postgres

MOST_ATTEMPTS = 5
PATIENCE = "2s"
_CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid()
"""


class TestDatabase:
    """Databases of one embedded server; `fresh` gives a service an empty, migrated schema."""

    __test__ = False

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._urls: dict[str, str] = {}

    def apart(self, name: str) -> "TestDatabase":
        """Return an empty database beside this one, on the same server: nobody else's relay works on its outboxes."""
        engine = create_engine(self.admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        engine.dispose()
        return TestDatabase(make_url(self.admin_url).set(database=name).render_as_string(hide_password=False))

    def fresh(self, service: str) -> str:
        """Return the URL of the service's own role on its schema, migrated and with every table empty."""
        if service not in self._urls:
            self._urls[service] = prepare_schema(self.admin_url, service)
            upgrade(self._urls[service], service)
        self._empty(service)
        return self._urls[service]

    def _empty(self, schema: str) -> None:
        engine = create_engine(self.admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            tables = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE schemaname = :schema AND tablename <> 'alembic_version'"),
                {"schema": schema},
            ).all()
            if tables:
                # Append-only tables refuse TRUNCATE by a trigger, which fires for the superuser too.
                connection.execute(text("SET session_replication_role = replica"))
                names = ", ".join(f'"{schema}"."{table}"' for table in tables)
                _truncate(connection, names)
            if "outbox_head" in tables:
                connection.execute(text(f'INSERT INTO "{schema}".outbox_head (id, sequence) VALUES (1, 0)'))
        engine.dispose()


def _truncate(connection: Connection, names: str) -> None:
    """Empty the tables; a service that runs for the whole session may hold some of them, for a moment or in the middle.

    One that is in the middle of a transaction cannot end it while this waits, since they share the event loop: its
    connection is cut, as a restart of PostgreSQL would, and it opens another one.
    """
    connection.execute(text(f"SET lock_timeout = '{PATIENCE}'"))
    for attempt in range(MOST_ATTEMPTS):
        try:
            connection.execute(text(f"TRUNCATE {names}"))
            return
        except OperationalError:
            if attempt == MOST_ATTEMPTS - 1:
                raise
            connection.execute(text(_CUT))


def _forget_the_disk(admin_url: str) -> None:
    engine = create_engine(admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


@asynccontextmanager
async def test_database(folder: Path) -> AsyncIterator[TestDatabase]:
    """Run an embedded PostgreSQL on the folder for the session.

    It does not wait for the disk: whole databases come and go by the hundred, each with a checkpoint, and a slow disk then
    holds all up for longer than a call may take. Nothing here cuts the machine's power; whole stacks keep their patience.
    """
    async with embedded_postgres(folder) as admin_url:
        await asyncio.to_thread(_forget_the_disk, admin_url)
        yield TestDatabase(await asyncio.to_thread(lambda: admin_url))


test_database.__test__ = False  # type: ignore[attr-defined]
