"""One use case, one transaction: all of it or nothing, once."""

import asyncio

import pytest
from sqlalchemy import text

from chassis.database.unit_of_work import Event, SqlAppliedRequests, remember_once
from chassis.errors import Conflict
from chassis.rpc.idempotency import AlreadyApplied, RequestKey, _key
from services.transmission.store.rows import OutboxHeadRow

KEY = RequestKey("anne", "SaveCells", "r1", b"digest")


async def apply_request(store, key: RequestKey = KEY) -> None:
    """Commit one event as the given request, as a servicer would."""
    _key.set(key)
    async with store.work() as work:
        work.record(Event("SomethingHappened", "a", {}))
        await work.commit()


async def test_leaving_without_commit_keeps_nothing(store):
    async with store.work() as work:
        work.record(Event("SomethingHappened", "a", {}))

    assert await store.all("SELECT * FROM outbox_events") == []
    assert (await store.all("SELECT sequence FROM outbox_head"))[0].sequence == 0


async def test_a_failure_on_the_way_keeps_nothing(store):
    async def fail_on_the_way() -> None:
        async with store.work() as work:
            await work._session.execute(text("UPDATE outbox_head SET sequence = 99"))
            raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await fail_on_the_way()

    assert (await store.all("SELECT sequence FROM outbox_head"))[0].sequence == 0


async def test_the_request_is_recorded_with_what_it_changed(store):
    await asyncio.create_task(apply_request(store))

    applied = await SqlAppliedRequests(store.lone_sessions).find(KEY)
    assert applied is not None
    assert (applied.digest, applied.response) == (b"digest", None)


async def test_the_same_request_twice_at_once_is_applied_once(store):
    results = await asyncio.gather(
        *(asyncio.create_task(apply_request(store)) for _ in range(6)), return_exceptions=True
    )

    assert sum(result is None for result in results) == 1
    assert all(isinstance(result, AlreadyApplied) for result in results if result is not None)
    assert len(await store.all("SELECT * FROM outbox_events")) == 1


async def test_the_kept_response_is_found_again(store):
    requests = SqlAppliedRequests(store.lone_sessions)
    await asyncio.create_task(apply_request(store))

    await requests.keep_response(KEY, b"answer")

    found = await requests.find(KEY)
    assert found is not None
    assert found.response == b"answer"


async def test_the_same_thing_made_twice_is_a_conflict(store):
    async with store.work() as work:
        work._session.add(OutboxHeadRow(id=1, sequence=0))
        with pytest.raises(Conflict):
            await work.commit()


async def test_an_event_of_another_service_is_applied_once(store):
    async def receive() -> bool:
        async with store.sessions.begin() as session:
            return await remember_once(session, "ApplyFacts", "event-1", store.clock)

    assert sorted(await asyncio.gather(*(receive() for _ in range(5)))) == [False, False, False, False, True]
