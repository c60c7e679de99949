"""Texts read cell by cell: a written form, or the format control that refuses it."""

from collections.abc import Sequence
from dataclasses import dataclass

from formsets import ControlText, FormSet
from formsets.formats import Problem, read, unknown_cell
from formsets.values import written


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
        return _refused(unknown_cell(form_set, cell.address))
    found = read(form_set, cell.address, cell.text, year, origin="file")
    if found.problem is not None:
        return _refused(found.problem)
    return TextReading(cell.address, "" if found.value is None else written(found.value))


def _refused(problem: Problem) -> TextReading:
    return TextReading(problem.address, "", problem.control, problem.french, problem.english)
