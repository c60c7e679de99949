"""The outbox: numbered without holes in commit order, delivered at least once, in order within a lane."""

import asyncio

import pytest

from chassis.database.relay import BATCH, Delivery
from chassis.database.unit_of_work import Event
from chassis.errors import Unavailable
from tests.integration.chassis.conftest import RecordingReceiver

SEQUENCES = "SELECT sequence FROM outbox_events ORDER BY sequence"


async def test_eight_writers_at_once_leave_no_hole(store):
    async def write(number: int) -> None:
        for _ in range(10):
            await store.record(f"lane-{number}", f"lane-{number}")

    await asyncio.gather(*(write(number) for number in range(8)))

    assert [row.sequence for row in await store.all(SEQUENCES)] == list(range(1, 161))
    assert (await store.all("SELECT sequence FROM outbox_head"))[0].sequence == 160


async def test_writers_that_give_up_leave_no_hole(store):
    async def write(number: int) -> None:
        async with store.work() as work:
            work.record(Event("SomethingHappened", "a", {}))
            if number % 2:
                await work.commit()

    await asyncio.gather(*(write(number) for number in range(16)))

    assert [row.sequence for row in await store.all(SEQUENCES)] == list(range(1, 9))


async def test_events_are_delivered_in_the_order_of_their_lane(store):
    for number in range(30):
        await store.record(f"lane-{number % 3}")
    receiver = RecordingReceiver()

    delivered = await store.relay(receiver).deliver_once()

    assert delivered == 30
    for lane in ("lane-0", "lane-1", "lane-2"):
        mine = [delivery.sequence for delivery in receiver.received if delivery.lane == lane]
        assert mine == sorted(mine)


async def test_what_was_delivered_is_not_delivered_again(store):
    await store.record("a")
    receiver = RecordingReceiver()
    relay = store.relay(receiver)

    assert [await relay.deliver_once(), await relay.deliver_once()] == [1, 0]
    assert await relay.backlog() == 0


@pytest.mark.parametrize("error", [Unavailable("Fermé."), ValueError("a fault of ours")])
async def test_a_stuck_lane_does_not_hold_up_the_others(store, error):
    await store.record("stuck", "free", "stuck", "free")
    receiver = RecordingReceiver()
    receiver.failing["stuck"] = error

    await store.relay(receiver).deliver_once()

    assert receiver.lanes == ["free", "free"]
    assert await store.relay(receiver).backlog() == 2


async def test_a_stuck_lane_waits_longer_each_time_and_then_keeps_its_order(store):
    await store.record("a", "a")
    receiver = RecordingReceiver()
    relay, receiver.failing["a"] = store.relay(receiver), Unavailable("Fermé.")
    await relay.deliver_once()
    await relay.deliver_once()
    assert (await store.all("SELECT attempts FROM outbox_events WHERE sequence = 1"))[0].attempts == 1

    store.clock.advance(seconds=1)
    await relay.deliver_once()
    assert (await store.all("SELECT attempts FROM outbox_events WHERE sequence = 1"))[0].attempts == 2

    receiver.failing.clear()
    store.clock.advance(seconds=2)
    await relay.deliver_once()
    assert [delivery.sequence for delivery in receiver.received] == [1, 2]


async def test_why_an_event_waits_is_kept_beside_it(store):
    await store.record("a")
    receiver = RecordingReceiver()
    receiver.failing["a"] = Unavailable("Fermé.", reason="CLOSED")

    await store.relay(receiver).deliver_once()

    assert (await store.all("SELECT failure FROM outbox_events"))[0].failure == "CLOSED: Fermé."


async def test_a_long_stuck_lane_leaves_room_for_the_others(store):
    for _ in range(3):
        await store.record(*["stuck"] * BATCH)
    await store.record("free")
    receiver = RecordingReceiver()
    receiver.failing["stuck"] = Unavailable()
    relay = store.relay(receiver)

    await relay.deliver_once()
    await relay.deliver_once()

    assert receiver.lanes == ["free"]


async def test_only_one_relay_works_at_a_time(store):
    await store.record("a")
    receiver, entered, go_on = RecordingReceiver(), asyncio.Event(), asyncio.Event()

    async def slow(delivery) -> None:
        entered.set()
        await go_on.wait()
        await receiver(delivery)

    first = asyncio.create_task(store.relay(slow).deliver_once())
    await entered.wait()
    second = await store.relay(receiver).deliver_once()
    go_on.set()

    assert (await first, second) == (1, 0)
    assert receiver.lanes == ["a"]


async def test_a_relay_that_dies_while_delivering_delivers_again(store):
    await store.record("a")
    receiver = RecordingReceiver()
    receiver.failing["a"] = asyncio.CancelledError()  # type: ignore[assignment]

    with pytest.raises(asyncio.CancelledError):
        await store.relay(receiver).deliver_once()
    receiver.failing.clear()

    assert await store.relay(receiver).deliver_once() == 1


async def test_a_running_relay_delivers_what_it_is_hinted_at(store):
    received = asyncio.Event()

    async def receive(_) -> None:
        received.set()

    relay = store.relay(receive)
    running = asyncio.create_task(relay.run())
    await store.record("a")
    relay.hint()

    async with asyncio.timeout(30):
        await received.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def test_lanes_that_are_held_up_do_not_slow_the_others(store):
    """A second's rest after each batch that was not delivered whole would take thirty of them."""
    batches = range(30)
    await store.record(*(lane for n in batches for lane in (f"down-{n}", *(f"up-{n}-{i}" for i in range(BATCH - 1)))))
    receiver = RecordingReceiver()
    receiver.failing = {f"down-{n}": Unavailable("Fermé.") for n in batches}
    all_there = asyncio.Event()

    async def receive(delivery: Delivery) -> None:
        await receiver(delivery)
        if len(receiver.received) == len(batches) * (BATCH - 1):
            all_there.set()

    running = asyncio.create_task(store.relay(receive).run())
    async with asyncio.timeout(20):
        await all_there.wait()
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
