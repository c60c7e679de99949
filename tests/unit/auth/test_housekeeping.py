"""What the service does unasked."""

import asyncio
from contextlib import suppress

from services.auth.workers import housekeeping
from services.auth.workers.housekeeping import Housekeeping


async def test_what_must_be_there_is_prepared_again_until_the_database_answers():
    calls, is_over = [], asyncio.Event()

    async def prepare():
        calls.append("prepare")
        if len(calls) < 3:
            raise OSError("the database is away")

    async def forget():
        calls.append("forget")
        is_over.set()

    task = asyncio.create_task(Housekeeping(prepare, forget, retry_seconds=0).run())
    await is_over.wait()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert calls == ["prepare", "prepare", "prepare", "forget"]
    assert housekeeping.BETWEEN_SECONDS == 3600
