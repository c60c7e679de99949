"""The tables of the schema `validation`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns


class Rows(DeclarativeBase):
    """Base of this service's rows; the schema comes from the connection's search path."""


class OutboxEventRow(OutboxEventColumns, Rows):
    """Events for other services: decisions on controls, for sync."""


class OutboxHeadRow(OutboxHeadColumns, Rows):
    """The outbox's counter."""


class AppliedRequestRow(AppliedRequestColumns, Rows):
    """A request applied here."""


class JustificationRow(Rows):
    """One justification; only ever added, the highest number of a filing, control and cell is in force."""

    __tablename__ = "justifications"
    __table_args__ = (
        Index("justifications_of_filing", "filing_id", "control", "cell", "number"),
        Index("justifications_of_body", "siren", "control", "cell", "year", "number"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    filing_id: Mapped[UUID]
    siren: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    control: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    operands_digest: Mapped[str] = mapped_column(Text)
    cell: Mapped[str] = mapped_column(Text, server_default="")
    reason: Mapped[str] = mapped_column(Text, server_default="other")


class AnswerRow(Rows):
    """One answer to a justification; only ever added, the last one holds."""

    __tablename__ = "answers"
    __table_args__ = (Index("answers_of_justification", "justification", "number"),)

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    justification: Mapped[int] = mapped_column(BigInteger)
    """Number of the text; no foreign key, which would need a right to change what may only be added."""
    is_accepted: Mapped[bool]
    text: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    answered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class AdjustmentRow(Rows):
    """One decision on a control; only ever added, the latest of an authority, campaign and control is in force."""

    __tablename__ = "adjustments"
    __table_args__ = (
        Index("adjustments_of_campaign", "document", "year", "control", "number"),
        UniqueConstraint("authority", "id", name="adjustments_by_authority"),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    form_set: Mapped[str] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    year: Mapped[int] = mapped_column(Integer)
    control: Mapped[str] = mapped_column(Text)
    severity: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(Text)
    adjusted_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    authority: Mapped[str] = mapped_column(Text, server_default="")
    """The server that decided; empty for this one."""


class RunRow(Rows):
    """One run of the queue, in the order of its number."""

    __tablename__ = "runs"
    __table_args__ = (
        Index("runs_to_do", "number", postgresql_where=text("state IN ('waiting', 'running')")),
        Index("runs_done", "kind", "finished_at", postgresql_where=text("state = 'done'")),
    )

    number: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(Text)
    subject: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    token: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    progress: Mapped[dict[str, Any]] = mapped_column(JSONB)
    done: Mapped[int] = mapped_column(Integer)
    result: Mapped[dict[str, Any]] = mapped_column(JSONB)
    failure: Mapped[str] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    not_before: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """When it may be given out: now, after a back-off, or when the lease of its worker runs out."""
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class WorkerRow(Rows):
    """A worker of the queue, and when it last said so: an estimate depends on how many there are."""

    __tablename__ = "workers"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
