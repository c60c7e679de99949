"""Past-tense facts that other services react to."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.forms.domain.filing import Document
from services.forms.domain.sharing import ChangedFact


@dataclass(frozen=True, slots=True)
class SharedFactsChanged:
    """Facts that another server may hold too changed here; sync publishes them to the entitled peers."""

    filing_id: UUID
    siren: str
    year: int
    facts: tuple[ChangedFact, ...]
    seals: bool = False
    """True when the ER is signed with these values: nobody may change them any more."""


@dataclass(frozen=True, slots=True)
class FilingReopened:
    """A signed version is about to be rectified; its recipients are told that it is suspended (F26, F34)."""

    filing_id: UUID
    siren: str
    year: int
    document: Document
    version: int
    """The version that is suspended until the next one is signed."""
    reason: str
    author: str
    at: datetime
    cells: tuple[str, ...] = ()


FormsEvent = SharedFactsChanged | FilingReopened
"""Every event of this service."""
