"""The answer to "does this recipient get this document?", with every layer that led to it (promise P17, F20)."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Answer(StrEnum):
    """Sent or not sent; there is no third answer."""

    ALLOW = "allow"
    DENY = "deny"


class Mode(StrEnum):
    """What a rule says for a period."""

    AUTO = "auto"
    """Sent at transmission; needs no permit, no agreement and no box."""
    STATUTES = "statutes"
    """Sent if the statutes of the receiving federation say so."""
    BOX = "box"
    """The body chooses, inside what the controller opened, for partners with an agreement."""
    CLOSED = "closed"
    """Not offered; nobody can open it."""
    NONE = "none"
    """The document does not exist for this family in this period."""


class Level(StrEnum):
    """The four layers of a decision, outermost first."""

    SCOPE = "scope"
    """Level 0: the dated rule, the statutes, the law."""
    CONTROLLER = "controller"
    """Level 1: the ministry (ER) or the federation (QDIS) opens the document to the partner."""
    AGREEMENT = "agreement"
    """Level 2: an agreement with the partner is in force."""
    BOX = "box"
    """Level 3: the body's own box."""

    @property
    def number(self) -> int:
        """Return the number used in the matrix document and on the wire, 0 to 3."""
        return list(Level).index(self)


class Finding(StrEnum):
    """What one layer found."""

    HOLDS = "holds"
    REFUSES = "refuses"
    NOT_NEEDED = "not_needed"
    """The rule is decided before this layer: it is not asked."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a decision and what it found."""

    level: Level
    finding: Finding
    party: str
    """Who decides on this layer: ``law``, ``body``, or the code of a server or partner."""
    since: date | None = None
    """First day of the rule's period, or of the agreement, where there is one."""


@dataclass(frozen=True, slots=True)
class Question:
    """Does this recipient get this document of a body of this family, with its seat there, on this day?"""

    document: str
    """``ER`` or ``QDIS``."""
    family: str
    departement: str
    """Département of the seat: two characters, three overseas."""
    recipient: str
    on: date
    """Day of the decision; it chooses the period of the rule (decisions.md 15)."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An answer, the rule and layer that gave it, and a whole sentence in each language."""

    question: Question
    answer: Answer
    rule: str | None
    """Official id such as ``T-13``; nothing when no rule speaks of this recipient."""
    mode: Mode | None
    level: Level
    """The layer that decides."""
    decided_by: str
    """Who decides on that layer: ``law``, ``body``, or the code of a server or partner."""
    reason_fr: str
    reason_en: str
    layers: tuple[Layer, ...]
    """All four layers, outermost first."""

    @property
    def is_allowed(self) -> bool:
        """Tell whether the document goes to the recipient."""
        return self.answer is Answer.ALLOW

    @property
    def is_offered(self) -> bool:
        """Tell whether the body has a box here: the rule leaves the choice and the controller opened it."""
        return self.mode is Mode.BOX and self.layers[1].finding is Finding.HOLDS
