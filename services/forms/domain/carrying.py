"""Last year's answers (F32): what each cell does with them as its form set marks it, and never over anything filled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from formsets import FormSet
from formsets.package import Mark
from services.forms.domain.cell import Cell, Origin, Source, first_version
from services.forms.domain.filing import Document


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
    for address in _marked(form_set, document, "carry"):
        value = answer_of(form_set, last_year, address)
        if value and (form_set.is_prefilled(address) or not only_prefilled) and _is_free(cells.get(address)):
            source = Source(Origin.LAST_YEAR, author, at)
            present = cells.get(address)
            carried.append(present.changed(value, source) if present else first_version(address, value, source))
    return Carrying(carried, beside(form_set, document, last_year))


def beside(form_set: FormSet, document: Document, last_year: LastYear) -> dict[str, str]:
    """Return last year's answers to show beside this year's cells, by address of this year, in form order."""
    answers = {a: answer_of(form_set, last_year, a) for a in _marked(form_set, document, "beside")}
    return {address: value for address, value in answers.items() if value}


def _marked(form_set: FormSet, document: Document, wanted: Mark) -> list[str]:
    return [address for address in form_set.cells(document) if form_set.last_year_mark(address) == wanted]


def _is_free(cell: Cell | None) -> bool:
    return cell is None or not (cell.value or cell.is_personal or cell.conflict or cell.is_sealed)


def answer_of(form_set: FormSet, last_year: LastYear, address: str) -> str:
    """Return what last year's filing answered to a cell of this year; empty when it did not, or to another question."""
    asked_then = form_set.last_year_cell(address)
    then = last_year.form_set
    if not then.has_cell(asked_then) or then.cell_type(asked_then) != form_set.cell_type(address):
        return ""
    return last_year.values.get(asked_then, "")
