"""One use case, one transaction, one commit: what the use case wrote, its events, and the request it answers."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.prepared import Prepared, Work, run_and_commit
from chassis.errors import Conflict
from chassis.identifiers import Identifiers
from chassis.rpc.idempotency import AlreadyApplied, Applied, RequestKey, request_key
from chassis.telemetry import traceparent

_REMEMBER = Prepared(
    text(
        """
        INSERT INTO applied_requests (subject, method, request_id, digest, applied_at)
        VALUES (:subject, :method, :request_id, :digest, :applied_at)
        """
    )
)
_REMEMBER_ONCE = Prepared(
    text(
        """
        INSERT INTO applied_requests (subject, method, request_id, digest, applied_at)
        SELECT '', :method, request_id, '', :applied_at FROM unnest(CAST(:request_ids AS text[])) AS given (request_id)
        ON CONFLICT DO NOTHING RETURNING request_id
        """
    )
)
_NAMED = "subject = :subject AND method = :method AND request_id = :request_id"
_FIND = Prepared(text(f"SELECT digest, response FROM applied_requests WHERE {_NAMED}"))  # noqa: S608 - constants only
_KEEP = Prepared(text(f"UPDATE applied_requests SET response = :response WHERE {_NAMED}"))  # noqa: S608 - constants only
# Without a head row, which the migration inserts, the sequence is null and nothing is committed.
_APPEND = Prepared(
    text(
        """
        WITH head AS (UPDATE outbox_head SET sequence = sequence + :count WHERE id = 1 RETURNING sequence)
        INSERT INTO outbox_events (
            sequence, id, kind, lane, payload, traceparent, recorded_at, attempts, failure
        )
        SELECT (SELECT sequence FROM head) - :count + place, id, kind, lane, payload, :traceparent, :recorded_at, 0, ''
        FROM ROWS FROM (
            json_to_recordset(CAST(:events AS json)) AS (id uuid, kind text, lane text, payload jsonb)
        ) WITH ORDINALITY AS given (id, kind, lane, payload, place)
        """
    )
)


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


class SqlUnitOfWork:
    """Base of each service's unit of work; a subclass adds its repositories in `attach`.

    Leaving the context without `commit` rolls everything back.
    """

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        identifiers: Identifiers,
        hint: Callable[[], None] = lambda: None,
    ) -> None:
        """Keep what a transaction needs; `hint` is called after a commit that recorded events, to wake their relay."""
        self._sessions, self._clock, self._identifiers = sessions, clock, identifiers
        self._hint = hint

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction; called on entry."""

    async def __aenter__(self) -> Self:
        self._session = self._sessions()
        self._recorded: list[Event] = []
        self.attach(self._session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # To its end even when cancelled: a connection that was given back halfway is nobody's.
        await self._session.__aexit__(kind, error, trace)

    def record(self, event: Event) -> None:
        """Put an event in the outbox with this transaction; it is delivered after the commit, at least once."""
        self._recorded.append(event)

    async def commit(self) -> None:
        """Write the request id and the events, and commit.

        The events come last: the head row's lock serialises commits, which makes sequences dense and hides nothing
        from the relay; it is held for the shortest time.

        Raises:
            AlreadyApplied: the same request was applied by a call that ran at the same time.
            Conflict: another transaction made the same thing at the same time.
        """
        try:
            await run_and_commit(self._session, [*self._request(), *self._events()])
        except IntegrityError as error:
            await self._session.rollback()
            if not isinstance(error.orig, UniqueViolation):
                raise
            if "applied_requests" in str(error.orig):
                raise AlreadyApplied("Cette demande vient d'être appliquée ; rechargez pour la voir.") from error
            raise Conflict("Quelqu'un a fait la même chose au même moment ; rechargez.") from error
        if self._recorded:
            self._hint()

    def _request(self) -> Iterator[Work]:
        if key := request_key():
            yield _REMEMBER, {**_named(key), "digest": key.digest, "applied_at": self._clock.now()}

    def _events(self) -> Iterator[Work]:
        if events := self._recorded:
            yield (
                _APPEND,
                {
                    "count": len(events),
                    "events": json.dumps([self._stored(event) for event in events]),
                    "traceparent": traceparent(),
                    "recorded_at": self._clock.now(),
                },
            )

    def _stored(self, event: Event) -> dict[str, Any]:
        event_id = event.id or self._identifiers.next()
        return {"id": str(event_id), "kind": event.kind, "lane": event.lane, "payload": event.payload}


class SqlAppliedRequests:
    """The applied requests of one service, for the idempotency interceptor.

    Args:
        sessions: lone ones.
    """

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def find(self, key: RequestKey) -> Applied | None:
        """Return what is kept of the request."""
        async with self._sessions() as session:
            found = await _FIND.rows(session, **_named(key))
        return Applied(*found[0]) if found else None

    async def keep_response(self, key: RequestKey, response: bytes) -> None:
        """Keep the response beside the request id."""
        async with self._sessions() as session:
            await _KEEP.run(session, **_named(key), response=response)


def _named(key: RequestKey) -> dict[str, str]:
    return {"subject": key.subject, "method": key.method, "request_id": key.request_id}


async def remember_once(session: AsyncSession, method: str, event_id: str, clock: Clock) -> bool:
    """Record that an event of another service was applied here; False when it was already (a repeat).

    For use cases that receive events: called first, in the same transaction as what the event changes.
    """
    return event_id in await remember_each_once(session, method, [event_id], clock)


async def remember_each_once(
    session: AsyncSession, method: str, event_ids: Sequence[str], clock: Clock
) -> frozenset[str]:
    """Record events as `remember_once` does; return those that were not recorded already."""
    rows = await _REMEMBER_ONCE.rows(session, method=method, request_ids=list(event_ids), applied_at=clock.now())
    return frozenset(event_id for (event_id,) in rows)
