"""Past-tense facts that other services react to."""

from dataclasses import dataclass
from uuid import UUID

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


FormsEvent = SharedFactsChanged
"""Every event of this service."""
