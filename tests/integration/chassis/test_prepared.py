"""Prepared statements belong to the session's transaction, and fail as SQLAlchemy's own do."""

import asyncio
from functools import partial

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.database.prepared import LARGEST_PIPELINE, Prepared, run_and_commit
from services.transmission.store.rows import OutboxHeadRow

HEADS = Prepared(text("SELECT id, sequence FROM outbox_head WHERE id > :above ORDER BY id"))
ADD = Prepared(text("INSERT INTO outbox_head (id, sequence) VALUES (:id, :sequence)"))
ADD_BY_LENGTH = Prepared(text("INSERT INTO outbox_head (id, sequence) VALUES (:id, length(:written))"))
SLEEP = Prepared(text("SELECT pg_sleep(30)"))
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


async def test_a_lone_statement_needs_no_commit(store):
    async with store.lone_sessions() as session:
        await ADD.run(session, id=2, sequence=7)

    assert await heads(store) == [(2, 7)]


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


async def test_what_waits_runs_before_the_next_statement_whoever_makes_it(store):
    async with store.sessions() as session:
        ADD.later(session, id=2, sequence=7)
        prepared = [(row.id, row.sequence) for row in await HEADS.rows(session, above=1)]
        ADD.later(session, id=3, sequence=8)
        of_the_session = list(await session.scalars(select(OutboxHeadRow.id).order_by(OutboxHeadRow.id)))
        ADD.later(session, id=4, sequence=9)
        session.add(OutboxHeadRow(id=5, sequence=10))
        await session.flush()
        flushed = await HEADS.rows(session, above=3)

    assert prepared == [(2, 7)]
    assert of_the_session == [1, 2, 3]
    assert [row.id for row in flushed] == [4, 5]
    assert await heads(store) == []


@pytest.mark.parametrize("commit", [AsyncSession.commit, partial(run_and_commit, work=())])
async def test_what_waits_is_committed(store, commit):
    async with store.sessions() as session:
        ADD.later(session, id=2, sequence=7)
        await commit(session)

    assert await heads(store) == [(2, 7)]


@pytest.mark.parametrize("commit", [AsyncSession.commit, partial(run_and_commit, work=())])
async def test_what_waits_and_breaks_a_rule_commits_nothing(store, commit):
    async with store.sessions() as session:
        ADD.later(session, id=2, sequence=7)
        ADD.later(session, id=1, sequence=0)
        with pytest.raises(IntegrityError):
            await commit(session)

    assert await heads(store) == []


@pytest.mark.parametrize("characters", [LARGEST_PIPELINE - 10, 3_000_000])
@pytest.mark.parametrize("commit", [AsyncSession.commit, partial(run_and_commit, work=())])
async def test_what_waits_may_be_larger_than_what_a_socket_takes(store, commit, characters):
    async with asyncio.timeout(20), store.sessions() as session:
        ADD.later(session, id=2, sequence=7)
        ADD_BY_LENGTH.later(session, id=3, written="x" * characters)
        await commit(session)

    assert await heads(store) == [(2, 7), (3, characters)]


async def test_a_cancellation_stays_one_when_it_costs_the_connection(store):
    async def wait_for_ever() -> None:
        async with store.work() as work:
            ADD.later(work._session, id=2, sequence=7)
            await SLEEP.run(work._session)

    waiting = asyncio.create_task(wait_for_ever())
    await asyncio.sleep(0.2)
    for _ in range(3):
        # The second finds psycopg waiting for the answer to the first, and then it closes the connection.
        waiting.cancel()
        await asyncio.sleep(0)

    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await heads(store) == []


async def test_what_waits_when_the_work_is_given_up_never_runs(store):
    async with store.sessions() as session:
        ADD.later(session, id=2, sequence=7)
        await session.rollback()
        await session.commit()
    async with store.sessions() as session:
        await HEADS.rows(session, above=1)
        ADD.later(session, id=2, sequence=7)

    assert await heads(store) == []
