"""Prepared statements belong to the session's transaction, and fail as SQLAlchemy's own do."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.database.prepared import Prepared, alone, run_and_commit
from services.transmission.store.rows import OutboxHeadRow

HEADS = Prepared(text("SELECT id, sequence FROM outbox_head WHERE id > :above ORDER BY id"))
ADD = Prepared(text("INSERT INTO outbox_head (id, sequence) VALUES (:id, :sequence)"))
END_OTHERS = Prepared(
    text(
        """
        SELECT pg_terminate_backend(pid, :patience) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
        """
    )
)
END = Prepared(text("SELECT pg_terminate_backend(pg_backend_pid())"))


async def heads(store, above: int = 1) -> list[tuple[int, int]]:
    async with store.sessions() as session:
        return [(row.id, row.sequence) for row in await HEADS.rows(session, above=above)]


async def test_what_the_session_has_to_write_is_there_for_a_statement(store):
    async with store.sessions() as session:
        session.add(OutboxHeadRow(id=2, sequence=7))

        found = await HEADS.rows(session, above=1)

    assert [(row.id, row.sequence) for row in found] == [(2, 7)]


async def test_what_a_statement_did_goes_with_the_transaction(store):
    async with store.sessions() as session:
        await ADD.run(session, id=2, sequence=7)
        await session.rollback()
        await ADD.run(session, id=3, sequence=8)
        await session.commit()

    assert await heads(store) == [(3, 8)]


async def test_a_statement_alone_needs_no_commit(store):
    async with store.sessions() as session:
        await alone(session)
        await ADD.run(session, id=2, sequence=7)

    assert await heads(store) == [(2, 7)]


async def test_rows_are_written_one_by_one_in_one_exchange(store):
    async with store.sessions.begin() as session:
        await ADD.run_each(session, [{"id": 2, "sequence": 7}, {"id": 3, "sequence": 8}])

    assert await heads(store) == [(2, 7), (3, 8)]


async def test_what_breaks_a_rule_is_an_integrity_error_and_commits_nothing(store):
    async with store.sessions() as session:
        with pytest.raises(IntegrityError):
            await run_and_commit(session, [(ADD, {"id": 2, "sequence": 7}), (ADD, {"id": 1, "sequence": 0})])

    assert await heads(store) == []


async def test_a_connection_that_the_database_ended_is_replaced(store):
    async with store.sessions() as session:
        with pytest.raises(DBAPIError):
            await END.run(session)

    assert await heads(store, above=0) == [(1, 0)]


async def test_connections_that_were_ended_while_nobody_used_them_are_replaced(store):
    async with store.sessions() as first, store.sessions() as second:
        await HEADS.rows(first, above=0)
        await HEADS.rows(second, above=0)
    async with store.sessions() as session:
        await END_OTHERS.rows(session, patience=5000)

    for _ in range(3):
        assert await heads(store, above=0) == [(1, 0)]
