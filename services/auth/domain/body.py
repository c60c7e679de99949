"""A social-housing body known to this server."""

import re
from dataclasses import dataclass
from enum import StrEnum

from chassis.errors import Invalid, Violation

_SIREN = re.compile(r"[0-9]{9}")
_DEPARTEMENT = re.compile(r"(0[1-9]|[1-8][0-9]|9[0-5]|2[AB]|97[1-6])")


class Family(StrEnum):
    """The four families of bodies; each has its own federation."""

    OPH = "OPH"
    ESH = "ESH"
    COOP = "COOP"
    SEM = "SEM"


@dataclass(frozen=True, slots=True)
class Body:
    """An organisme: who a filing is about, and what most roles are given on."""

    siren: str
    name: str
    family: Family
    departement: str
    """Code of the département of the seat, ``21`` or ``2A``; empty when unknown."""

    def __post_init__(self) -> None:
        """Refuse a malformed card.

        Raises:
            Invalid: with one violation per field.
        """
        violations = []
        if not _SIREN.fullmatch(self.siren):
            violations.append(Violation("body.siren", "Un SIREN compte neuf chiffres."))
        if not self.name.strip():
            violations.append(Violation("body.name", "Le nom de l'organisme est attendu."))
        if self.departement and not _DEPARTEMENT.fullmatch(self.departement):
            violations.append(Violation("body.departement", "Un code de département est attendu, par exemple 21."))
        if violations:
            raise Invalid(violations=violations)
