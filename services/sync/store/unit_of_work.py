"""One transaction of this service, with its repositories."""

from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.unit_of_work import Event as OutboxEvent
from chassis.database.unit_of_work import SqlUnitOfWork, remember_each_once
from chassis.identifiers import Identifiers
from chassis.logging import log
from services.sync.domain.events import AdjustmentReceived, Event, FactsChanged, Incident
from services.sync.store.adjustments import SqlAdjustments
from services.sync.store.cursors import SqlCursors, SqlInbox
from services.sync.store.facts import SqlFacts, SqlTellings
from services.sync.store.memberships import SqlMemberships
from services.sync.store.rows import IncidentRow
from services.sync.store.streams import SqlReceipts, SqlStreams
from services.sync.usecases.ports import (
    Adjustments,
    Cursors,
    Facts,
    Inbox,
    Memberships,
    Receipts,
    Streams,
    Tellings,
)


class SqlSync(SqlUnitOfWork):
    """The ``UnitOfWork`` port on PostgreSQL.

    Args:
        sessions: of the service's database.
        clock: our time.
        identifiers: for events.
        server: this server's name.
        blind: gives 32 random hex digits, never twice the same.
        hint: called after a commit that recorded events; wakes the relay.
    """

    facts: Facts
    tellings: Tellings
    streams: Streams
    cursors: Cursors
    inbox: Inbox
    memberships: Memberships
    adjustments: Adjustments
    receipts: Receipts

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        identifiers: Identifiers,
        server: str,
        blind: Callable[[], str],
        hint: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(sessions, clock, identifiers, hint)
        self._server, self._blind = server, blind

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction."""
        self._streams = SqlStreams(session, self._sessions, self._server, self._blind, self._clock)
        self._incidents: list[Incident] = []
        self.facts = SqlFacts(session, self._clock)
        self.tellings = SqlTellings(session)
        self.streams = self._streams
        self.cursors = SqlCursors(session)
        self.inbox = SqlInbox(session, self._clock)
        self.memberships = SqlMemberships(session, self._clock)
        self.adjustments = SqlAdjustments(session, self._clock)
        self.receipts = SqlReceipts(session, self._clock)

    async def first_of(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Record the events; return those that were not recorded already."""
        return await remember_each_once(self._session, "PublishFacts", event_ids, self._clock)

    def publish(self, event: Event) -> None:
        """Put the event in the outbox, or among the incidents."""
        if isinstance(event, FactsChanged):
            payload = {"body": event.siren, "year": event.year, "concepts": list(event.concepts)}
            self.record(OutboxEvent("FactsChanged", event.siren, payload))
        elif isinstance(event, AdjustmentReceived):
            content = event.adjustment.to_bytes().decode()
            self.record(OutboxEvent("AdjustmentReceived", f"controls/{event.adjustment.origin}", {"content": content}))
        else:
            self._incidents.append(event)

    async def commit(self) -> None:
        """Write the incidents, number the envelopes, then what every unit of work writes last, and commit."""
        if self._incidents:
            now = self._clock.now()
            rows = [{"kind": type(i).__name__, "facts": asdict(i), "happened_at": now} for i in self._incidents]
            await self._session.execute(insert(IncidentRow), rows)
        await self._streams.flush()
        await super().commit()
        for incident in self._incidents:
            log("sync").warning("incident", kind=type(incident).__name__, **asdict(incident))
