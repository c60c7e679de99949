"""Statements that every save runs: compiled once and run on the driver, in the session's own transaction.

SQLAlchemy keys, looks up and wraps a statement each time it runs it, which costs a small one more than the driver and
PostgreSQL together. Here it only builds the text, once; the rest of a unit of work may go on using the session.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import cached_property
from typing import Any, cast
from weakref import ref

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import Executable, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement
from sqlalchemy.util import await_only

Driver = psycopg.AsyncConnection[Any]
Cursor = psycopg.AsyncCursor[Any]
_DIALECT = make_url("postgresql+psycopg://").get_dialect()()
_DRIVER = "driver"
_WAITING = "waiting"
SIZE_OF_ANOTHER_VALUE = 32
"""Of a number, an instant, an identifier: at most."""
LARGEST_PIPELINE = 32_768
"""Bytes; surely less than what a socket takes at once."""


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
        [cursor] = await _exchange(session, [(self, parameters)])
        return await cursor.fetchall()

    async def run(self, session: AsyncSession, **parameters: object) -> None:
        """Run it for what it does.

        Raises:
            DBAPIError: as SQLAlchemy raises it.
        """
        await _exchange(session, [(self, parameters)])

    def later(self, session: AsyncSession, **parameters: object) -> None:
        """Have it run before whatever the session does next, its commit included, in the same exchange.

        What it breaks is told there. A session that does nothing more never runs it.
        """
        session.info.setdefault(_WAITING, []).append((self, parameters))

    def size(self, parameters: dict[str, Any]) -> int:
        """Return about how many bytes go to PostgreSQL."""
        return len(self._compiled[0]) + sum(_size(one) for one in parameters.values())

    async def _execute(self, driver: Driver, parameters: dict[str, Any]) -> Cursor:
        sql, constants = self._compiled
        return await driver.cursor(row_factory=namedtuple_row).execute(sql, {**constants, **parameters})


Work = tuple[Prepared, dict[str, Any]]
"""A statement and its parameters."""


async def run_and_commit(session: AsyncSession, work: Sequence[Work]) -> None:
    """Run statements and commit, in one exchange with PostgreSQL; one that fails commits nothing.

    Raises:
        DBAPIError: as SQLAlchemy raises it.
    """
    if work or _WAITING in session.info:
        # The session is not told: it would ask the driver, which has nothing left to commit, to do so again.
        await _exchange(session, work, commits=True)
    else:
        await session.commit()


async def _exchange(session: AsyncSession, work: Sequence[Work], *, commits: bool = False) -> list[Cursor]:
    driver = await driver_of(session)
    everything = [*session.info.pop(_WAITING, ()), *work]
    try:
        cursors = await _run_all(driver, everything, commits=commits)
    except BaseException:
        # Otherwise the session would ask the lost connection to roll back, and its failure hide a cancellation.
        if driver.closed:
            await session.invalidate()
        raise
    return cursors[len(everything) - len(work) :]


async def _run_all(driver: Driver, work: Sequence[Work], *, commits: bool) -> list[Cursor]:
    one_exchange = (len(work) > 1 or commits) and _fits_a_pipeline(work)
    try:
        async with driver.pipeline() if one_exchange else nullcontext():
            cursors = [await prepared._execute(driver, parameters) for prepared, parameters in work]  # noqa: SLF001
            if commits:
                await driver.commit()
    except psycopg.Error as error:
        raise _as_sqlalchemy_says(error) from error
    return cursors


def _fits_a_pipeline(work: Sequence[Work]) -> bool:
    """Tell whether a socket takes it all at once.

    psycopg 3.3 hands a pipeline to the socket once and then only reads: what the socket left, nobody would ever send.
    """
    return sum(prepared.size(parameters) for prepared, parameters in work) <= LARGEST_PIPELINE


def _size(parameter: object) -> int:
    if isinstance(parameter, str):
        return len(parameter) if parameter.isascii() else len(parameter.encode())
    if isinstance(parameter, list | tuple):
        return sum(_size(one) for one in parameter)
    return len(parameter) if isinstance(parameter, bytes) else SIZE_OF_ANOTHER_VALUE


class OrderedSession(Session):
    """A session before whose own statements everything runs that waits; `sessions_of` makes no other."""

    def rollback(self) -> None:
        """Give up what waits too."""
        self.info.pop(_WAITING, None)
        super().rollback()


@event.listens_for(OrderedSession, "do_orm_execute")
def _before_a_statement(state: ORMExecuteState) -> None:
    _run_waiting(state.session)


@event.listens_for(OrderedSession, "before_flush")
def _before_rows_are_written(session: Session, _context: object, _instances: object) -> None:
    _run_waiting(session)


@event.listens_for(OrderedSession, "before_commit")
def _run_waiting(session: Session) -> None:
    if waiting := session.info.pop(_WAITING, None):
        driver = cast("Driver", _begin(session))
        try:
            await_only(_run_all(driver, waiting, commits=False))
        except BaseException:
            if driver.closed:
                session.invalidate()
            raise


async def driver_of(session: AsyncSession) -> Driver:
    """Return the connection of the session's transaction, with all that the session has to write written."""
    if session.new or session.dirty or session.deleted:
        await session.flush()
    transaction = session.sync_session.get_transaction()
    of, driver = session.info.get(_DRIVER, (None, None))
    if transaction is None or of is None or of() is not transaction:
        driver = await session.run_sync(_begin)
    return cast("Driver", driver)


def _begin(session: Session) -> object:
    driver = session.connection().connection.driver_connection
    # Weakly: a session that is in a circle with its transaction stays until the garbage collector runs.
    session.info[_DRIVER] = ref(session.get_transaction()), driver
    return driver


def _as_sqlalchemy_says(error: psycopg.Error) -> DBAPIError:
    """Return what SQLAlchemy would raise, without the values, which may be personal data or amounts: errors are logged."""
    return cast("DBAPIError", DBAPIError.instance(None, None, error, psycopg.Error, dialect=_DIALECT))
