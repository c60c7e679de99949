"""Delivers the outbox, at least once and in order within a lane; what fails waits with back-off and holds up its lane only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opentelemetry.trace import SpanKind
from sqlalchemy import func, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.rows import OutboxEventColumns
from chassis.errors import Failure
from chassis.logging import log
from chassis.telemetry import context_of, tracer

BATCH = 100
IDLE_SECONDS = 1.0
FIRST_BACK_OFF_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a receiver that must recognise repeats by `id`."""

    id: UUID
    sequence: int
    kind: str
    lane: str
    payload: Mapping[str, Any]
    recorded_at: datetime


Deliver = Callable[[Delivery], Awaitable[None]]


class Relay:
    """Runs until cancelled: hands undelivered events to `deliver`, marks them, waits for a hint or a second.

    Only one relay of a schema works at a time (advisory lock), so that replicas do not break the order.
    """

    def __init__(
        self, sessions: Sessions, events: type[OutboxEventColumns], schema: str, deliver: Deliver, clock: Clock
    ) -> None:
        self._sessions, self._events, self._deliver, self._clock = sessions, events, deliver, clock
        self._lock_name = f"{schema}.outbox"
        self._hint = asyncio.Event()
        self._log = log("relay")

    def hint(self) -> None:
        """Say that there may be something to deliver; losing a hint costs a second."""
        self._hint.set()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            self._hint.clear()
            try:
                delivered = await self.deliver_once()
            except Exception:
                self._log.exception("relay failed", outbox=self._lock_name)
                delivered = 0
                await asyncio.sleep(IDLE_SECONDS)
            if not delivered:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._hint.wait()

    async def deliver_once(self) -> int:
        """Deliver what is due now and return how many events were delivered."""
        async with self._sessions.begin() as session:
            locked = await session.scalar(
                text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": self._lock_name}
            )
            if not locked:
                return 0
            return await self._deliver_due(session)

    async def _deliver_due(self, session: AsyncSession) -> int:
        rows, now = self._events, self._clock.now()
        stuck = select(rows.lane).where(rows.delivered_at.is_(None), rows.next_attempt_at > now)
        due = await session.execute(
            select(rows)
            .where(
                rows.delivered_at.is_(None),
                or_(rows.next_attempt_at.is_(None), rows.next_attempt_at <= now),
                rows.lane.not_in(stuck),
            )
            .order_by(rows.sequence)
            .limit(BATCH)
        )
        held_up: set[str] = set()
        delivered = 0
        for row in due.scalars():
            if row.lane in held_up:
                continue
            if await self._deliver_row(session, row):
                delivered += 1
            else:
                held_up.add(row.lane)
        return delivered

    async def _deliver_row(self, session: AsyncSession, row: OutboxEventColumns) -> bool:
        delivery = Delivery(row.id, row.sequence, row.kind, row.lane, row.payload, row.recorded_at)
        rows = self._events
        try:
            with tracer.start_as_current_span(
                f"deliver {row.kind}", context=context_of(row.traceparent), kind=SpanKind.PRODUCER
            ):
                await self._deliver(delivery)
        except Failure as failure:
            self._log.warning("not delivered", kind=row.kind, sequence=row.sequence, reason=failure.code)
            await self._hold_up(session, row, f"{failure.code}: {failure.message}")
            return False
        except Exception as error:
            # An event that trips over a fault of ours holds up its own lane, never the others.
            self._log.exception("delivery failed", kind=row.kind, sequence=row.sequence)
            await self._hold_up(session, row, f"{type(error).__name__}: {error}")
            return False
        await session.execute(
            update(rows).where(rows.sequence == row.sequence).values(delivered_at=self._clock.now(), failure="")
        )
        return True

    async def _hold_up(self, session: AsyncSession, row: OutboxEventColumns, reason: str) -> None:
        rows, wait = self._events, min(FIRST_BACK_OFF_SECONDS * 2**row.attempts, LONGEST_BACK_OFF_SECONDS)
        values: dict[str, Any] = {
            "attempts": min(row.attempts + 1, 30),
            "next_attempt_at": self._clock.now() + timedelta(seconds=wait),
            "failure": reason[:500],
        }
        await session.execute(update(rows).where(rows.sequence == row.sequence).values(**values))

    async def backlog(self) -> int:
        """Return how many events wait."""
        async with self._sessions() as session:
            waiting = select(func.count()).where(self._events.delivered_at.is_(None))
            return await session.scalar(waiting) or 0
