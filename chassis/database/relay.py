"""Delivers the outbox, at least once and in order within a lane; what fails waits with back-off and holds up its lane only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opentelemetry.trace import Link, SpanKind, get_current_span
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.prepared import Prepared
from chassis.database.rows import OutboxEventColumns
from chassis.errors import Failure
from chassis.logging import log
from chassis.telemetry import context_of, tracer

BATCH = 100
IDLE_SECONDS = 1.0
FIRST_BACK_OFF_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 300.0
_LOCK = Prepared(text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"))
_DUE = Prepared(
    text(
        """
        SELECT id, sequence, kind, lane, payload, recorded_at, traceparent, attempts FROM outbox_events
        WHERE delivered_at IS NULL AND (next_attempt_at IS NULL OR next_attempt_at <= :now)
            AND lane NOT IN (SELECT lane FROM outbox_events WHERE delivered_at IS NULL AND next_attempt_at > :now)
        ORDER BY sequence LIMIT :limit
        """
    )
)
_DELIVERED = Prepared(
    text("UPDATE outbox_events SET delivered_at = :now, failure = '' WHERE sequence = ANY(:sequences)")
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to a receiver that must recognise repeats by `id`."""

    id: UUID
    sequence: int
    kind: str
    lane: str
    payload: Mapping[str, Any]
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class _Due:
    """An event to deliver now."""

    delivery: Delivery
    traceparent: str
    attempts: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """What became of the events that were due."""

    delivered: int = 0
    is_full: bool = False
    """Whether more may be due."""


Deliver = Callable[[Delivery], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Together:
    """Events of one kind that their receiver takes several at a time, in order, all of them or none."""

    kind: str
    deliver: Callable[[Sequence[Delivery]], Awaitable[None]]


class Relay:
    """Runs until cancelled: hands undelivered events to `deliver`, marks them, waits for a hint or a second.

    Only one relay of a schema works at a time (advisory lock), so that replicas do not break the order.
    """

    def __init__(
        self,
        sessions: Sessions,
        events: type[OutboxEventColumns],
        schema: str,
        deliver: Deliver,
        clock: Clock,
        together: Together | None = None,
    ) -> None:
        self._sessions, self._events, self._deliver, self._clock = sessions, events, deliver, clock
        self._together = together
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
                batch = await self._deliver_batch()
            except Exception:
                self._log.exception("relay failed", outbox=self._lock_name)
                batch = _Batch()
                await asyncio.sleep(IDLE_SECONDS)
            # What came meanwhile left its hint; only a full batch, delivered or held up, says that more waits.
            if not batch.is_full:
                with suppress(TimeoutError):
                    async with asyncio.timeout(IDLE_SECONDS):
                        await self._hint.wait()

    async def deliver_once(self) -> int:
        """Deliver what is due now and return how many events were delivered."""
        return (await self._deliver_batch()).delivered

    async def _deliver_batch(self) -> _Batch:
        async with self._sessions.begin() as session:
            [(locked,)] = await _LOCK.rows(session, name=self._lock_name)
            return await self._deliver_due(session) if locked else _Batch()

    async def _deliver_due(self, session: AsyncSession) -> _Batch:
        held_up: set[str] = set()
        rows = await _DUE.rows(session, now=self._clock.now(), limit=BATCH)
        due_now = [_Due(Delivery(*row[:6]), *row[6:]) for row in rows]
        delivered = await self._deliver_together(due_now)
        for due in due_now:
            if due.delivery.lane in held_up or due.delivery.sequence in delivered:
                continue
            if await self._deliver_one(session, due):
                delivered.add(due.delivery.sequence)
            else:
                held_up.add(due.delivery.lane)
        if delivered:
            _DELIVERED.later(session, now=self._clock.now(), sequences=sorted(delivered))
        return _Batch(len(delivered), is_full=len(rows) == BATCH)

    async def _deliver_together(self, due_now: Sequence[_Due]) -> set[int]:
        """Deliver at once what may be, and return which events were; what was not is for one by one."""
        if self._together is None:
            return set()
        chosen, passed = [], set()
        for due in due_now:
            # After an event of its lane that goes alone, one waits for its turn.
            if due.delivery.kind == self._together.kind and due.delivery.lane not in passed:
                chosen.append(due)
            else:
                passed.add(due.delivery.lane)
        if len(chosen) < 2:
            return set()
        links = [Link(get_current_span(context_of(due.traceparent)).get_span_context()) for due in chosen]
        try:
            with tracer.start_as_current_span(
                f"deliver {self._together.kind} together", links=links, kind=SpanKind.PRODUCER
            ):
                await self._together.deliver([due.delivery for due in chosen])
        except Exception as error:
            self._log.info("not delivered together", kind=self._together.kind, events=len(chosen), failure=str(error))
            return set()
        return {due.delivery.sequence for due in chosen}

    async def _deliver_one(self, session: AsyncSession, due: _Due) -> bool:
        event = due.delivery
        try:
            with tracer.start_as_current_span(
                f"deliver {event.kind}", context=context_of(due.traceparent), kind=SpanKind.PRODUCER
            ):
                await self._deliver(event)
        except Failure as failure:
            self._log.warning("not delivered", kind=event.kind, sequence=event.sequence, reason=failure.code)
            await self._hold_up(session, due, f"{failure.code}: {failure.message}")
            return False
        except Exception as error:
            # An event that trips over a fault of ours holds up its own lane, never the others.
            self._log.exception("delivery failed", kind=event.kind, sequence=event.sequence)
            await self._hold_up(session, due, f"{type(error).__name__}: {error}")
            return False
        return True

    async def _hold_up(self, session: AsyncSession, due: _Due, reason: str) -> None:
        rows, wait = self._events, min(FIRST_BACK_OFF_SECONDS * 2**due.attempts, LONGEST_BACK_OFF_SECONDS)
        values: dict[str, Any] = {
            "attempts": min(due.attempts + 1, 30),
            "next_attempt_at": self._clock.now() + timedelta(seconds=wait),
            "failure": reason[:500],
        }
        await session.execute(update(rows).where(rows.sequence == due.delivery.sequence).values(**values))

    async def backlog(self) -> int:
        """Return how many events wait."""
        async with self._sessions() as session:
            waiting = select(func.count()).where(self._events.delivered_at.is_(None))
            return await session.scalar(waiting) or 0
