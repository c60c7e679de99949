"""One cell of a filing: its value in written form, its version, and where the value comes from."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class Origin(StrEnum):
    """Where the value of a cell comes from. A typed value is never overwritten without being asked for."""

    TYPED = "typed"
    IMPORTED = "imported"
    SYNCHRONISED = "synchronised"
    LAST_YEAR = "last_year"
    COMPUTED = "computed"


@dataclass(frozen=True, slots=True)
class Source:
    """Who gave a value, when, and from where."""

    origin: Origin
    author: str
    at: datetime
    file: str = ""
    line: int = 0
    server: str = ""


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

    def changed(self, value: str, source: Source) -> "Cell":
        """Return the next version of the cell; a conflict stays until it is resolved or both sides agree."""
        still = self.conflict if self.conflict and self.conflict.value != value else None
        return replace(self, value=value, version=self.version + 1, source=source, conflict=still)


def first_version(address: str, value: str, source: Source) -> Cell:
    """Return a cell filled for the first time."""
    return Cell(address, value, 1, source)
