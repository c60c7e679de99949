"""XLSX: a cover sheet and one sheet a form, protected but for the cells a person may fill, each typed and named.

Texts are written as texts with the quote mark of the format, which is no part of the value: a spreadsheet shows and
keeps `=1+1` as four characters, even after the cell is edited. The protection has no password: it prevents accidents.
"""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import xlsxwriter

from formsets.formats import LIMIT
from formsets.spreadsheet_text import is_dangerous
from formsets.values import NUMERIC_TYPES, displayed_places
from formsets.verdicts import verdict_told
from services.forms.domain.export import ExportContent, ExportedCell, ExportedForm, ExportedLine

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXTENSION = "xlsx"

COVER = "Dossier"
TITLE_ROW, HEADER_ROW, FIRST_ROW = 0, 2, 3
CODE_COLUMN, LABEL_COLUMN, FIRST_COLUMN = 0, 1, 2

_EXACT_DIGITS = 15
"""Significant digits that a spreadsheet's number keeps; a longer one is written as text rather than altered."""
_FIRST_SURE_DAY = dt.date(1900, 3, 1)
"""Spreadsheets believe in 29 February 1900: days before are written as text."""
_LAST_DAY = dt.date(9999, 12, 31)
_YES, _NO = "oui", "non"
_MOST_LISTED = 255
"""Characters of a list of allowed values in a validation."""
_NUMBER_FORMATS = {0: "#,##0", 1: "#,##0.0", 2: "#,##0.00"}
_SCREEN_LENGTH = 32


def write(content: ExportContent) -> bytes:
    """Return the file."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": content.name, "created": content.at.replace(tzinfo=None)})
    sheets = _Sheets(book)
    sheets.cover(content)
    for form in content.forms:
        sheets.form(form)
    book.close()
    return file.getvalue()


def name_of(address: str) -> str:
    """Name of a cell in the workbook: its address, with underscores since `BA.010` reads as a cell of sheet BA."""
    return address.replace(".", "_")


class _Sheets:
    """Lays forms out in a workbook; formats are made once each."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def cover(self, content: ExportContent) -> None:
        """What the file is about."""
        sheet = self._book.add_worksheet(COVER)
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, 1, 70)
        filing, told = content.filing, verdict_told(content.filing.verdict, "fr")
        rows = (
            ("Verdict", f"{told.word}. {told.sentence}"),
            ("Organisme", filing.body.name),
            ("SIREN", filing.body.siren),
            ("Document", str(filing.document)),
            ("Exercice", str(filing.year)),
            ("Version signée", str(content.version) if content.version else "aucune : dossier en cours"),
            ("Référentiel", content.form_set.version),
            ("Empreinte du référentiel", content.form_set.digest),
            ("Unité", "euros"),
        )
        for row, (label, value) in enumerate(rows):
            sheet.write_string(row, 0, label, self._format(bold=True))
            sheet.write_string(row, 1, value, self._text(value))
        sheet.protect("", {"select_locked_cells": True})

    def form(self, form: ExportedForm) -> None:
        """One form: a line a row, a column a column."""
        sheet = self._book.add_worksheet(form.form.code)
        sheet.set_column(CODE_COLUMN, CODE_COLUMN, 9)
        sheet.set_column(LABEL_COLUMN, LABEL_COLUMN, 62)
        sheet.set_column(FIRST_COLUMN, FIRST_COLUMN + len(form.form.columns) - 1, 18)
        sheet.write_string(TITLE_ROW, CODE_COLUMN, form.form.title, self._format(bold=True, font_size=13))
        heading = self._format(bold=True, bottom=1, text_wrap=True)
        for column, title in enumerate(("code", "libelle", *form.form.columns)):
            sheet.write_string(HEADER_ROW, column, title, heading)
        for row, line in enumerate(form.lines, start=FIRST_ROW):
            self._line(sheet, row, line)
        sheet.freeze_panes(FIRST_ROW, FIRST_COLUMN)
        sheet.repeat_rows(HEADER_ROW)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.protect("", {"format_columns": True, "format_rows": True})

    def _line(self, sheet: Any, row: int, line: ExportedLine) -> None:
        sheet.write_string(row, CODE_COLUMN, line.line.code)
        sheet.write_string(row, LABEL_COLUMN, line.line.label, self._format(text_wrap=True, **_quoted(line.line.label)))
        for column, cell in enumerate(line.cells, start=FIRST_COLUMN):
            self._cell(sheet, row, column, line, cell)
            if not cell.is_closed:
                reference = f"='{sheet.name}'!${_letter(column)}${row + 1}"
                self._book.define_name(name_of(cell.address), reference)
            if cell.is_input and (rule := _validation(line.line.type, line.line.enum_values)):
                sheet.data_validation(row, column, row, column, {**rule, "ignore_blank": True})

    def _cell(self, sheet: Any, row: int, column: int, line: ExportedLine, cell: ExportedCell) -> None:
        cell_type = line.line.type
        look: dict[str, Any] = {"locked": not cell.is_input, "border": 1, "border_color": "#BFBFBF"}
        look["bg_color"] = "#FFFFFF" if cell.is_input else "#D9D9D9" if cell.is_closed else "#F2F2F2"
        write: Callable[..., Any] = sheet.write_string
        value: Any = cell.value
        if cell_type in NUMERIC_TYPES:
            look["num_format"] = _NUMBER_FORMATS[
                1 if cell_type == "D1" and cell.is_input else displayed_places(cell_type) or 0
            ]
            if _is_exact(cell.value):
                write, value = sheet.write_number, float(cell.value)
        elif cell_type == "DATE":
            look["num_format"] = "dd/mm/yyyy"
            if (day := _day(cell.value)) is not None:
                write, value = sheet.write_datetime, day
        elif cell_type == "BOOL":
            value = {"true": _YES, "false": _NO}.get(cell.value, cell.value)
        else:
            look |= {"num_format": "@", "text_wrap": len(cell.value) > _SCREEN_LENGTH, **_quoted(cell.value)}
        if not cell.value:
            sheet.write_blank(row, column, None, self._format(**look))
            return
        write(row, column, value, self._format(**look))

    def _text(self, text: str) -> Any:
        return self._format(num_format="@", text_wrap=True, **_quoted(text))

    def _format(self, **look: Any) -> Any:
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(look)
        return self._formats[key]


