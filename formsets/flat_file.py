"""The flat file of the on-ramp: `code;colonne;valeur`, one cell a line, with the user's own columns after them.

Reading never raises: what is wrong is listed with its line and column, and what is right is kept. A problem of the whole
file (binary, unknown encoding, another unit) is marked fatal, and then there are no entries. Decisions.md 10 says what is
accepted and what is refused.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter
from typing import Literal, NamedTuple, TypeVar

from formsets.encodings import SAVE_AS_UTF8, UnknownEncoding, decoded
from formsets.formats import printable, read, unknown_cell
from formsets.package import ControlText, FormSet
from formsets.spreadsheet_text import restored

LARGEST = 20 * 1024 * 1024
"""Bytes of an uploaded file (F-29)."""
MOST_LINES = 100_000
MOST_PROBLEMS = 1_000
"""Beyond this many, one last problem says how many more there are."""
MOST_REPEATED = 50
"""Repeated cells named; beyond, one last sentence says how many more there are."""

_MOST_JOINED = 50
"""Physical lines that one quoted text may span."""
_MOST_ATTEMPTS = 3
_MOST_HEADER_LINES = 30
_LONGEST_HEADER = 2_000
"""Characters of a line that may be the header or name the body, the year or the unit."""

_LONGEST_ECHO = 200
"""Characters of a refused text given back."""
_NOTHING: Mapping[str, str] = {}
_Item = TypeVar("_Item")

Sentence = tuple[str, str]
"""A sentence in French and in English."""
WHOLE_FILE: Sentence = ("Le fichier entier.", "The whole file.")
WHOLE_LINE: Sentence = ("La ligne entière.", "The whole line.")
REMOVE_THE_REST: Sentence = ("Retirez ce qui n'est pas demandé.", "Remove what is not asked for.")

_NAMES = {
    "code": "code",
    "ligne": "code",
    "line": "code",
    "colonne": "column",
    "column": "column",
    "valeur": "value",
    "value": "value",
}
_SUBJECT = {
    "siren": "siren",
    "exercice": "year",
    "annee": "year",
    "année": "year",
    "year": "year",
    "unite": "unit",
    "unité": "unit",
    "unit": "unit",
    "version": "version",
    "referentiel": "version",
    "référentiel": "version",
}
_OURS = frozenset({"code", "column", "value", "unite", "unité"})
"""Columns that have an effect; the others are the user's own."""
_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"')
_EUROS = frozenset({"", "eur", "euro", "euros", "€", "eur 0"})
_THOUSANDS = re.compile(r"\bk ?(€|eur|euros?)(\b|\)|$)|milliers", re.IGNORECASE)


class Entry(NamedTuple):
    """One cell of the file, known to the form set, its text not yet read."""

    line_number: int
    """Line of the file, from 1."""
    address: str
    raw: str
    titles: tuple[str, ...] = ()
    """Of the user's own columns, such as `nature`; they have no effect."""
    own: tuple[str, ...] = ()
    """What stands under each."""
    sheet: str = ""
    """Sheet of a workbook, empty for a file that has none; the line is a row of it."""

    @property
    def extra(self) -> dict[str, str]:
        """The user's own columns."""
        return dict(zip(self.titles, self.own, strict=True))


class Row(NamedTuple):
    """One cell as a table of a workbook gives it, not yet known to the form set."""

    sheet: str
    number: int
    """Row of the sheet, from 1."""
    code: str
    column: str
    raw: str
    titles: tuple[str, ...] = ()
    """Of the user's own columns."""
    own: tuple[str, ...] = ()
    """What stands under each."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """One thing wrong with the file, located."""

    line: int
    """Line of the file, from 1; 0 for the file as a whole."""
    column: str
    """Column as written in the file; empty for a whole line or the file."""
    code: str
    """Line code as written; empty when not about one."""
    control: str
    """Official id, `F-24`."""
    french: ControlText
    english: ControlText
    is_fatal: bool = False
    """The whole file is refused."""
    raw: str = ""
    """Text of the refused value."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The user's own columns on that line, given back (F18)."""
    sheet: str = ""

    def sentence(self, language: str = "fr") -> str:
        """The three parts in one line, French when there is no such language."""
        return str(self.english if language == "en" else self.french)


