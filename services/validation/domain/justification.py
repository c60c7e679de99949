"""The written reason for which an anomaly is right: kept with a digest of the figures it was written about."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from chassis.errors import Violation
from services.validation.domain.errors import JustificationRefused

SHORTEST = 20
"""Characters at least (control W-02)."""
LONGEST = 2_000

_CONTROL = re.compile(r"[A-Z]-[0-9]{2,4}")


class ReasonCode(StrEnum):
    """The kind of reason, so that reasons can be counted and compared."""

    EXCEPTIONAL_EVENT = "exceptional_event"
    METHOD_CHANGE = "method_change"
    SCOPE_CHANGE = "scope_change"
    EARLIER_ERROR = "earlier_error"
    SPECIAL_RULE = "special_rule"
    ROUNDING = "rounding"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Justification:
    """One justification of one control, or of one cell of it; a later one of the same replaces it without erasing it."""

    filing_id: UUID
    siren: str
    year: int
    control: str
    text: str
    author: str
    written_at: datetime
    operands_digest: str
    cell: str = ""
    """Where it is about, and with it the line; empty when it is about all that the control found."""
    reason: ReasonCode = ReasonCode.OTHER

    def __post_init__(self) -> None:
        wrong = []
        if not _CONTROL.fullmatch(self.control):
            wrong.append(
                Violation("control", "Identifiant officiel d'un contrôle attendu, par exemple A-06.", "CONTROL")
            )
        if not SHORTEST <= len(self.text) <= LONGEST:
            sentence = f"La justification compte {len(self.text)} caractères ; il en faut de {SHORTEST} à {LONGEST}."
            wrong.append(Violation("text", sentence, "W-02"))
        if wrong:
            raise JustificationRefused(wrong[0].description, violations=wrong)

    def counts_for(self, operands: Mapping[str, str]) -> bool:
        """Whether the figures are still those it was written about."""
        return self.operands_digest == digest_of(operands)


def digest_of(operands: Mapping[str, str]) -> str:
    """Hexadecimal SHA-256 of cells in written form; an empty one counts as empty, as those that F-31 is about."""
    canonical = json.dumps(dict(operands), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def normalised(text: str) -> str:
    """The text with single blanks, so that padding does not make it long enough."""
    return " ".join(text.split())
