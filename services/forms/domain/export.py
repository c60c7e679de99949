"""What leaves a filing as a file, said once for every format: forms, lines and cells with label, type and origin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from formsets import Form, FormSet, Line, values
from services.forms.domain.addressing import Place, place_of
from services.forms.domain.cell import Cell, Origin
from services.forms.domain.filing import Document, Filing

_LONGEST = timedelta(days=2 * 366)
"""An exercice lasts two years at most; dates that say otherwise are not believed."""


class ExportFormat(StrEnum):
    """A published file format; the value is its name in addresses and commands."""

    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    XBRL_JSON = "xbrl-json"
    XBRL_CSV = "xbrl-csv"
    TAXONOMY = "taxonomy"
    """The dictionary that the two XBRL formats need; it depends on the form set alone."""


@dataclass(frozen=True, slots=True)
class ExportedCell:
    """One cell of the document, filled or not."""

    address: str
    column: str
    value: str
    """Written form (decisions.md 7), computed cells rounded as they are displayed; empty when the cell is."""
    is_input: bool
    """True when a person may type it."""
    is_closed: bool
    origin: Origin | None
    """Where the value comes from; None for an empty cell, and for the inputs of a signed version, which keeps values."""


@dataclass(frozen=True, slots=True)
class ExportedLine:
    """One line with its cells, in the order of the form's columns."""

    line: Line
    cells: tuple[ExportedCell, ...]


@dataclass(frozen=True, slots=True)
class ExportedForm:
    """One table of the document."""

    form: Form
    lines: tuple[ExportedLine, ...]


@dataclass(frozen=True, slots=True)
class ExportContent:
    """A whole document, independent of any file format."""

    filing: Filing
    form_set: FormSet
    version: int
    """Signed version, 0 for the filing as it is now."""
    at: datetime
    """When the content last changed: the date a file carries, so that the same content gives the same bytes."""
    begins_on: date
    ends_on: date
    """The exercice, last day included."""
    forms: tuple[ExportedForm, ...]

    @property
    def cells(self) -> list[tuple[Line, ExportedCell]]:
        """Every cell with its line, in form order."""
        return [(line.line, cell) for form in self.forms for line in form.lines for cell in line.cells]

    @property
    def filled(self) -> dict[str, str]:
        """Address → written form of the cells that have a value."""
        return {cell.address: cell.value for _, cell in self.cells if cell.value}

    @property
    def name(self) -> str:
        """What files are called, without extension: document, year, body, signed version."""
        version = f"-v{self.version}" if self.version else ""
        return f"{self.filing.document.lower()}-{self.filing.year}-{self.filing.body.siren}{version}"


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file ready to be saved."""

    content: bytes
    file_name: str
    media_type: str


def export_content(
    filing: Filing, form_set: FormSet, written: Mapping[str, str], cells: Mapping[str, Cell], version: int, at: datetime
) -> ExportContent:
    """Return what leaves as a file.

    Args:
        filing: whose content it is, with the verdict on that content.
        form_set: the form set of that content.
        written: the content in written form, computed cells rounded for release; a QDIS alias may stand
            under the ER address of its fact.
        cells: where input values come from; empty for a signed version.
        version: signed version, 0 for now.
        at: when that content last changed.
    """
    places = _places(form_set, filing.document)
    forms = tuple(
        ExportedForm(form, tuple(_line(form_set, places, form, line, written, cells) for line in form.lines))
        for form in form_set.forms
        if form.document == filing.document
    )
    begins_on, ends_on = _exercice(filing, written)
    return ExportContent(filing, form_set, version, at, begins_on, ends_on, forms)


@lru_cache(maxsize=16)
def _places(form_set: FormSet, document: Document) -> Mapping[str, Place]:
    return {address: place_of(form_set, document, address) for address in form_set.cells(document)}


def _line(
    form_set: FormSet,
    places: Mapping[str, Place],
    form: Form,
    line: Line,
    written: Mapping[str, str],
    cells: Mapping[str, Cell],
) -> ExportedLine:
    addresses = [(f"{line.code}.{column}", column) for column in form.columns]
    return ExportedLine(
        line, tuple(_cell(form_set, places[address], address, column, written, cells) for address, column in addresses)
    )


def _cell(
    form_set: FormSet,
    place: Place,
    address: str,
    column: str,
    written: Mapping[str, str],
    cells: Mapping[str, Cell],
) -> ExportedCell:
    is_input = place.refusal is None
    kept = cells.get(place.address)
    if is_input:
        value = written.get(place.address, "") or written.get(address, "")
    else:
        # A fact that another server computed is kept unrounded under its ER address (decisions.md 7).
        value = written.get(address, "") or _rounded(form_set, address, written.get(place.address, ""))
    return ExportedCell(
        address=address,
        column=column,
        value=value,
        is_input=is_input,
        is_closed=place.refusal == "closed",
        origin=_origin(is_input, value, kept),
    )


def _rounded(form_set: FormSet, address: str, value: str) -> str:
    cell_type = form_set.cell_type(address)
    return values.written(values.parse(value, cell_type), cell_type) if value else ""


def _origin(is_input: bool, value: str, kept: Cell | None) -> Origin | None:
    if not value:
        return None
    if kept is not None and kept.value:
        return kept.source.origin
    return None if is_input else Origin.COMPUTED


def _exercice(filing: Filing, written: Mapping[str, str]) -> tuple[date, date]:
    """First and last day: those the body gave (ID.160, ID.170) when they make sense, else the calendar year."""
    begins_on = _day(written.get("ID.160.v", "")) or date(filing.year, 1, 1)
    ends_on = _day(written.get("ID.170.v", "") or written.get("QA.040.v", ""))
    if ends_on is None or not timedelta() < ends_on - begins_on < _LONGEST or abs(ends_on.year - filing.year) > 1:
        return date(filing.year, 1, 1), date(filing.year, 12, 31)
    return begins_on, ends_on


def _day(text: str) -> date | None:
    try:
        value = values.parse(text, "DATE")
    except ValueError:
        return None
    return value if isinstance(value, date) else None
