"""What a filing is about, as the forms service names it; transmission never looks at its cells."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FilingIdentity:
    """Enough to name a filing and to decide who may receive it."""

    filing_id: str
    body: str
    """SIREN, nine digits."""
    body_name: str
    family: str
    """``OPH``, ``ESH``, ``COOP`` or ``SEM``."""
    document: str
    """``ER`` or ``QDIS``."""
    year: int
    """Exercice."""
    form_set: str
    """``2024.1``."""
    departement: str
    """Of the seat: two characters, three overseas; empty when unknown, and then no préfet receives."""
