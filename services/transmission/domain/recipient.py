"""Who can receive a filing: the ministry, a federation, a national partner, or the préfet of a département."""

import re
from dataclasses import dataclass
from enum import StrEnum

MINISTRY = "MIN"
OWN_FEDERATION = "FED"
"""In a rule, the controller "the body's own federation"."""
OTHER_FEDERATION = "OTHER_FED"
"""In a rule, any federation but the body's own."""
PREFET_OF_SEAT = "PREFET_OF_SEAT"
"""In a rule, a permit or an agreement: the préfet of the département of the body's seat."""

FEDERATION_OF = {"OPH": "FED-OPH", "ESH": "FED-ESH", "COOP": "FED-COOP", "SEM": "FED-EPL"}
"""Family of a body → its federation (domain.md §1)."""

_PREFET = re.compile(r"PREFET-([0-9][0-9AB][0-9]?)")


class RecipientKind(StrEnum):
    """What sort of recipient a code names."""

    MINISTRY = "ministry"
    FEDERATION = "federation"
    PARTNER = "partner"
    PREFET = "prefet"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A recipient by its code; a code that nobody declared is still a value, and matches no rule."""

    code: str
    """``MIN``, ``FED-OPH``, ``CDC``, ``PREFET-21``…"""

    @property
    def kind(self) -> RecipientKind:
        """Read the sort of recipient off the code."""
        if self.code == MINISTRY:
            return RecipientKind.MINISTRY
        if self.code.startswith("FED-"):
            return RecipientKind.FEDERATION
        if _PREFET.fullmatch(self.code):
            return RecipientKind.PREFET
        return RecipientKind.PARTNER

    @property
    def departement(self) -> str | None:
        """Return the département of a préfet, two characters or three overseas; nothing for the others."""
        match = _PREFET.fullmatch(self.code)
        return match[1] if match else None

    def answers_to(self, name: str) -> bool:
        """Tell whether a permit or an agreement made for ``name`` is made for this recipient."""
        return name == self.code or (name == PREFET_OF_SEAT and self.kind is RecipientKind.PREFET)

    def fits(self, pattern: str, family: str, departement: str) -> bool:
        """Tell whether a rule's recipient means this one, for a body of this family with its seat there."""
        if pattern == PREFET_OF_SEAT:
            return bool(departement) and self.departement == departement
        if pattern == OTHER_FEDERATION:
            return self.kind is RecipientKind.FEDERATION and self.code != FEDERATION_OF.get(family)
        return pattern == self.code


def controller_of(controller: str | None, family: str) -> str:
    """Return the server that must permit: ``FED`` is the body's own federation; no controller is no server."""
    if controller == OWN_FEDERATION:
        return FEDERATION_OF.get(family, "")
    return controller or ""
