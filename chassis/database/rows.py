"""Row shapes that every service's schema has: the outbox with its dense counter, and the applied requests.

A service mixes them into its own declarative base, so that its migrations make them in its own schema.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, LargeBinary, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, declared_attr, mapped_column


class OutboxEventColumns:
    """An event to deliver, written in the transaction that made it true."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - SQLAlchemy passes the class
        return "outbox_events"

    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Dense: 1, 2, 3… without holes, in commit order (the head row is locked until the commit)."""
    id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str] = mapped_column(Text)
    lane: Mapped[str] = mapped_column(Text)
    """Events of one lane (a body) stay in order; a stuck lane does not hold up the others."""
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    traceparent: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failure: Mapped[str] = mapped_column(Text, default="")


class OutboxHeadColumns:
    """One row: the last sequence given."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805
        return "outbox_head"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, default=1, autoincrement=False)
    sequence: Mapped[int] = mapped_column(BigInteger, default=0)


class AppliedRequestColumns:
    """A request that was applied: the same id again is answered, not applied (`chassis/rpc/idempotency.py`)."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805
        return "applied_requests"

    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    method: Mapped[str] = mapped_column(Text, primary_key=True)
    request_id: Mapped[str] = mapped_column(Text, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    response: Mapped[bytes | None] = mapped_column(LargeBinary)
    applied_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
