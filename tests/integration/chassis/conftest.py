"""A schema with the chassis's tables: that of transmission, whose own tables these tests leave alone."""

from dataclasses import dataclass

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from chassis.database.engine import Sessions, lone_sessions_of, open_engine, sessions_of
from chassis.database.relay import Delivery, Relay, Together
from chassis.database.unit_of_work import Event, SqlUnitOfWork
from chassis.identifiers import TimeSortableIdentifiers
from chassis.settings import DatabaseSettings
from services.transmission.store.rows import OutboxEventRow
from tests.support.clocks import FrozenClock

SCHEMA = "transmission"


@dataclass
class Store:
    """A migrated schema: units of work, a relay, and what is in it."""

    sessions: Sessions
    lone_sessions: Sessions
    clock: FrozenClock

    def work(self) -> SqlUnitOfWork:
        return SqlUnitOfWork(self.sessions, self.clock, TimeSortableIdentifiers(self.clock))

    def relay(self, deliver, together: Together | None = None) -> Relay:
        return Relay(self.sessions, OutboxEventRow, SCHEMA, deliver, self.clock, together)

    async def record(self, *lanes: str, kind: str = "SomethingHappened") -> None:
        """Commit one event per lane, in one transaction."""
        async with self.work() as work:
            for lane in lanes:
                work.record(Event(kind, lane, {"lane": lane}))
            await work.commit()

    async def all(self, query: str):
        async with self.sessions() as session:
            return (await session.execute(text(query))).all()


class RecordingReceiver:
    """Receives deliveries; fails for the lanes it is told to."""

    def __init__(self) -> None:
        self.received: list[Delivery] = []
        self.failing: dict[str, Exception] = {}

    async def __call__(self, delivery: Delivery) -> None:
        if delivery.lane in self.failing:
            raise self.failing[delivery.lane]
        self.received.append(delivery)

    @property
    def lanes(self) -> list[str]:
        return [delivery.lane for delivery in self.received]


@pytest.fixture
async def store(database):
    """Give an empty schema."""
    engine = open_engine(DatabaseSettings(url=SecretStr(database.fresh(SCHEMA)), pool_size=10), SCHEMA)
    yield Store(sessions_of(engine), lone_sessions_of(engine), FrozenClock())
    await engine.dispose()
