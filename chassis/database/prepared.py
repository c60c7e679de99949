"""Statements that every save runs: compiled once and run on the driver, in the session's own transaction.

SQLAlchemy keys, looks up and wraps a statement each time it runs it, which costs a small one more than the driver and
PostgreSQL together. Here it only builds the text, once; the rest of a unit of work may go on using the session.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn, cast
from weakref import ref

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Executable, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement

Driver = psycopg.AsyncConnection[Any]
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()
_DRIVER = "driver"


class Prepared:
    """A statement whose parameters are named by `bindparam`.

    Values go to the driver and come from it as they are: a JSON document goes in as text, an enumeration as its value.
    """

    def __init__(self, statement: Executable) -> None:
        self._statement = statement

    @cached_property
    def _compiled(self) -> tuple[bytes, dict[str, Any]]:
        compiled = cast("SQLCompiler", cast("CompilerElement", self._statement).compile(dialect=_DIALECT))
        constants = {name: one.value for name, one in compiled.binds.items() if not one.required}
        return str(compiled).encode(), constants

    async def rows(self, session: AsyncSession, **parameters: object) -> list[Any]:
        """Run it and return every row, by place and by name.

        Raises:
            DBAPIError: as SQLAlchemy raises it.
        """
        driver = await driver_of(session)
        try:
            cursor = await self._execute(driver, parameters)
            return await cursor.fetchall()
        except psycopg.Error as error:
            await _fail(session, driver, error)

    async def run(self, session: AsyncSession, **parameters: object) -> None:
        """Run it for what it does.

        Raises:
            DBAPIError: as SQLAlchemy raises it.
        """
        driver = await driver_of(session)
        try:
            await self._execute(driver, parameters)
        except psycopg.Error as error:
            await _fail(session, driver, error)

    async def run_each(self, session: AsyncSession, rows: Sequence[Mapping[str, object]]) -> None:
        """Run it for each row of parameters, in one exchange with PostgreSQL.

        Raises:
            DBAPIError: as SQLAlchemy raises it.
        """
        sql, constants = self._compiled
        driver = await driver_of(session)
        try:
            await driver.cursor().executemany(sql, [{**constants, **row} for row in rows])
        except psycopg.Error as error:
            await _fail(session, driver, error)

    async def _execute(self, driver: Driver, parameters: dict[str, Any]) -> psycopg.AsyncCursor[Any]:
        sql, constants = self._compiled
        return await driver.cursor(row_factory=namedtuple_row).execute(sql, {**constants, **parameters})


Work = tuple[Prepared, dict[str, Any]]
"""A statement and its parameters."""


async def run_and_commit(session: AsyncSession, work: Sequence[Work]) -> None:
    """Run statements and commit, in one exchange with PostgreSQL; one that fails commits nothing.

    Raises:
        DBAPIError: as SQLAlchemy raises it.
    """
    if work:
        driver = await driver_of(session)
        try:
            async with driver.pipeline():
                for prepared, parameters in work:
                    await prepared._execute(driver, parameters)  # noqa: SLF001 - its own module
                await driver.commit()
        except psycopg.Error as error:
            await _fail(session, driver, error)
    # For the session; on the driver nothing is left to commit.
    await session.commit()


async def alone(session: AsyncSession) -> None:
    """Have each statement of this session be a transaction of its own: no exchange with PostgreSQL to begin or end one."""
    await session.run_sync(_begin, {"isolation_level": "AUTOCOMMIT"})


async def driver_of(session: AsyncSession) -> Driver:
    """Return the connection of the session's transaction, with all that the session has to write written."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    transaction = session.sync_session.get_transaction()
    of, driver = session.info.get(_DRIVER, (None, None))
    if transaction is None or of is None or of() is not transaction:
        driver = await session.run_sync(_begin)
    return cast("Driver", driver)


def _begin(session: Session, options: dict[str, Any] | None = None) -> object:
    driver = session.connection(execution_options=options).connection.driver_connection
    # Weakly: a session that is in a circle with its transaction stays until the garbage collector runs.
    session.info[_DRIVER] = ref(session.get_transaction()), driver
    return driver


async def _fail(session: AsyncSession, driver: Driver, error: psycopg.Error) -> NoReturn:
    """Raise what SQLAlchemy would, without the values, which may be personal data or amounts: errors are logged."""
    if driver.closed:
        # Otherwise the session would ask the lost connection to roll back.
        await session.invalidate()
    raise DBAPIError.instance(None, None, error, psycopg.Error, dialect=_DIALECT) from error