def file_problem(
    control: str,
    what: Sentence,
    how: Sentence,
    where: Sentence = WHOLE_FILE,
    *,
    line: int = 0,
    column: str = "",
    code: str = "",
    is_fatal: bool = False,
    raw: str = "",
    extra: Mapping[str, str] = _NOTHING,
    sheet: str = "",
) -> FileProblem:
    """Return a problem told in three parts, each in French and in English."""
    french, english = (ControlText(*parts) for parts in zip(what, where, how, strict=True))
    return FileProblem(line, column, code, control, french, english, is_fatal, raw, extra, sheet)


TOO_LARGE = file_problem(
    "F-29", ("Le fichier dépasse 20 Mo.", "The file is over 20 MB."), REMOVE_THE_REST, is_fatal=True
)


@dataclass(frozen=True, slots=True)
class Guess:
    """Something the reader decided by itself, and says so."""

    kind: Literal["encoding", "separator", "siren", "year", "version", "duplicate", "sheet", "percentage", "accounts"]
    value: str
    message_fr: str
    message_en: str


@dataclass(frozen=True, slots=True)
class FlatFile:
    """What a file holds."""

    entries: tuple[Entry, ...] = ()
    problems: tuple[FileProblem, ...] = ()
    encoding: str = ""
    separator: str = ""
    guesses: tuple[Guess, ...] = ()
    siren: str | None = None
    """SIREN the file is about: its own ID.030 line, otherwise its header."""
    year: int | None = None
    """Exercice the file is about: year of its own ID.170 line, otherwise its header."""
    opening_year: int | None = None
    """Year in which that exercice opens: of its own ID.160 line, otherwise the exercice itself."""

    @property
    def is_refused(self) -> bool:
        """Whether the whole file is refused."""
        return any(problem.is_fatal for problem in self.problems)


def read_flat_file(content: bytes, form_set: FormSet) -> FlatFile:
    """Read a flat file against a form set."""
    if len(content) > LARGEST:
        return _refused(TOO_LARGE)
    try:
        text, encoding = decoded(content)
    except UnknownEncoding as error:
        return _refused(file_problem("F-23", error.what, SAVE_AS_UTF8))
    if not text.strip():
        empty = ("Le fichier est vide.", "The file is empty.")
        return _refused(file_problem("F-24", empty, ("Exportez-le de nouveau.", "Export it again.")))
    return _Reader(text, encoding, form_set).read()


def read_rows(rows: Iterable[Row], form_set: FormSet, subject: Mapping[str, str]) -> FlatFile:
    """Read the rows of a workbook's tables as the lines of a flat file.

    Args:
        rows: every filled value of the tables, in order.
        form_set: what the file is read against.
        subject: what stands above the tables, such as `siren`, `exercice`, `unite`, in the words of the file.
    """
    reader = _Reader("", "", form_set)
    for name, value in subject.items():
        if known := _SUBJECT.get(name.strip().lower()):
            reader.subject[known] = value.strip()
    refusal = reader.refuse_subject("", 0)
    if refusal:
        return refusal
    for row in rows:
        reader.sheet = row.sheet
        reader.add(row.number, row.code, row.column, row.raw, row.titles, row.own)
    return reader.result()


def picking(places: Iterable[int]) -> Callable[[Sequence[_Item]], tuple[_Item, ...]]:
    """What takes these places of a row, in this order."""
    chosen = tuple(places)
    if len(chosen) > 1:
        return itemgetter(*chosen)
    return lambda row: tuple(row[place] for place in chosen)


