"""One transaction of this service, with its repositories."""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncSession

from chassis.clock import Clock
from chassis.database.engine import Sessions
from chassis.database.unit_of_work import Event, SqlUnitOfWork
from chassis.identifiers import Identifiers
from services.signature.domain.events import FilingSigned
from services.signature.domain.intent import instant
from services.signature.store.intents import SqlIntents
from services.signature.store.log import SqlLog
from services.signature.store.receipts import SqlReceipts
from services.signature.usecases.ports import Intents, Log, Receipts

RECEIVERS = ("forms", "transmission")
"""Each has its own lane per body, so that one that is down does not hold up the other."""


class SqlSignatures(SqlUnitOfWork):
    """The ``UnitOfWork`` port on PostgreSQL."""

    intents: Intents
    receipts: Receipts
    log: Log

    def __init__(
        self, sessions: Sessions, clock: Clock, identifiers: Identifiers, hint: Callable[[], None] = lambda: None
    ) -> None:
        """Keep what to call after a commit that announced something, to wake the relay."""
        super().__init__(sessions, clock, identifiers, hint)

    def attach(self, session: AsyncSession) -> None:
        """Make the repositories of this transaction."""
        self.intents = SqlIntents(session)
        self.receipts = SqlReceipts(session)
        self.log = SqlLog(session)

    def announce(self, event: FilingSigned) -> None:
        """Put the event in the outbox once per receiver."""
        receipt, manifest = event.receipt, event.manifest
        payload = {
            "filing_id": receipt.filing_id,
            "version": receipt.filing_version,
            "revision": event.revision,
            "body": manifest.body,
            "body_name": manifest.body_name,
            "family": manifest.family,
            "departement": manifest.departement,
            "document": manifest.document,
            "year": manifest.year,
            "form_set": manifest.form_set_version,
            "recipients": list(event.recipients),
            "digest": receipt.digest,
            "container_digest": receipt.container_digest,
            "receipt_number": receipt.number,
            "signatory": receipt.signatory.name,
            "signed_at": instant(receipt.signed_at),
        }
        for receiver in RECEIVERS:
            self.record(Event("FilingSigned", f"{receiver}/{receipt.body}", {**payload, "receiver": receiver}))
