"""A campaign: one document, one year, one form set, and the dates at which bodies may file."""

from dataclasses import dataclass
from datetime import date

from services.forms.domain.errors import NoCampaign
from services.forms.domain.filing import Document


@dataclass(frozen=True, slots=True)
class Campaign:
    """The collection of one document for one year on this server."""

    document: Document
    year: int
    form_set: str
    opens_on: date
    due_on: date
    closes_on: date
    families: frozenset[str]

    def concerns(self, family: str) -> bool:
        """Tell whether bodies of this family file here."""
        return family in self.families

    def require_open(self, family: str, on: date) -> None:
        """Let a body open its filing.

        Raises:
            NoCampaign: not this family, not yet, or no longer.
        """
        if not self.concerns(family):
            raise NoCampaign(f"La campagne {self.document} {self.year} de ce serveur ne concerne pas les {family}.")
        if on < self.opens_on:
            raise NoCampaign(f"La campagne {self.document} {self.year} ouvre le {self.opens_on:%d/%m/%Y}.")
        if on > self.closes_on:
            raise NoCampaign(f"La campagne {self.document} {self.year} est close depuis le {self.closes_on:%d/%m/%Y}.")
