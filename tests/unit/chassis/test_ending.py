import asyncio

from chassis.ending import end


async def for_ever(losing: int = 0) -> None:
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            if not losing:
                raise
            losing -= 1


async def failing() -> None:
    raise OSError("lost")


async def test_tasks_end_however_they_do() -> None:
    tasks = [asyncio.create_task(for_ever()), asyncio.create_task(failing()), asyncio.create_task(asyncio.sleep(0))]
    await asyncio.sleep(0)

    await end(tasks)

    assert [task.done() for task in tasks] == [True, True, True]


async def test_a_task_that_lost_its_cancellation_is_cancelled_again() -> None:
    task = asyncio.create_task(for_ever(losing=2))
    await asyncio.sleep(0)

    await end([task], patience=0.01)

    assert task.cancelled()


async def test_nothing_to_end_ends_at_once() -> None:
    await end([])
