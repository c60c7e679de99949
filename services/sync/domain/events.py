"""What happened in the exchange, in the past tense; written in the transaction that made it happen."""

from dataclasses import dataclass

from services.sync.domain.adjustment import Adjustment


@dataclass(frozen=True, slots=True)
class FactsChanged:
    """Facts of a body have new standing versions that the forms service must show."""

    siren: str
    year: int
    concepts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdjustmentReceived:
    """Another server's authority decided on one of its controls; the validation service must hear of it."""

    adjustment: Adjustment


@dataclass(frozen=True, slots=True)
class LaneParked:
    """A body's envelopes wait: one could not be applied. Alarm."""

    origin: str
    siren: str
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
    size: int


@dataclass(frozen=True, slots=True)
class EditRefused:
    """A change made in a filing here was not taken into the shared facts."""

    siren: str
    year: int
    concept: str
    reason: str


@dataclass(frozen=True, slots=True)
class AdjustmentTurnedDown:
    """A peer decided on a control that is not its to decide about, or not so; it counts for nothing here."""

    origin: str
    document: str
    year: int
    control: str
    reason: str


Incident = LaneParked | UnentitledItemDropped | StreamFrozen | EditRefused | AdjustmentTurnedDown
"""What a person must hear of; kept for the operators."""

Event = FactsChanged | AdjustmentReceived | Incident
"""Every event of this service."""
