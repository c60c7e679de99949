"""The tables of the schema ``signature``, as rows.

Evidence is never rewritten: receipts, containers and the log refuse update and delete by right and by trigger; an
intent only moves forward, and only one per filing version and role may leave ``prepared``.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns

INSTANT = DateTime(timezone=True)


class Row(DeclarativeBase):
    """Base of this service's rows; the schema comes from the connection's search path."""

    metadata = MetaData()


class OutboxEventRow(OutboxEventColumns, Row):
    """Signatures to report to `forms` and to `transmission`."""


class OutboxHeadRow(OutboxHeadColumns, Row):
    """The outbox's counter."""


class AppliedRequestRow(AppliedRequestColumns, Row):
    """Unused: the intent makes repeats harmless here, even across a crash between its two transactions."""


class IntentRow(Row):
    """A signing intent and the bytes *B* it binds."""

    __tablename__ = "signing_intents"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    filing_id: Mapped[str] = mapped_column(Text)
    filing_version: Mapped[int] = mapped_column(Integer)
    revision: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    digest: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    signatory_subject: Mapped[str] = mapped_column(Text)
    signatory_name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(INSTANT)
    authenticated_at: Mapped[datetime | None] = mapped_column(INSTANT)
    committed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    signed_at: Mapped[datetime | None] = mapped_column(INSTANT)

    __table_args__ = (
        Index(
            "once_per_filing_version_and_role",
            "filing_id",
            "filing_version",
            "role",
            unique=True,
            postgresql_where=text("state <> 'prepared'"),
        ),
        Index("unfinished_intents", "committed_at", postgresql_where=text("state = 'committed'")),
        Index("prepared_intents", "filing_id", "created_at", postgresql_where=text("state = 'prepared'")),
    )


class ReceiptRow(Row):
    """A receipt, for good."""

    __tablename__ = "receipts"

    number: Mapped[str] = mapped_column(Text, primary_key=True)
    intent_id: Mapped[UUID] = mapped_column(ForeignKey("signing_intents.id"), unique=True)
    filing_id: Mapped[str] = mapped_column(Text)
    filing_version: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    signatory_subject: Mapped[str] = mapped_column(Text)
    signatory_name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(INSTANT)
    digest: Mapped[str] = mapped_column(Text)
    container_digest: Mapped[str] = mapped_column(Text)
    level: Mapped[str] = mapped_column(Text)
    assurance: Mapped[str] = mapped_column(Text)
    policy: Mapped[str] = mapped_column(Text)
    server: Mapped[str] = mapped_column(Text)
    entry: Mapped[dict[str, Any]] = mapped_column(JSONB)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    log_index: Mapped[int] = mapped_column(BigInteger, unique=True)
    log_size: Mapped[int] = mapped_column(BigInteger)
    log_hashes: Mapped[list[bytes]] = mapped_column(ARRAY(LargeBinary))
    checkpoint: Mapped[str] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("filing_id", "filing_version", "role", name="one_receipt_per_version_and_role"),)


class ContainerRow(Row):
    """The ASiC-E container of a receipt."""

    __tablename__ = "containers"

    intent_id: Mapped[UUID] = mapped_column(ForeignKey("signing_intents.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ReceiptCounterRow(Row):
    """The last receipt number given for one document and exercice; its lock makes numbers dense."""

    __tablename__ = "receipt_counters"

    document: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class LogEntryRow(Row):
    """The digest of an entry of the log."""

    __tablename__ = "log_entries"

    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    digest: Mapped[bytes] = mapped_column(LargeBinary)


class LogNodeRow(Row):
    """A perfect subtree of the log; once written it never changes."""

    __tablename__ = "log_nodes"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    index: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class LogCheckpointRow(Row):
    """The signed note of one size of the log."""

    __tablename__ = "log_checkpoints"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(INSTANT)
