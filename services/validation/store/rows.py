"""The tables of the schema `validation`."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Identity, Index, Integer, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chassis.database.rows import AppliedRequestColumns, OutboxEventColumns, OutboxHeadColumns
from chassis.database.unit_of_work import Bookkeeping


class Rows(DeclarativeBase):
    """Base of this service's rows; the schema comes from the connection's search path."""


class OutboxEventRow(OutboxEventColumns, Rows):
    """Events for other services; this service has none yet."""


class OutboxHeadRow(OutboxHeadColumns, Rows):
    """The outbox's counter."""


class AppliedRequestRow(AppliedRequestColumns, Rows):
    """A request applied here."""


BOOKKEEPING = Bookkeeping(OutboxEventRow, OutboxHeadRow, AppliedRequestRow)


class JustificationRow(Rows):
    """One justification; only ever added, the highest number of a filing and control is in force."""

    __tablename__ = "justifications"
    __table_args__ = (
        Index("justifications_of_filing", "filing_id", "control", "number"),
        Index("justifications_of_body", "siren", "control", "year", "number"),
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
