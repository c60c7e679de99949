"""Reads the tables of an .xlsx that passed the scan: the flat form on a sheet, or one sheet a form as our export writes it.

A sheet counts when one of its first rows names its columns: `code`, `colonne`, `valeur`; or `code` and columns of the
form whose code is in the rows. Other sheets are left out and named. What stands above the table may name the body, the
year and the unit. An empty cell of a form's sheet leaves the filing as it is.
"""

import datetime as dt
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from formsets import FormSet
from formsets.flat_file import FileProblem, FlatFile, Guess, Row, column_name, file_problem, picking, read_rows
from formsets.formats import printable
from services.forms.clients.uploads.balances import Balance, names_balance, read_table
from services.forms.clients.uploads.refusal import SAVE_AGAIN, FileRefused
from services.forms.clients.uploads.spreadsheet_scan import Scan, ScannedSheet, scan

MOST_HEADER_ROWS = 30

_LABELS = frozenset({"libelle", "libellé", "label", "intitule", "intitulé"})


@dataclass(slots=True)
class Table:
    """A table found on a sheet."""

    sheet: str
    header: int
    """Index of the row that names the columns."""
    titles: list[str]
    """As looked up; `own` as written."""
    own: list[str]
    rows: Sequence[Sequence[Any]]
    noted: ScannedSheet


@dataclass(slots=True)
class _Reading:
    """What one workbook gives, gathered."""

    form_set: FormSet
    rows: list[Row] = field(default_factory=list)
    problems: list[FileProblem] = field(default_factory=list)
    guesses: list[Guess] = field(default_factory=list)
    subject: dict[str, str] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    """Of those read."""
    left_out: list[str] = field(default_factory=list)
    percentages: list[str] = field(default_factory=list)


class OpenedWorkbook:
    """A workbook that passed the scan; each sheet is read once."""

    def __init__(self, content: bytes) -> None:
        """Scan and open.

        Raises:
            FileRefused: hostile or damaged.
        """
        self.noted, self._book = open_workbook(content)
        self._rows: dict[str, list[list[Any]]] = {}

    @property
    def hidden(self) -> frozenset[str]:
        """Names of the sheets that a person does not see."""
        sheets = self._book.sheets_metadata
        return frozenset(sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible)

    @property
    def sheet_names(self) -> list[str]:
        """In order."""
        return self._book.sheet_names

    def rows(self, name: str) -> list[list[Any]]:
        """Every row of a sheet from A1; none of what is not a worksheet.

        Raises:
            FileRefused: the reader cannot make sense of it.
        """
        if name not in self._rows:
            self._rows[name] = rows_of(self._book, name) if name in self.noted.sheets else []
        return self._rows[name]


def read_balance_sheet(book: OpenedWorkbook, file_name: str) -> Balance | None:
    """Return the balance of the first sheet that is one, None when no sheet is.

    Raises:
        FileRefused: the balance is too large or empty.
    """
    for name in book.sheet_names:
        rows = book.rows(name)
        if any(names_balance([text_of(value) for value in row[:60]]) for row in rows[:MOST_HEADER_ROWS]):
            errors = book.noted.sheets[name].errors
            found = read_table(_texts(rows, errors), file_name)
            found.guesses.insert(0, _sheet_of_balance(book, name))
            return found
    return None


def _sheet_of_balance(book: OpenedWorkbook, name: str) -> tuple[str, str]:
    shown = printable(name, 40)
    french, english = (" (masquée)", " (hidden)") if name in book.hidden else ("", "")
    others = len(book.sheet_names) - 1
    left_fr, left_en = (f" {others} autre(s) laissée(s).", f" {others} other(s) left.") if others else ("", "")
    return f"Feuille lue : {shown}{french}.{left_fr}", f"Sheet read: {shown}{english}.{left_en}"


def _texts(rows: Sequence[Sequence[Any]], errors: Mapping[tuple[int, int], str]) -> Iterator[tuple[int, list[str]]]:
    """Rows as texts, error cells with their error, so that no amount of a balance is lost in silence."""
    for number, row in enumerate(rows, start=1):
        texts = [text_of(value) for value in row]
        if errors:
            texts = [errors.get((number, at), text) for at, text in enumerate(texts, start=1)]
        yield number, texts


