"""One use case, one transaction, one commit: what the use case wrote, its events, and the request it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns
from chassis.errors import Conflict
from chassis.identifiers import Identifiers
from chassis.rpc.idempotency import AlreadyApplied, Applied, RequestKey, request_key
from chassis.telemetry import traceparent


@dataclass(frozen=True, slots=True)
class Event:
    """Something that became true, for others to hear of after the commit."""

    kind: str
    """Past tense, for example `FilingSealed`."""
    lane: str
    """What must stay in order: usually the SIREN of the body."""
    payload: Mapping[str, Any]
    """Plain JSON values."""
    id: UUID | None = None
    """Given by the unit of work when absent; receivers use it to recognise a repeat."""


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """The row classes of one service's schema that the unit of work writes besides the repositories."""

    events: type[OutboxEventColumns]
    head: type[OutboxHeadColumns]
    requests: type[AppliedRequestColumns]


@dataclass(slots=True)
class _Pending:
    events: list[Event] = field(default_factory=list)
    committed: bool = False


class SqlUnitOfWork:
    """Base of each service's unit of work; a subclass adds its repositories in `attach`.

    Leaving the context without `commit` rolls everything back.
    """

    def __init__(
        self,
        sessions: Sessions,
        bookkeeping: Bookkeeping,
        clock: Clock,
        identifiers: Identifiers,
        hint: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep what a transaction needs; `hint` is called after a commit that recorded events, to wake their relay."""
        self._sessions, self._bookkeeping, self._clock, self._identifiers = sessions, bookkeeping, clock, identifiers
        self._hint = hint

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction; called on entry."""

    async def __aenter__(self) -> Self:
        self._session = self._sessions()
        self._pending = _Pending()
        self.attach(self._session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    def record(self, event: Event) -> None:
        """Put an event in the outbox with this transaction; it is delivered after the commit, at least once."""
        self._pending.events.append(event)

    async def commit(self) -> None:
        """Write the request id and the events, and commit.

        The events come last: the head row's lock serialises commits, which makes sequences dense and hides nothing
        from the relay; it is held for the shortest time.

        Raises:
            AlreadyApplied: the same request was applied by a call that ran at the same time.
            Conflict: another transaction made the same thing at the same time.
        """
        try:
            await self._session.flush()
            await self._remember_request()
            await self._append_events()
            await self._session.commit()
        except IntegrityError as error:
            await self._session.rollback()
            if "applied_requests" in str(error.orig):
                raise AlreadyApplied("Cette demande vient d'être appliquée ; rechargez pour la voir.") from error
            raise Conflict("Quelqu'un a fait la même chose au même moment ; rechargez.") from error
        if self._pending.events:
            self._hint()

    async def _remember_request(self) -> None:
        key = request_key()
        if key is None:
            return
        await self._session.execute(
            insert(self._bookkeeping.requests).values(
                subject=key.subject,
                method=key.method,
                request_id=key.request_id,
                digest=key.digest,
                applied_at=self._clock.now(),
            )
        )

    async def _append_events(self) -> None:
        events = self._pending.events
        if not events:
            return
        head = self._bookkeeping.head
        last = await self._session.scalar(
            update(head).where(head.id == 1).values(sequence=head.sequence + len(events)).returning(head.sequence)
        )
        assert last is not None, "the migration inserts the head row"
        parent, now = traceparent(), self._clock.now()
        rows = [
            {
                "sequence": last - len(events) + place,
                "id": event.id or self._identifiers.next(),
                "kind": event.kind,
                "lane": event.lane,
                "payload": dict(event.payload),
                "traceparent": parent,
                "recorded_at": now,
                "attempts": 0,
                "failure": "",
            }
            for place, event in enumerate(events, start=1)
        ]
        await self._session.execute(insert(self._bookkeeping.events), rows)


class SqlAppliedRequests:
    """The applied requests of one service, for the idempotency interceptor."""

    def __init__(self, sessions: Sessions, rows: type[AppliedRequestColumns]) -> None:
        self._sessions, self._rows = sessions, rows

    async def find(self, key: RequestKey) -> Applied | None:
        """Return what is kept of the request."""
        rows = self._rows
        async with self._sessions() as session:
            found = await session.execute(
                select(rows.digest, rows.response).where(
                    rows.subject == key.subject, rows.method == key.method, rows.request_id == key.request_id
                )
            )
            row = found.first()
        return Applied(row.digest, row.response) if row else None

    async def keep_response(self, key: RequestKey, response: bytes) -> None:
        """Keep the response beside the request id."""
        rows = self._rows
        async with self._sessions.begin() as session:
            await session.execute(
                update(rows)
                .where(rows.subject == key.subject, rows.method == key.method, rows.request_id == key.request_id)
                .values(response=response)
            )


async def remember_once(
    session: AsyncSession, rows: type[AppliedRequestColumns], method: str, event_id: str, clock: Clock
) -> bool:
    """Record that an event of another service was applied here; False when it was already (a repeat).

    For use cases that receive events: called first, in the same transaction as what the event changes.
    """
    statement = (
        upsert(rows)
        .values(subject="", method=method, request_id=event_id, digest=b"", applied_at=clock.now())
        .on_conflict_do_nothing()
        .returning(rows.request_id)
    )
    return (await session.execute(statement)).first() is not None
