"""Facts others may react to, in the past tense; each is written in the transaction that makes it true."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class BoxTicked:
    """A person of the body chose that a recipient shall (or shall no longer) receive the next version."""

    filing_id: str
    recipient: str
    is_ticked: bool
    version: int
    chosen_by: str
    chosen_at: datetime


@dataclass(frozen=True, slots=True)
class FilingDispatched:
    """A signed version was put into the feed of one recipient."""

    dispatch_id: UUID
    filing_id: str
    version: int
    recipient: str
    rule: str
    container_digest: str
    available_at: datetime


@dataclass(frozen=True, slots=True)
class FilingDelivered:
    """A recipient read a container for the first time."""

    dispatch_id: UUID
    filing_id: str
    version: int
    recipient: str
    delivered_at: datetime


@dataclass(frozen=True, slots=True)
class FilingAcknowledged:
    """A recipient confirmed the digest of what it read."""

    dispatch_id: UUID
    filing_id: str
    version: int
    recipient: str
    acknowledged_at: datetime