def read_spreadsheet(book: OpenedWorkbook, form_set: FormSet) -> FlatFile:
    """Return what a workbook holds.

    Raises:
        FileRefused: damaged, or without a table of the form.
    """
    columns = {column for form in form_set.forms for column in form.columns}
    reading = _Reading(form_set)
    for table in tables_of(book, reading):
        if {"code", "column", "value"} <= set(table.titles):
            _read_flat(table, reading)
        elif "code" in table.titles and not columns.isdisjoint(table.titles):
            _read_form(table, reading)
    if not reading.read:
        raise FileRefused(
            "F-24",
            (
                "Aucune feuille ne porte les colonnes code, colonne, valeur, ni celles d'un formulaire.",
                "No sheet has the columns code, colonne, valeur, nor those of a form.",
            ),
            ("Ajoutez-les en première ligne.", "Add them as the first row."),
            ("Toutes les feuilles.", "All sheets."),
        )
    file = read_rows(reading.rows, form_set, reading.subject)
    if file.is_refused:
        return file
    return replace(
        file,
        problems=(*reading.problems, *file.problems),
        encoding="xlsx",
        separator="",
        guesses=(*_guesses(reading), *file.guesses),
    )


def open_workbook(content: bytes) -> tuple[Scan, CalamineWorkbook]:
    """Return the notes of the scan, and the workbook opened.

    Raises:
        FileRefused: hostile or damaged.
    """
    noted = scan(content)
    try:
        return noted, CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, OSError, ValueError):
        raise _unreadable() from None


def rows_of(book: CalamineWorkbook, name: str) -> list[list[Any]]:
    """Return every row of a sheet from A1, as the reader sees them.

    Raises:
        FileRefused: the reader cannot make sense of the sheet.
    """
    try:
        return book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError):
        raise _unreadable() from None


