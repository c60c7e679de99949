"""What happened in the exchange, in the past tense; written to the outbox in the transaction that made it happen."""

from dataclasses import dataclass
from datetime import datetime

from services.sync.domain.fact import SharedFact


@dataclass(frozen=True, slots=True)
class FactChanged:
    """A fact has new standing versions, from here or from a peer; the forms service must show them."""

    fact: SharedFact
    from_server: str
    """The peer it came from, or this server."""


@dataclass(frozen=True, slots=True)
class ConflictFound:
    """Two servers hold different values of one fact; the body must choose before anything is frozen."""

    fact: SharedFact


@dataclass(frozen=True, slots=True)
class ConflictResolved:
    """Someone of the body chose a value."""

    fact: SharedFact
    author: str


@dataclass(frozen=True, slots=True)
class LaneParked:
    """A body's envelopes wait: one could not be applied."""

    origin: str
    body: str
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class UnentitledItemDropped:
    """A peer sent what we may not have; the payload was not stored. An incident for both operators."""

    origin: str
    seq: int


@dataclass(frozen=True, slots=True)
class StreamFrozen:
    """An origin signed two histories of one stream; nothing is taken from it until a person has looked."""

    origin: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PeerAcknowledged:
    """A peer signed that it applied our stream up to ``size``."""

    peer: str
    size: int
    applied_at: datetime