def lines_of(text: str) -> list[str]:
    """The lines of a text, whichever of the three ends of line it uses, and even if it mixes them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def unlisted(count: int) -> FileProblem:
    """Return what stands for problems beyond the most that are listed."""
    return file_problem(
        "F-24",
        (f"{count} autres problèmes ne sont pas listés.", f"{count} more problems are not listed."),
        ("Corrigez ceux qui le sont, puis importez de nouveau.", "Correct those that are, then import again."),
    )


def column_name(title: str) -> str:
    """`code`, `column` or `value` when the title of a column means it, otherwise the title in lower case."""
    return _column_name(title.strip().lower())


def check_subject(flat_file: FlatFile, siren: str, year: int) -> FileProblem | None:
    """F-26: the file is about another body or exercice than the filing that is open; None when it is not.

    A file that says neither is accepted.
    """
    if flat_file.siren is not None and flat_file.siren != siren:
        where = (
            f"Le fichier : SIREN {flat_file.siren} ; ce dossier : SIREN {siren}.",
            f"The file: SIREN {flat_file.siren}; this filing: SIREN {siren}.",
        )
    elif flat_file.year is not None and flat_file.year != year:
        where = (
            f"Le fichier : exercice {flat_file.year} ; ce dossier : exercice {year}.",
            f"The file: exercice {flat_file.year}; this filing: exercice {year}.",
        )
    else:
        return None
    line = next((e.line_number for e in flat_file.entries if e.address in {"ID.030.v", "ID.170.v"}), 0)
    return file_problem(
        "F-26",
        ("Ce fichier ne concerne pas ce dossier.", "This file is not about this filing."),
        ("Choisissez l'autre dossier, ou l'autre fichier.", "Choose the other filing, or the other file."),
        where,
        line=line,
        is_fatal=True,
    )


def _refused(problem: FileProblem, *, encoding: str = "", separator: str = "") -> FlatFile:
    return FlatFile(problems=(replace(problem, is_fatal=True),), encoding=encoding, separator=separator)


@dataclass(slots=True)
class _Reader:
    """One reading of one text."""

    text: str
    encoding: str
    form_set: FormSet
    separator: str = ";"
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)
    unlisted: int = 0
    guesses: list[Guess] = field(default_factory=list)
    subject: dict[str, str] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    """Cells given twice with different values: neither is kept."""
    sheet: str = ""
    repeated: int = 0
    """Lines that say again what an earlier one said."""

    def read(self) -> FlatFile:
        lines = lines_of(self.text)
        if len(lines) > MOST_LINES:
            too_long = (f"Le fichier dépasse {MOST_LINES} lignes.", f"The file is over {MOST_LINES} lines.")
            return self._refuse(file_problem("F-29", too_long, REMOVE_THE_REST))
        header_at = self._header_line(lines)
        if header_at is None:
            return self._refuse(
                file_problem(
                    "F-24",
                    (
                        "La ligne d'en-tête code;colonne;valeur manque.",
                        "The header line code;colonne;valeur is missing.",
                    ),
                    ("Ajoutez-la en première ligne.", "Add it as the first line."),
                    (f"Les {_MOST_HEADER_LINES} premières lignes.", f"The first {_MOST_HEADER_LINES} lines."),
                    line=1,
                )
            )
        self._guess_encoding()
        refusal = self.refuse_subject(lines[header_at], header_at + 1)
        if refusal:
            return refusal
        self._read_rows(lines, header_at + 1, [_title(name) for name in lines[header_at].split(self.separator)])
        return self.result()

    def _read_rows(self, lines: list[str], start: int, names: list[str]) -> None:
        at = {name: index for index, name in enumerate(names)}  # of two columns of one name, the last counts
        code_at, column_at, value_at = at["code"], at["column"], at["value"]
        unit_at = at.get("unite", at.get("unité"))
        own = {name: index for name, index in at.items() if index not in {code_at, column_at, value_at}}
        titles, pick = tuple(own), picking(own.values())
        for number, found in self._rows(lines, start):
            if found is not None and not found[0].strip() and not any(map(str.strip, found)):
                continue
            fields = found if found is not None and len(found) == len(names) else self._fitted(number, found, names)
            if fields is None or (
                unit_at is not None and not self._is_in_euros(number, fields[unit_at], fields[code_at])
            ):
                continue
            self.add(number, fields[code_at], fields[column_at], restored(fields[value_at]), titles, pick(fields))

    def _header_line(self, lines: list[str]) -> int | None:
        """Index of the line that names the columns; what stands before it may name the body, the year, the unit."""
        for index, line in enumerate(lines[:_MOST_HEADER_LINES]):
            if len(line) > _LONGEST_HEADER:
                return None
            for separator in (";", "\t", ","):
                names = {_column_name(part.strip().strip('"').lower()) for part in line.split(separator)}
                if {"code", "column", "value"} <= names:
                    self.separator = separator
                    return index
            self._note_subject(line)
        return None

    def _note_subject(self, line: str) -> None:
        found = re.fullmatch(r"\s*[#\"]*\s*([A-Za-zéÉ]+)\"?\s*[;:=,\t]\s*\"?([^;\t\"]{0,60})\"?[;,\t\s]*", line)
        if found and (name := _SUBJECT.get(found[1].lower())):
            self.subject[name] = found[2].strip()

    def refuse_subject(self, header: str, number: int) -> FlatFile | None:
        """F-27 and F-28: the whole file refused for its unit or its form set, None when it is not."""
        unit = self.subject.get("unit", "").lower()
        if _THOUSANDS.search(header) or unit not in _EUROS:
            return self._refuse(
                file_problem(
                    "F-27",
                    (
                        "Les montants de ce fichier ne sont pas en euros.",
                        "The amounts of this file are not in euros.",
                    ),
                    ("Convertissez-les en euros entiers.", "Convert them to whole euros."),
                    _in_header(number),
                    line=number,
                )
            )
        version, ours = self.subject.get("version", ""), self.form_set.version
        if version and version != ours:
            return self._refuse(
                file_problem(
                    "F-28",
                    (
                        f"Ce fichier suit le référentiel {printable(version, 20)}, ce dossier {ours}.",
                        f"This file follows form set {printable(version, 20)}, this filing {ours}.",
                    ),
                    (f"Prenez le modèle du référentiel {ours}.", f"Use the template of form set {ours}."),
                    _in_header(number),
                    line=number,
                )
            )
        return None

    def _rows(self, lines: list[str], start: int) -> Iterator[tuple[int, list[str] | None]]:
        """Line number and fields of each logical line; None when its quotes are not closed."""
        index = start
        while index < len(lines):
            line = lines[index]
            number = index + 1
            index += 1
            if '"' not in line:
                yield number, line.split(self.separator)
                continue
            fields, following = self._joined(line, lines, index)
            index = following if fields is not None else index
            yield number, fields

    def _joined(self, line: str, lines: list[str], index: int) -> tuple[list[str] | None, int]:
        """Fields of a line with quotes, joined with the following ones until they close, and where to go on.

        Quotes are counted before anything is read again, so that a file full of open quotes costs no more than its size.
        """
        fields = _quoted_fields(line, self.separator)
        quotes = line.count('"')
        attempts = 0
        for joined in range(index, min(len(lines), index + _MOST_JOINED)):
            if fields is not None or attempts == _MOST_ATTEMPTS:
                return fields, joined
            quotes += lines[joined].count('"')
            if quotes % 2 == 0 and '"' in lines[joined]:
                attempts += 1
                fields = _quoted_fields("\n".join([line, *lines[index : joined + 1]]), self.separator)
                if fields is not None:
                    return fields, joined + 1
        return fields, index

    def _fitted(self, number: int, fields: list[str] | None, names: Sequence[str]) -> list[str] | None:
        """A field for each column, None for a line that has too many or whose quotes are not closed; then says so."""
        if fields is None:
            not_closed = ("Guillemets non refermés.", "Quotes are not closed.")
            self._problem(file_problem("F-24", not_closed, ("Refermez-les.", "Close them."), WHOLE_LINE, line=number))
            return None
        while len(fields) > len(names) and not fields[-1].strip():
            fields = fields[:-1]
        code = printable(fields[0].strip(), 20)
        if len(fields) > len(names):
            self._problem(
                file_problem(
                    "F-24",
                    (
                        f"{len(fields)} colonnes au lieu de {len(names)}.",
                        f"{len(fields)} columns instead of {len(names)}.",
                    ),
                    (
                        "Mettez entre guillemets une valeur qui contient le séparateur.",
                        "Quote a value that contains the separator.",
                    ),
                    WHOLE_LINE,
                    line=number,
                    code=code,
                )
            )
            return None
        return [*fields, *[""] * (len(names) - len(fields))]

    def _is_in_euros(self, number: int, unit: str, code: str) -> bool:
        """Whether a line's own unit is not thousands; then says so."""
        unit = unit.strip().lower()
        if unit in _EUROS or not _THOUSANDS.search(unit):
            return True
        self._problem(
            file_problem(
                "F-27",
                ("Unité non admise : k€.", "Unit k€ not allowed."),
                ("Convertissez le montant en euros entiers.", "Convert the amount to whole euros."),
                WHOLE_LINE,
                line=number,
                code=printable(code.strip(), 20),
            )
        )
        return False

    def add(
        self, number: int, code: str, column: str, raw: str, titles: tuple[str, ...] = (), own: tuple[str, ...] = ()
    ) -> None:
        """Take one cell in, or say what is wrong with it."""
        code, column = code.strip(), column.strip()
        address = f"{code.upper()}.{column.lower()}"
        if not self.form_set.has_cell(address):
            self._unknown(number, code, column, raw, dict(zip(titles, own, strict=True)))
            return
        entry = Entry(number, address, raw, titles, own, self.sheet)
        previous = self.entries.get(address)
        if previous is None:
            self.entries[address] = entry
        else:
            self._duplicate(previous, entry)

    def _unknown(self, number: int, code: str, column: str, raw: str, extra: Mapping[str, str]) -> None:
        problem = unknown_cell(self.form_set, f"{code}.{column}" if column else code)
        self._problem(
            FileProblem(
                number,
                printable(column, 20),
                printable(code, 20),
                problem.control,
                problem.french,
                problem.english,
                raw=raw,
                extra=extra,
            )
        )

    def _duplicate(self, first: Entry, second: Entry) -> None:
        address = first.address
        code, _, column = address.rpartition(".")
        if self._same(first, second):
            self.repeated += 1
            if self.repeated <= MOST_REPEATED:
                self.guesses.append(
                    Guess(
                        "duplicate",
                        address,
                        f"{address} est donné deux fois avec la même valeur ({self._place(first, 'fr')} et {self._place(second, 'fr')}).",
                        f"{address} is given twice with the same value ({self._place(first, 'en')} and {self._place(second, 'en')}).",
                    )
                )
            return
        self.dropped.add(address)
        self._problem(
            file_problem(
                "F-25",
                ("Donnée en double, avec des valeurs différentes.", "A fact is given twice, with different values."),
                ("Gardez-en une seule.", "Keep one of them."),
                (
                    f"Case {address} : « {_shown(second)} », et « {_shown(first)} » {self._place(first, 'fr')}.",
                    f"Cell {address}: “{_shown(second)}”, and “{_shown(first)}” {self._place(first, 'en')}.",
                ),
                line=second.line_number,
                column=column,
                code=code,
                raw=second.raw,
                extra=second.extra,
            )
        )

    def _place(self, entry: Entry, language: str) -> str:
        if language == "en":
            return f"sheet {entry.sheet}, row {entry.line_number}" if entry.sheet else f"line {entry.line_number}"
        return (f"feuille {entry.sheet}, " if entry.sheet else "") + f"ligne {entry.line_number}"

    def _same(self, first: Entry, second: Entry) -> bool:
        if first.raw.strip() == second.raw.strip():
            return True
        readings = [read(self.form_set, entry.address, entry.raw, 9_997, origin="file") for entry in (first, second)]
        return all(reading.problem is None for reading in readings) and readings[0].value == readings[1].value

    def _problem(self, problem: FileProblem) -> None:
        if len(self.problems) >= MOST_PROBLEMS:
            self.unlisted += 1
            return
        self.problems.append(replace(problem, raw=problem.raw[:_LONGEST_ECHO], sheet=self.sheet))

    def _guess_encoding(self) -> None:
        if self.encoding != "utf-8":
            self.guesses.append(
                Guess(
                    "encoding",
                    self.encoding,
                    f"Le fichier a été lu en {self.encoding} et converti en UTF-8.",
                    f"The file was read as {self.encoding} and converted to UTF-8.",
                )
            )
        name = {";": "point-virgule", ",": "virgule", "\t": "tabulation"}[self.separator]
        self.guesses.append(
            Guess("separator", self.separator, f"Séparateur : {name}.", f"Separator: {self.separator!r}.")
        )

    def _refuse(self, problem: FileProblem) -> FlatFile:
        return _refused(problem, encoding=self.encoding, separator=self.separator)

    def result(self) -> FlatFile:
        """What was read."""
        if self.unlisted:
            self.problems.append(unlisted(self.unlisted))
        if self.repeated > MOST_REPEATED:
            more = self.repeated - MOST_REPEATED
            self.guesses.append(
                Guess(
                    "duplicate",
                    str(more),
                    f"{more} autres lignes répètent une case déjà donnée, avec la même valeur.",
                    f"{more} more lines repeat a cell that was given before, with the same value.",
                )
            )
        kept = tuple(entry for entry in self.entries.values() if entry.address not in self.dropped)
        siren, year = self._own_siren(), self._own_year()
        opens = self.entries.get("ID.160.v")
        opening = (_year_in(opens.raw) if opens else None) or year
        return FlatFile(
            kept, tuple(self.problems), self.encoding, self.separator, tuple(self.guesses), siren, year, opening
        )

    def _own_siren(self) -> str | None:
        """Of the file's own line when it reads, otherwise of its header."""
        entry = self.entries.get("ID.030.v") or self.entries.get("QA.010.v")
        raw = "".join((entry.raw if entry else self.subject.get("siren", "")).split())
        return raw if re.fullmatch("[0-9]{9}", raw) else None

    def _own_year(self) -> int | None:
        entry = self.entries.get("ID.170.v") or self.entries.get("QA.040.v")
        return _year_in(entry.raw if entry else self.subject.get("year", ""))