def text_of(value: Any, *, is_percentage: bool = False) -> str:
    """Return a cell as a person would have typed it in a flat file: decimal point, ISO dates."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(float(value), is_percentage=is_percentage)
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    return str(value)


def _number(value: float, *, is_percentage: bool) -> str:
    # Fifteen significant digits are what a spreadsheet shows of a binary fraction: 0.1 + 0.2 is 0.3.
    if value.is_integer() and abs(value) < 1e15 and not is_percentage:
        return str(int(value))
    exact = Decimal(format(value, ".15g"))
    if not exact.is_finite():
        return str(value)
    shown = format((exact * 100 if is_percentage else exact).normalize(), "f")
    return "0" if shown == "-0" else shown


def tables_of(book: OpenedWorkbook, reading: _Reading) -> Iterator[Table]:
    """Yield the tables of a workbook; sheets without one are noted as left out, their labels as the subject."""
    columns = {column for form in reading.form_set.forms for column in form.columns}
    for name in book.sheet_names:
        sheet = book.noted.sheets.get(name)
        rows = book.rows(name)
        header = next((i for i, row in enumerate(rows[:MOST_HEADER_ROWS]) if _names_columns(row, columns)), None)
        _note_subject(rows[: MOST_HEADER_ROWS if header is None else header], reading.subject)
        if sheet is None or header is None:
            reading.left_out.append(printable(name, 40))
            continue
        reading.read.append(printable(name, 40))
        if name in book.hidden:
            reading.hidden.append(printable(name, 40))
        own = [text_of(value).strip() for value in rows[header]]
        yield Table(printable(name, 40), header, [column_name(title) for title in own], own, rows, sheet)


def _names_columns(row: Sequence[Any], columns: set[str]) -> bool:
    titles = {column_name(value) for value in row if isinstance(value, str) and len(value) <= 60}
    return "code" in titles and ({"column", "value"} <= titles or not columns.isdisjoint(titles))


def _note_subject(rows: Sequence[Sequence[Any]], subject: dict[str, str]) -> None:
    for row in rows:
        filled = [text_of(value).strip() for value in row[:8] if value != ""]
        if len(filled) == 2 and len(filled[0]) <= 30:
            subject.setdefault(filled[0].lower().rstrip(" :"), filled[1][:60])


def _read_flat(table: Table, reading: _Reading) -> None:
    at = {title: index for index, title in reversed(list(enumerate(table.titles)))}
    code_at, column_at, value_at = at["code"], at["column"], at["value"]
    own_at = {t: i for i, t in enumerate(table.own) if t and i not in (code_at, column_at, value_at)}
    titles, pick = tuple(own_at), picking(own_at.values())
    for index, row in enumerate(table.rows[table.header + 1 :], start=table.header + 2):
        code, column, value = row[code_at], row[column_at], row[value_at]
        own = tuple([text if type(text) is str else text_of(text) for text in pick(row)])
        is_refused = _is_refused(table, (index, value_at), str(code), str(column), titles, own, reading)
        if is_refused or (code == "" and column == "" and value == ""):
            continue
        is_percentage = (index, value_at + 1) in table.noted.percentages and isinstance(value, float)
        raw = text_of(value, is_percentage=is_percentage)
        if is_percentage:
            reading.percentages.append(f"{table.sheet}!{_letters(value_at)}{index}")
        reading.rows.append(Row(table.sheet, index, str(code), str(column), raw, titles, own))


def _read_form(table: Table, reading: _Reading) -> None:
    code_at = table.titles.index("code")
    known = {column for form in reading.form_set.forms for column in form.columns}
    places = [(i, title) for i, title in enumerate(table.titles) if title in known]
    own_at = {
        table.own[i]: i
        for i, title in enumerate(table.titles)
        if title and title not in known | _LABELS and i != code_at
    }
    titles, pick = tuple(own_at), picking(own_at.values())
    for index, row in enumerate(table.rows[table.header + 1 :], start=table.header + 2):
        code = text_of(row[code_at])
        if not code.strip():
            continue
        own = tuple([text_of(value) for value in pick(row)])
        for at, column in places:
            if _is_refused(table, (index, at), code, column, titles, own, reading) or row[at] == "":
                continue
            is_percentage = (index, at + 1) in table.noted.percentages and isinstance(row[at], float)
            if is_percentage:
                reading.percentages.append(f"{table.sheet}!{_letters(at)}{index}")
            raw = text_of(row[at], is_percentage=is_percentage)
            reading.rows.append(Row(table.sheet, index, code, column, raw, titles, own))


def _is_refused(
    table: Table,
    at: tuple[int, int],
    code: str,
    column: str,
    titles: tuple[str, ...],
    own: tuple[str, ...],
    reading: _Reading,
) -> bool:
    """Whether the cell holds an error or a formula without a result; then says so."""
    row = at[0]
    place = (row, at[1] + 1)
    if place not in table.noted.errors and place not in table.noted.unresolved:
        return False
    where = f"{_letters(at[1])}{row}"
    if place in table.noted.errors:
        error = table.noted.errors[place]
        what = (f"La cellule contient l'erreur {error}.", f"The cell holds the error {error}.")
        how = ("Corrigez la formule, ou écrivez sa valeur.", "Correct the formula, or write its value.")
    else:
        error = ""
        what = ("La formule de la cellule n'a pas de résultat.", "The formula of the cell has no result.")
        how = (
            "Ouvrez le fichier dans votre tableur, enregistrez-le.",
            "Open the file in your spreadsheet program and save it.",
        )
    reading.problems.append(
        file_problem(
            "F-24",
            what,
            how,
            (f"Feuille {table.sheet}, cellule {where}.", f"Sheet {table.sheet}, cell {where}."),
            line=row,
            column=printable(column, 20),
            code=printable(code, 20),
            raw=error,
            extra=dict(zip(titles, own, strict=True)),
            sheet=table.sheet,
        )
    )
    return True


def _guesses(reading: _Reading) -> Iterator[Guess]:
    names = ", ".join(reading.read)
    yield Guess("sheet", names, f"Feuilles lues : {names}.", f"Sheets read: {names}.")
    if reading.hidden:
        names = ", ".join(reading.hidden)
        yield Guess(
            "sheet",
            names,
            f"Feuilles masquées, lues aussi : {names}. Supprimez celles qui ne doivent pas compter.",
            f"Hidden sheets, read as well: {names}. Delete those that should not count.",
        )
    if reading.left_out:
        names = ", ".join(reading.left_out)
        yield Guess(
            "sheet", names, f"Feuilles sans tableau, laissées : {names}.", f"Sheets without a table, left: {names}."
        )
    if reading.percentages:
        places = ", ".join(reading.percentages[:10]) + ("…" if len(reading.percentages) > 10 else "")
        yield Guess(
            "percentage",
            places,
            f"Cellules au format pourcentage, lues en pour cent (12 % donne 12) : {places}.",
            f"Cells formatted as percentages, read as per cent (12 % gives 12): {places}.",
        )


def _letters(at: int) -> str:
    """Letters of a column, from its index."""
    letters, number = "", at + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _unreadable() -> FileRefused:
    return FileRefused(
        "F-23",
        ("Le classeur n'a pas pu être lu.", "The workbook could not be read."),
        SAVE_AGAIN,
    )
