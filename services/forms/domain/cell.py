"""One cell of a filing: its value in written form, its version, and where the value comes from."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.forms.domain.errors import NoConflict


class Origin(StrEnum):
    """Where the value of a cell comes from."""

    TYPED = "typed"
    IMPORTED = "imported"
    SYNCHRONISED = "synchronised"
    LAST_YEAR = "last_year"
    COMPUTED = "computed"
    CHOSEN = "chosen"
    """By a person, between two values in conflict."""

    @property
    def is_personal(self) -> bool:
        """True when a person of the body wrote this very value: no file replaces it unasked."""
        return self in (Origin.TYPED, Origin.CHOSEN)


@dataclass(frozen=True, slots=True)
class PutBack:
    """Who made a version by putting back the state of an earlier one, and when."""

    author: str
    at: datetime
    version: int
    """The version put back; 0 when the cell had no value yet, so that nobody gave the emptiness it has now."""


@dataclass(frozen=True, slots=True)
class Source:
    """Who gave a value, when, and from where; what is put back keeps who gave it first."""

    origin: Origin
    author: str
    at: datetime
    file: str = ""
    line: int = 0
    server: str = ""
    put_back: PutBack | None = None


@dataclass(frozen=True, slots=True)
class OtherValue:
    """The value another server holds for the same cell, when nobody has chosen between the two."""

    value: str
    server: str
    author: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Cell:
    """A filled cell, or one that was emptied: the value is then empty but the version goes on counting."""

    address: str
    value: str
    version: int
    source: Source
    conflict: OtherValue | None = None
    is_provisional: bool = False
    """A computed shared fact that may still change because the ER is not signed."""
    is_sealed: bool = False
    """A shared fact of a signed ER: nobody changes it here (decisions.md 1)."""

    @property
    def awaits_choice(self) -> bool:
        """True when two values stand and a person must choose; a sealed value needs no choice, it was signed."""
        return self.conflict is not None and not self.is_sealed

    @property
    def is_blank(self) -> bool:
        """True when the cell is as if it never had a value: what filled it was undone, or another form set took it out."""
        put_back = self.source.put_back
        return not self.value and put_back is not None and put_back.version == 0

    @property
    def is_personal(self) -> bool:
        """True when a person of the body typed, chose or erased what is here: nothing replaces it unasked (F10)."""
        return self.source.origin.is_personal and not self.is_blank

    def changed(self, value: str, source: Source) -> "Cell":
        """Return the next version of the cell; a conflict stays until it is resolved or both sides agree."""
        still = self.conflict if self.conflict and self.conflict.value != value else None
        # By hand: `replace` costs ten times as much, and a draft changes five hundred cells.
        return Cell(self.address, value, self.version + 1, source, still, self.is_provisional, self.is_sealed)

    def chosen(self, value: str, author: str, at: datetime) -> "Cell":
        """Return the next version of a cell in conflict, settled by a person's choice.

        Raises:
            NoConflict: nothing is to be chosen here, or the value is neither of the two.
        """
        if not self.awaits_choice or self.conflict is None or value not in (self.value, self.conflict.value):
            raise NoConflict("Cette case n'est pas en conflit, ou la valeur n'est aucune des deux.")
        return replace(self.changed(value, Source(Origin.CHOSEN, author, at)), conflict=None)


def first_version(address: str, value: str, source: Source) -> Cell:
    """Return a cell filled for the first time."""
    return Cell(address, value, 1, source)
