"""Texts read cell by cell: a written form, or the format control that refuses it."""

from collections.abc import Sequence
from dataclasses import dataclass

from formsets import ControlText, FormSet
from formsets.formats import read
from formsets.values import written

UNKNOWN_CELL = "F-24"


@dataclass(frozen=True, slots=True)
class RawCell:
    """What was typed or found in a file."""

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class TextReading:
    """What became of one text."""

    address: str
    value: str
    """Written form; empty when the text is empty or refused."""
    control: str = ""
    """The format control that refused it, empty when accepted."""
    french: ControlText | None = None
    english: ControlText | None = None


def read_texts(form_set: FormSet, year: int, cells: Sequence[RawCell]) -> list[TextReading]:
    """Read texts in order.

    Computed cells are read too, so that the totals of a file can be compared (F-22); who may type where (F-20, F-21)
    is decided by who keeps the filing.
    """
    return [_reading(form_set, year, cell) for cell in cells]


def _reading(form_set: FormSet, year: int, cell: RawCell) -> TextReading:
    if not form_set.has_cell(cell.address):
        return _unknown(form_set, cell.address)
    found = read(form_set, cell.address, cell.text, year, origin="file")
    if found.problem is not None:
        return TextReading(cell.address, "", found.problem.control, found.problem.french, found.problem.english)
    return TextReading(cell.address, "" if found.value is None else written(found.value))


def _unknown(form_set: FormSet, address: str) -> TextReading:
    shown = address[:20]
    french, english = (form_set.control(UNKNOWN_CELL).text(language) for language in ("fr", "en"))
    return TextReading(
        address,
        "",
        UNKNOWN_CELL,
        ControlText(french.what, f"« {shown} » n'est pas une case du référentiel {form_set.version}.", french.how),
        ControlText(english.what, f"“{shown}” is not a cell of form set {form_set.version}.", english.how),
    )
