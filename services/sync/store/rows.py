"""The tables of the schema ``sync``, as rows."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns

INSTANT = DateTime(timezone=True)


class Row(DeclarativeBase):
    """Base of this service's rows; the schema comes from the connection's search path."""

    metadata = MetaData()


class OutboxEventRow(OutboxEventColumns, Row):
    """Facts that the forms service must be told of."""


class OutboxHeadRow(OutboxHeadColumns, Row):
    """The outbox's counter."""


class AppliedRequestRow(AppliedRequestColumns, Row):
    """Requests and events that were applied."""


class IncarnationRow(Row):
    """Our epochs; the highest ordinal is the present one."""

    __tablename__ = "incarnations"

    ordinal: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    nonce: Mapped[str] = mapped_column(Text)
    began_at: Mapped[datetime] = mapped_column(INSTANT)


class StreamHeadRow(Row):
    """The last number given in our stream to one peer; its lock, taken last, orders commits and keeps numbers dense."""

    __tablename__ = "stream_heads"

    epoch: Mapped[str] = mapped_column(Text, primary_key=True)
    peer: Mapped[str] = mapped_column(Text, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    peaks: Mapped[bytes] = mapped_column(LargeBinary)


class EnvelopeRow(Row):
    """An envelope of ours; a trigger refuses every change and removal."""

    __tablename__ = "envelopes"

    epoch: Mapped[str] = mapped_column(Text, primary_key=True)
    peer: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    appended_at: Mapped[datetime] = mapped_column(INSTANT)


class CursorRow(Row):
    """Where we stand in a peer's stream."""

    __tablename__ = "cursors"

    origin: Mapped[str] = mapped_column(Text, primary_key=True)
    epoch: Mapped[str] = mapped_column(Text)
    peer: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    peaks: Mapped[bytes] = mapped_column(LargeBinary)
    is_frozen: Mapped[bool] = mapped_column(Boolean)


class ExchangeRow(Row):
    """How the last exchange with a peer went."""

    __tablename__ = "exchanges"

    peer: Mapped[str] = mapped_column(Text, primary_key=True)
    succeeded_at: Mapped[datetime | None] = mapped_column(INSTANT)
    failure: Mapped[str] = mapped_column(Text)


class InboxRow(Row):
    """One number of a peer's stream and its fate."""

    __tablename__ = "inbox"

    origin: Mapped[str] = mapped_column(Text, primary_key=True)
    epoch: Mapped[str] = mapped_column(Text, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    fate: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime] = mapped_column(INSTANT)

    __table_args__ = (Index("parked", "origin", "epoch", "seq", postgresql_where=text("fate = 'parked'")),)


class FactVersionRow(Row):
    """One version of a shared fact; versions that were replaced stay, without ``is_standing``."""

    __tablename__ = "fact_versions"

    siren: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    concept: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    value: Mapped[str | None] = mapped_column(Text)
    vector: Mapped[str] = mapped_column(Text)
    hlc: Mapped[int] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    is_provisional: Mapped[bool] = mapped_column(Boolean)
    is_sealed: Mapped[bool] = mapped_column(Boolean)
    is_standing: Mapped[bool] = mapped_column(Boolean)
    recorded_at: Mapped[datetime] = mapped_column(INSTANT)

    __table_args__ = (Index("standing_versions", "siren", "year", "concept", postgresql_where=text("is_standing")),)


class TellingRow(Row):
    """The forms service acknowledged a fact as it stood in ``context``."""

    __tablename__ = "tellings"

    siren: Mapped[str] = mapped_column(Text, primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    concept: Mapped[str] = mapped_column(Text, primary_key=True)
    context: Mapped[str] = mapped_column(Text, primary_key=True)
    told_at: Mapped[datetime] = mapped_column(INSTANT)


class MembershipRow(Row):
    """One version of a membership document; the highest is in force."""

    __tablename__ = "membership_documents"

    federation: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str] = mapped_column(Text)
    kept_at: Mapped[datetime] = mapped_column(INSTANT)


class AdjustmentRow(Row):
    """A decision on a control, as its authority's server took it; a trigger refuses every change and removal."""

    __tablename__ = "adjustments"

    origin: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    hlc: Mapped[int] = mapped_column(BigInteger)
    kept_at: Mapped[datetime] = mapped_column(INSTANT)


class ReceiptRow(Row):
    """A signed receipt, given by us or taken from a peer; a trigger refuses every change and removal."""

    __tablename__ = "receipts"

    peer: Mapped[str] = mapped_column(Text, primary_key=True)
    is_ours: Mapped[bool] = mapped_column(Boolean, primary_key=True)
    epoch: Mapped[str] = mapped_column(Text, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[datetime] = mapped_column(INSTANT)


class IncidentRow(Row):
    """What a person must hear of; a trigger refuses every change and removal."""

    __tablename__ = "incidents"

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    happened_at: Mapped[datetime] = mapped_column(INSTANT)
