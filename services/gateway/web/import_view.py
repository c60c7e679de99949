"""What an import would do, as people choose from it: form by form, line by line, cell by cell.

A page sends only what departs from the default: what is left out of what would be written, and which typed corrections
are replaced. So an import of thousands of cells posts few fields.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Generic, TypeVar

from markupsafe import Markup

from formsets import FormSet
from services.gateway.clients.answers import ImportChange, ImportChoice, ImportEffect, ImportPreview
from services.gateway.web.figures import shown
from services.gateway.web.form_view import label_of
from services.gateway.web.pages import official
from services.gateway.web.wording import Wording

LEAVE, TAKE = "leave.", "take."
"""Beginnings of the fields that name what is left out, and the typed corrections that are replaced."""


MOST_SHOWN = 1000
"""Rows of one list on a page; the others are on its next ones."""
Item = TypeVar("Item")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listed(Generic[Row]):
    """One page of a long list: rows, and where they stand among all."""

    name: str
    """Of the list: the parameter that names its page, and its place on the page."""
    rows: tuple[Row, ...]
    first: int
    """Place of the first row, from 1."""
    total: int
    page: int
    """From 1."""
    pages: int
    """How many there are, one at least."""

    @property
    def last(self) -> int:
        """Place of the last row."""
        return self.first + len(self.rows) - 1


def listed(query: Mapping[str, str], name: str, items: Sequence[Item], row: Callable[[Item], Row]) -> Listed[Row]:
    """Return the page of a list that a query asks for, made of rows; the nearest one to a page that is not there."""
    asked = query.get(name, "")
    pages = max(1, -(-len(items) // MOST_SHOWN))
    page = min(max(1, int(asked)), pages) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
    start = (page - 1) * MOST_SHOWN
    rows = tuple(row(item) for item in items[start : start + MOST_SHOWN])
    return Listed(name, rows, start + 1, len(items), page, pages)


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change as people read it."""

    change: ImportChange
    label: Markup
    current: str
    new: str
    is_left_out: bool = False
    """Of a confirmed import: by choice."""

    @property
    def line(self) -> str:
        """Code of the line."""
        return self.change.address.rpartition(".")[0]

    @property
    def form(self) -> str:
        """Code of the form."""
        return self.change.address.partition(".")[0]

    @property
    def field(self) -> str:
        """The field that a page sends when the person departs from the default."""
        return (LEAVE if self.change.is_written else TAKE) + self.change.address


@dataclass(frozen=True, slots=True)
class LineRows:
    """The changes of one line."""

    code: str
    label: Markup
    cells: tuple[ChangeRow, ...]

    @property
    def field(self) -> str:
        """The field that leaves the whole line out; empty where its only cells to write are none or one."""
        return LEAVE + self.code if sum(cell.change.is_written for cell in self.cells) > 1 else ""


@dataclass(frozen=True, slots=True)
class FormRows:
    """The changes of one form."""

    code: str
    title: Markup
    lines: tuple[LineRows, ...]

    @property
    def field(self) -> str:
        """The field that leaves the whole form out; empty where nothing of it would be written."""
        is_written = any(cell.change.is_written for line in self.lines for cell in line.cells)
        return LEAVE + self.code if is_written else ""

    def holds(self, fields: Collection[str]) -> bool:
        """Tell whether one of these fields is of a line or a cell of this form."""
        return any(line.field in fields or any(cell.field in fields for cell in line.cells) for line in self.lines)

    def count(self, effect: ImportEffect) -> int:
        """Return how many cells the import would do this to."""
        return sum(1 for line in self.lines for cell in line.cells if cell.change.effect is effect)


def row_of(change: ImportChange, form_set: FormSet, _: Wording, *, is_left_out: bool = False) -> ChangeRow:
    """Return a change with the label of its cell, what stands there and what the file has, as people read them."""
    kind = form_set.cell_type(change.address) if form_set.has_cell(change.address) else ""
    new = shown(change.value, kind, _) if change.value else change.text
    return ChangeRow(change, label_of(form_set, change.address, _), shown(change.current, kind, _), new, is_left_out)


def forms_of(preview: ImportPreview, form_set: FormSet, _: Wording) -> list[FormRows]:
    """Return what a person chooses from, in form order."""
    order = {address: place for place, address in enumerate(form_set.cells())}
    wanted = (change for change in preview.changes if change.is_open_to_choice)
    changes = sorted(wanted, key=lambda change: (order.get(change.address, len(order)), change.address))
    left = frozenset(preview.left_out)
    rows = (row_of(change, form_set, _, is_left_out=change.address in left) for change in changes)
    titles = {form.code: official(form.title) for form in form_set.forms}
    return [
        FormRows(code, titles.get(code, Markup()), tuple(_lines(cells, form_set)))
        for code, cells in groupby(rows, key=attrgetter("form"))
    ]


def _lines(rows: Iterable[ChangeRow], form_set: FormSet) -> Iterator[LineRows]:
    for code, cells in groupby(rows, key=attrgetter("line")):
        held = tuple(cells)
        address = held[0].change.address
        label = official(form_set.line_of(address).label) if form_set.has_cell(address) else Markup()
        yield LineRows(code, label, held)


def choice_in(fields: Mapping[str, str]) -> ImportChoice:
    """Return the choice that a page sent."""
    return ImportChoice(taken=_named(fields, TAKE), left=_named(fields, LEAVE))


def _named(fields: Mapping[str, str], prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in fields if name.startswith(prefix))
