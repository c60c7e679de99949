"""What the probes hear of a service that takes its time."""

import asyncio

from chassis.health import Health
from chassis.service import Opened


class Thoughtful:
    """A service that says that it is ready when it is told to."""

    def __init__(self) -> None:
        self.asked, self.cut_off = 0, 0
        self.may_answer = asyncio.Event()

    async def is_ready(self) -> bool:
        self.asked += 1
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cut_off += 1
            raise
        return True

    @property
    def health(self) -> Health:
        return Health({"forms": Opened(lambda _: None, (), self.is_ready)})


async def test_a_check_that_takes_long_is_not_cut_off_and_not_asked_again_meanwhile() -> None:
    service = Thoughtful()
    health = service.health

    answers = [await health.check() for _ in range(2)]
    service.may_answer.set()
    answers.append(await health.check())

    assert answers == [False, False, True]
    assert (service.asked, service.cut_off) == (1, 0)


async def test_a_check_that_fails_is_not_ready_and_is_asked_again() -> None:
    answers = iter([OSError("gone"), None])

    async def is_ready() -> bool:
        if failure := next(answers):
            raise failure
        return True

    health = Health({"forms": Opened(lambda _: None, (), is_ready)})

    assert [await health.check() for _ in range(2)] == [False, True]


async def test_leaving_waits_for_the_check_under_way() -> None:
    service = Thoughtful()
    health = service.health
    checking = asyncio.create_task(health.check())
    await asyncio.sleep(0.01)
    checking.cancel()
    asyncio.get_running_loop().call_later(0.05, service.may_answer.set)

    await health.leave()

    assert (service.asked, service.cut_off) == (1, 0)
