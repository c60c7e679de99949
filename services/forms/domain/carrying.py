"""Last year's answers (F32): what each cell does with them, as marked, and never over anything filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from formsets import FormSet
from formsets.package import column_of, line_code_of
from services.forms.domain.addressing import place_of
from services.forms.domain.cell import Cell, Origin, Source, first_version
from services.forms.domain.filing import Document

IDENTITY_FORMS = frozenset({"ID", "QA"})
IDENTITY_TYPES = frozenset({"SIREN", "SIRET", "INSEE5", "CP5", "EMAIL", "TEL"})
"""Types of answers that say who the body is; with every T<n>, they are the same next year more often than not."""
OF_ONE_YEAR = frozenset({"ID.270"})
"""Texts of an identity form that are about one file only."""
SHIFTED_LINES = {"AF.190": "AF.180", "AF.200": "AF.190"}
"""Lines that repeat another line of the year before."""


class CarryMark(StrEnum):
    """What a cell does with last year's answer."""

    CARRY = "carry"
    BESIDE = "beside"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class LastYear:
    """The filing of the year before: as signed, else as it is."""

    form_set: FormSet
    values: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Carrying:
    """What last year's answers give."""

    carried: Sequence[Cell]
    beside: Mapping[str, str]
    """Shown beside this year's cells, never written."""


@lru_cache(maxsize=16)
def marks(form_set: FormSet, document: Document) -> Mapping[str, CarryMark]:
    """Return the mark of every cell of a document, in form order."""
    return {address: _mark(form_set, document, address) for address in form_set.cells(document)}


def carry(
    form_set: FormSet,
    document: Document,
    last_year: LastYear,
    cells: Mapping[str, Cell],
    author: str,
    at: datetime,
    *,
    only_prefilled: bool = False,
) -> Carrying:
    """Return the empty cells that last year's answers fill, and the answers to show beside.

    Args:
        form_set: the form set of this year.
        document: the document.
        last_year: the filing of the year before.
        cells: the cells now.
        author: who carries.
        at: when.
        only_prefilled: leave out what is not a column or line about an earlier year, as when a filing is opened.
    """
    carried: list[Cell] = []
    beside: dict[str, str] = {}
    for address, mark in marks(form_set, document).items():
        value = answer_of(form_set, last_year, address)
        if not value or mark is CarryMark.NEVER:
            continue
        if mark is CarryMark.BESIDE:
            beside[address] = value
        elif (form_set.is_prefilled(address) or not only_prefilled) and _is_free(cells.get(address)):
            source = Source(Origin.LAST_YEAR, author, at)
            present = cells.get(address)
            carried.append(present.changed(value, source) if present else first_version(address, value, source))
    return Carrying(carried, beside)


def _is_free(cell: Cell | None) -> bool:
    return cell is None or not (cell.value or cell.is_personal or cell.conflict or cell.is_sealed)


def answer_of(form_set: FormSet, last_year: LastYear, address: str) -> str:
    """Return what last year's filing answered to a cell of this year; empty when it did not, or to another question."""
    asked_then = _source_of(form_set, address)
    then = last_year.form_set
    if not then.has_cell(asked_then) or then.cell_type(asked_then) != form_set.cell_type(address):
        return ""
    return last_year.values.get(asked_then, "")


def _source_of(form_set: FormSet, address: str) -> str:
    line, column = line_code_of(address), column_of(address)
    if line in SHIFTED_LINES:
        return f"{SHIFTED_LINES[line]}.{column}"
    if column == "n1":
        return f"{line}.{form_set.form_of(address).default_column}"
    return f"{line}.n1" if column == "n2" else address


def _mark(form_set: FormSet, document: Document, address: str) -> CarryMark:
    place = place_of(form_set, document, address)
    line = line_code_of(address)
    if place.refusal or place.address != address or line in OF_ONE_YEAR or line in form_set.breaks:
        return CarryMark.NEVER
    if form_set.is_prefilled(address):
        return CarryMark.CARRY
    cell_type = form_set.cell_type(address)
    is_text = cell_type in IDENTITY_TYPES or (cell_type[0] == "T" and cell_type[1:].isdigit())
    is_identity = is_text and form_set.form_of(address).code in IDENTITY_FORMS
    return CarryMark.CARRY if is_identity else CarryMark.BESIDE
