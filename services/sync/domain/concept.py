"""The concepts shared by the two documents of a body, and which way each one travels (decisions.md 1)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Nature(Enum):
    """How a concept gets its value."""

    INPUT = "input"
    COMPUTED = "computed"
    """Computed by the ministry from the whole ER, which a federation does not hold."""
    PREFILLED = "prefilled"
    """Taken from the previous year's filing."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One of the concepts common to the ER and the QDIS, stable across form-set versions."""

    code: str
    """For example ``PRD.LOYERS_CONV``."""
    nature: Nature
    has_alias: bool
    """Whether a line of the QDIS can be typed for it."""
    address: str = ""
    """The ER cell that holds it, for example ``CP.020.brut``."""

    @property
    def is_two_way(self) -> bool:
        """Whether the federation may write it too; otherwise it travels from the ministry only."""
        return self.nature is Nature.INPUT and self.has_alias


Catalogue = Mapping[str, Concept]
"""Every shared concept by code; what is not in it does not travel."""
