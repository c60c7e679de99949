"""The tables of the schema ``transmission``, as rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns

INSTANT = DateTime(timezone=True)


class Rows(DeclarativeBase):
    """Base of this service's rows; the schema comes from the connection's search path."""


class OutboxEventRow(OutboxEventColumns, Rows):
    """Events for other services; this service has none yet."""


class OutboxHeadRow(OutboxHeadColumns, Rows):
    """The outbox's counter."""


class AppliedRequestRow(AppliedRequestColumns, Rows):
    """Requests and events that were applied."""


class MatrixRow(Rows):
    """A published matrix document; the highest number is in force."""

    __tablename__ = "matrices"

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    digest: Mapped[str] = mapped_column(Text, index=True)
    document: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime] = mapped_column(INSTANT)


class BoxRow(Rows):
    """One version of a box; never changed, the highest version is the present one."""

    __tablename__ = "boxes"

    body: Mapped[str] = mapped_column(Text, primary_key=True)
    filing_id: Mapped[str] = mapped_column(Text, primary_key=True)
    recipient: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    is_ticked: Mapped[bool] = mapped_column(Boolean)
    chosen_by: Mapped[str] = mapped_column(Text)
    chosen_at: Mapped[datetime] = mapped_column(INSTANT)


class DispatchRow(Rows):
    """A signed version for one recipient, and its place in that recipient's feed."""

    __tablename__ = "dispatches"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    filing_id: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    body: Mapped[str] = mapped_column(Text)
    body_name: Mapped[str] = mapped_column(Text)
    family: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(SmallInteger)
    form_set: Mapped[str] = mapped_column(Text)
    departement: Mapped[str] = mapped_column(Text)
    container_digest: Mapped[str] = mapped_column(Text)
    content_digest: Mapped[str] = mapped_column(Text)
    receipt_number: Mapped[str] = mapped_column(Text)
    signed_at: Mapped[datetime] = mapped_column(INSTANT)
    rule: Mapped[str] = mapped_column(Text)
    level: Mapped[int] = mapped_column(SmallInteger)
    replaces: Mapped[UUID | None]
    replaced_version: Mapped[int | None] = mapped_column(Integer)
    replaced_digest: Mapped[str | None] = mapped_column(Text)
    superseded_by: Mapped[int | None] = mapped_column(Integer)
    queued_at: Mapped[datetime] = mapped_column(INSTANT)
    available_at: Mapped[datetime | None] = mapped_column(INSTANT)
    delivered_at: Mapped[datetime | None] = mapped_column(INSTANT)
    acknowledged_at: Mapped[datetime | None] = mapped_column(INSTANT)
    suspended_at: Mapped[datetime | None] = mapped_column(INSTANT)
    withdrawn_at: Mapped[datetime | None] = mapped_column(INSTANT)

    __table_args__ = (
        UniqueConstraint("filing_id", "version", "recipient", name="once_per_version_and_recipient"),
        Index("feed", "recipient", "sequence", unique=True),
        Index("feed_of_document", "recipient", "document", "sequence"),
    )


class VersionRow(Rows):
    """What was reported of one version of a filing: that it was routed, that it was reopened, or both, in any order."""

    __tablename__ = "versions"

    filing_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    routed_at: Mapped[datetime | None] = mapped_column(INSTANT)
    reopened_at: Mapped[datetime | None] = mapped_column(INSTANT)


class NoticeRow(Rows):
    """What a recipient was told of a dispatch, and the place of that in its feed, among the dispatches."""

    __tablename__ = "notices"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    recipient: Mapped[str] = mapped_column(Text)
    sequence: Mapped[int | None] = mapped_column(BigInteger)
    dispatch_id: Mapped[UUID] = mapped_column(ForeignKey("dispatches.id"))
    document: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(INSTANT)
    available_at: Mapped[datetime | None] = mapped_column(INSTANT)
    acknowledged_at: Mapped[datetime | None] = mapped_column(INSTANT)

    __table_args__ = (
        UniqueConstraint("dispatch_id", "kind", name="once_per_dispatch_and_kind"),
        Index("notices_of_feed", "recipient", "sequence", unique=True),
        Index("notices_of_feed_of_document", "recipient", "document", "sequence"),
    )


class FeedHeadRow(Rows):
    """The last sequence given in one recipient's feed; its lock orders commits, which keeps the feed dense."""

    __tablename__ = "feed_heads"

    recipient: Mapped[str] = mapped_column(Text, primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


class JournalRow(Rows):
    """A fact; a trigger refuses every change and removal."""

    __tablename__ = "journal"

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    filing_id: Mapped[str] = mapped_column(Text, index=True)
    recipient: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
