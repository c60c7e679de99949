"""A campaign: one document, one year, one form set, and the dates at which bodies may file."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chassis.errors import Violation
from services.forms.domain.attachment import DEMANDABLE
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.deadlines import Deadlines, deadlines_of
from services.forms.domain.errors import CampaignMalformed, NoCampaign
from services.forms.domain.filing import Document

EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
LONGEST_EXTENSION = 366
"""Days after the last day of the campaign, at most."""


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
    required_attachments: frozenset[AttachmentKind] = frozenset()
    """Kinds of PDF without which nothing is signed (W-03)."""
    corrected_until: date | None = None
    """Last day of corrections of what was signed; the closing when there is none."""

    def require_sound(self) -> None:
        """Let the campaign be planned.

        Raises:
            CampaignMalformed: the year is no year, the dates are not in order, or no family is concerned.
        """
        wrong = []
        if not EARLIEST_YEAR <= self.year <= LATEST_YEAR:
            wrong.append(Violation("year", f"Exercice attendu entre {EARLIEST_YEAR} et {LATEST_YEAR}.", "YEAR"))
        if not self.opens_on <= self.due_on <= self.closes_on:
            wrong.append(Violation("due_on", "Dates attendues dans l'ordre : ouverture, échéance, clôture.", "DATES"))
        if self.corrected_until is not None and self.corrected_until < self.closes_on:
            sentence = "Le dernier jour des corrections ne précède pas la clôture."
            wrong.append(Violation("corrected_until", sentence, "DATES"))
        if self.required_attachments.difference(DEMANDABLE):
            sentence = "Seuls le rapport de gestion, la délibération et le rapport du CAC peuvent être exigés."
            wrong.append(Violation("required_attachments", sentence, "ATTACHMENTS"))
        if not self.families:
            wrong.append(Violation("families", "Au moins une famille d'organismes est attendue.", "FAMILIES"))
        if wrong:
            raise CampaignMalformed(wrong)

    def require_extension(self, due_on: date, reason: str) -> None:
        """Let a body have more time.

        Raises:
            CampaignMalformed: the day is before the due date or years after the close, or there is no reason.
        """
        wrong = []
        latest = self.last_day + timedelta(days=LONGEST_EXTENSION)
        if not self.due_on <= due_on <= latest:
            sentence = f"Date attendue entre le {self.due_on:%d/%m/%Y} et le {latest:%d/%m/%Y}."
            wrong.append(Violation("due_on", sentence, "DATES"))
        if len(reason.strip()) < 3:
            wrong.append(Violation("reason", "Donnez la raison du report.", "REASON_MISSING"))
        if wrong:
            raise CampaignMalformed(wrong)

    @property
    def last_day(self) -> date:
        """The last day on which anything may change, but for bodies with an extension."""
        return max(self.closes_on, self.corrected_until or self.closes_on)

    def deadlines(self, extended_to: date | None = None) -> Deadlines:
        """The first and the last days of a filing whose body was given until then, if it was."""
        return deadlines_of(self.opens_on, self.closes_on, self.corrected_until, extended_to)

    def concerns(self, family: str) -> bool:
        """Tell whether bodies of this family file here."""
        return family in self.families

    def is_open(self, family: str, on: date, extended_to: date | None = None) -> bool:
        """Tell whether a body may open its filing."""
        return self.concerns(family) and self.opens_on <= on <= self.deadlines(extended_to).entry

    def require_open(self, family: str, on: date, extended_to: date | None = None) -> None:
        """Let a body open its filing.

        Args:
            family: of the body.
            on: the day.
            extended_to: more time that the body was given.

        Raises:
            NoCampaign: not this family, not yet, or no longer.
        """
        if not self.concerns(family):
            raise NoCampaign(f"La campagne {self.document} {self.year} de ce serveur ne concerne pas les {family}.")
        if on < self.opens_on:
            raise NoCampaign(f"La campagne {self.document} {self.year} ouvre le {self.opens_on:%d/%m/%Y}.")
        if on > self.deadlines(extended_to).entry:
            raise NoCampaign(f"La campagne {self.document} {self.year} est close depuis le {self.closes_on:%d/%m/%Y}.")


@dataclass(frozen=True, slots=True)
class Extension:
    """More time for one body, and why."""

    document: Document
    year: int
    siren: str
    due_on: date
    reason: str
    author: str
    at: datetime