def _quoted(text: str) -> dict[str, Any]:
    return {"quote_prefix": True} if is_dangerous(text) or text.startswith("'") else {}


def _is_exact(text: str) -> bool:
    return bool(text) and sum(character.isdigit() for character in text) <= _EXACT_DIGITS


def _day(text: str) -> dt.date | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= _FIRST_SURE_DAY else None


def _validation(cell_type: str, enum_values: tuple[str, ...]) -> dict[str, Any] | None:
    """What a spreadsheet lets a person type; the format controls decide again when the file is imported."""
    rule: dict[str, Any] | None = None
    if cell_type in NUMERIC_TYPES:
        rule = _number_rule(cell_type)
    elif cell_type == "DATE":
        rule = {
            "validate": "date",
            "criteria": "between",
            "minimum": _FIRST_SURE_DAY,
            "maximum": _LAST_DAY,
            "error_message": "Date attendue, par exemple 31/12/2024.",
        }
    elif cell_type == "BOOL":
        rule = {"validate": "list", "source": [_YES, _NO], "error_message": "Répondez oui ou non."}
    elif cell_type == "ENUM" and len(",".join(enum_values)) <= _MOST_LISTED:
        rule = {"validate": "list", "source": list(enum_values), "error_message": "Choisissez dans la liste."}
    elif cell_type[0] == "T" and cell_type[1:].isdigit():
        longest = int(cell_type[1:])
        rule = {
            "validate": "length",
            "criteria": "<=",
            "value": longest,
            "error_message": f"Au plus {longest} caractères.",
        }
    return rule and {**rule, "error_title": "Valeur refusée"}


def _number_rule(cell_type: str) -> dict[str, Any]:
    is_whole = displayed_places(cell_type) == 0
    lowest = 0 if cell_type in {"M", "N", "N2"} else -int(LIMIT)
    # Whole-number validations stop at 2^31 in some programs; a decimal one with these bounds does not.
    return {
        "validate": "decimal",
        "criteria": "between",
        "minimum": lowest,
        "maximum": int(LIMIT),
        "error_message": "Nombre entier attendu." if is_whole else "Nombre attendu, par exemple 12,5.",
    }


def _letter(column: int) -> str:
    return chr(ord("A") + column)