def _in_header(number: int) -> Sentence:
    return (f"En-tête, ligne {number}.", f"Header, line {number}.") if number else ("En-tête.", "Header.")


def _shown(entry: Entry) -> str:
    return printable(entry.raw.strip(), 40)


def _year_in(text: str) -> int | None:
    found = re.search(r"(?<![0-9])([0-9]{4})(?![0-9])", text)
    return int(found[1]) if found else None


def _title(text: str) -> str:
    """The reader's name of a column, the user's own as it is written when it is not one of ours."""
    bare = text.strip().strip('"').lstrip("\ufeff").strip()
    known = _column_name(bare.lower())
    return known if known in _OURS else bare


def _column_name(name: str) -> str:
    """The reader's name of a column, the user's own when it is not one of ours; a unit after `valeur` is ignored."""
    bare = re.sub(r"\s*\(.*\)$", "", name).lstrip("\ufeff")
    return _NAMES.get(bare) or _NAMES.get(bare.split(" ")[0] if bare.startswith(("valeur ", "value ")) else "", name)


def _quoted_fields(line: str, separator: str) -> list[str] | None:
    """Fields of a line that has quotes, None when they are not closed. A quote inside an unquoted field is itself."""
    fields: list[str] = []
    position = 0
    while True:
        if line.startswith('"', position):
            found = _QUOTED.match(line, position)
            if not found:
                return None
            fields.append(found[1].replace('""', '"'))
            position = found.end()
            end = line.find(separator, position)
            rest = line[position:] if end < 0 else line[position:end]
            fields[-1] += rest.rstrip() if rest.strip() else ""
        else:
            end = line.find(separator, position)
            fields.append(line[position:] if end < 0 else line[position:end])
        if end < 0:
            return fields
        position = end + 1
