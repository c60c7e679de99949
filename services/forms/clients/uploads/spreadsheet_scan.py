"""Reads every part of an .xlsx as a stream before a reader opens it: what is hostile is refused, what a reader hides is noted.

A reader keeps a sheet as a full rectangle: two cells at the corners of a sheet ask it for 512 GiB. So the cells are
counted and placed first. Error cells (`#DIV/0!`) come back empty from the reader, percentages as fractions, formulas
without a stored result as nothing: the scan says where they are.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from services.forms.clients.uploads.containers import entries_of, unpacked
from services.forms.clients.uploads.refusal import SAVE_AGAIN, FileRefused

MOST_CELLS = 500_000
"""Cells of a workbook, and area of the rectangle of a sheet."""
MOST_ROWS = 5_000
"""Rows of a sheet; a text may have more lines."""
MOST_AREA = 1_000_000
"""Area of all the sheets of a workbook: the reader keeps each of them."""
MOST_NOTED = 2_000
"""Cells noted for one reason; a workbook with more is refused."""

_MOST_MARKS = 8 * MOST_CELLS
"""`<` in all parts together: two tags for a cell, two for its value, as much again for its text."""
_BLANKS = b"\xef\xbb\xbf \t\r\n"
_WHOLE = 40_000_000
"""Bytes of a part that is looked at in one piece."""
_PLAIN_CELL = (
    rb'<c r="[A-Z]{1,3}[1-9][0-9]{0,6}"(?: s="[0-9]++")?+(?: t="(?:s|n|b|str|inlineStr)")?+'
    rb'(?:/>|>(?:<v>[^<]*+</v>|<is><t(?: xml:space="preserve")?+>[^<]*+</t></is>)?+</c>)'
)
_PLAIN_ROWS = re.compile(rb"(?:<row(?: [^<>/]*+)?+(?:/>|>(?:" + _PLAIN_CELL + rb")*+</row>))*+")
_ROWS_START, _ROWS_END = b"<sheetData>", b"</sheetData>"
_NOT_PLAIN = re.compile(rb"<!|.<\?|&#|[<:](?:c|f|v|row)[\s/>]|:dimension[\s/>]", re.DOTALL)
"""What must not stand around plain rows."""
_CELLS = re.compile(rb'<c r="([A-Z]{1,3}[1-9][0-9]{0,6})"')
_DIGITS, _LETTERS = b"0123456789", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MOST_STYLES = 20
"""Styles looked for one by one in a plain sheet."""
_CELL_STARTS = tuple(mark + end for mark in (b"<c", b":c") for end in (b" ", b">", b"/", b"\t", b"\n", b"\r"))
_DIMENSIONS = re.compile(rb"""<dimension\s[^<>]*?ref\s*=\s*["']([^"'<>]*)""")
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_BUILT_IN_PERCENTAGES = frozenset({"9", "10"})
_QUOTED = re.compile(r'"[^"]*"|\\.')
Place = tuple[int, int]
"""Row and column, from 1."""


@dataclass(slots=True)
class ScannedSheet:
    """What the scan noted in one sheet."""

    errors: dict[Place, str] = field(default_factory=dict)
    """Error cells and their text."""
    unresolved: set[Place] = field(default_factory=set)
    """Formulas without a stored result."""
    percentages: set[Place] = field(default_factory=set)
    """Numbers shown as percentages, stored as fractions."""


@dataclass(slots=True)
class Scan:
    """What the scan noted in a workbook."""

    sheets: dict[str, ScannedSheet] = field(default_factory=dict)
    """By sheet name; what is not a worksheet, such as a chart on its own sheet, is left out."""


def scan(content: bytes) -> Scan:
    """Look at a whole workbook as a stream.

    Raises:
        FileRefused: hostile, damaged, too large, or not a workbook.
    """
    entries = entries_of(content)
    workbook = _Workbook()
    if "[Content_Types].xml" not in {entry.name for entry in entries}:
        raise _not_a_workbook()
    wholes = {e.name: b"".join(unpacked(content, e)) for e in entries if e.unpacked <= _WHOLE}
    # Counting costs a hundredth of parsing: a crowd is turned away before anything is parsed.
    if sum(whole.count(b"<") for whole in wholes.values()) > MOST_CELLS:
        _require_few_cells(wholes.values())
    for entry in sorted(entries, key=lambda entry: not entry.name.endswith("styles.xml")):
        whole = wholes.pop(entry.name, b"")
        _Part(workbook, entry.name, whole).feed(iter((whole,)) if whole else unpacked(content, entry))
        if "vbaproject" in entry.name.lower():
            raise FileRefused(
                "F-23",
                ("Le classeur contient des macros.", "The workbook contains macros."),
                ("Enregistrez-le en « Classeur Excel (.xlsx) ».", "Save it as “Excel Workbook (.xlsx)”."),
            )
    return Scan(workbook.sheets())


def _require_few_cells(wholes: Iterable[bytes]) -> None:
    if sum(whole.count(start) for whole in wholes for start in _CELL_STARTS) > MOST_CELLS:
        raise _too_many_cells()


@dataclass(slots=True)
class _Workbook:
    """What the parts of one workbook say together."""

    cells: int = 0
    area: int = 0
    elements: int = 0
    percentage_styles: set[str] = field(default_factory=set)
    parts: dict[str, ScannedSheet] = field(default_factory=dict)
    named: dict[str, str] = field(default_factory=dict)
    """Sheet name → relation."""
    targets: dict[str, str] = field(default_factory=dict)
    """Relation → part."""

    def sheets(self) -> dict[str, ScannedSheet]:
        if not self.named:
            raise _not_a_workbook()
        found = {}
        for name, relation in self.named.items():
            target = self.targets.get(relation, "")
            path = target.lstrip("/") if target.startswith("/") else f"xl/{target.removeprefix('./')}"
            if path in self.parts:
                found[name] = self.parts[path]
        return found


class _Part:
    """One XML part, parsed once; what it is, is known from its root element."""

    def __init__(self, workbook: _Workbook, name: str, whole: bytes = b"") -> None:
        self._workbook, self._name, self._whole = workbook, name, whole
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        parser.StartElementHandler = self._root
        self._custom_percentages: set[str] = set(_BUILT_IN_PERCENTAGES)
        self._is_in_cell_formats = False
        self._formats = 0
        self._cells: _Cells | None = None
        self._references: list[bytes] | None = None

    def feed(self, chunks: Iterator[bytes]) -> None:
        """Parse the part; one that is neither named nor written as XML, such as an image, is only unpacked.

        Raises:
            FileRefused: hostile or damaged.
        """
        is_xml = self._name.lower().endswith((".xml", ".rels", ".vml"))
        try:
            for chunk in chunks:
                is_xml = is_xml or chunk.lstrip(_BLANKS).startswith(b"<")
                if not is_xml:
                    break
                self._workbook.elements += chunk.count(b"<")
                if self._workbook.elements > _MOST_MARKS:
                    raise _too_many_cells()
                self._parser.Parse(chunk)
            for _ in chunks:
                pass
            if is_xml:
                self._parser.Parse(b"", True)
            if self._cells is not None and self._references is not None:
                self._cells.survey(self._references, self._whole)
            elif self._cells is not None:
                self._cells.finish()
        except (expat.ExpatError, ValueError):
            damaged = ("Le classeur est endommagé.", "The workbook is damaged.")
            raise FileRefused("F-23", damaged, SAVE_AGAIN) from None

    def _refuse_doctype(self, *_: object) -> None:
        raise FileRefused(
            "F-23",
            (
                "Le classeur contient une déclaration interdite (DOCTYPE).",
                "The workbook contains a forbidden declaration (DOCTYPE).",
            ),
            SAVE_AGAIN,
        )

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        kind = _local(name)
        handlers: dict[str, Callable[[str, dict[str, str]], None]] = {
            "workbook": self._in_workbook,
            "Relationships": self._in_relations,
            "styleSheet": self._in_styles,
        }
        if kind == "worksheet":
            sheet = self._workbook.parts.setdefault(self._name, ScannedSheet())
            self._cells = _Cells(self._workbook, sheet, self._parser)
            self._references = _plain_references(self._whole, self._workbook.percentage_styles)
            self._parser.StartElementHandler = self._cells.start if self._references is None else None
        elif kind == "Relationships" and self._name != "xl/_rels/workbook.xml.rels":
            self._parser.StartElementHandler = None
        else:
            self._parser.StartElementHandler = handlers.get(kind)

    def _in_workbook(self, name: str, attributes: dict[str, str]) -> None:
        if _local(name) == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            self._put(self._workbook.named, attributes.get("name", ""), relation)

    def _in_relations(self, name: str, attributes: dict[str, str]) -> None:
        if attributes.get("TargetMode", "").lower() != "external":
            self._put(self._workbook.targets, attributes.get("Id", ""), attributes.get("Target", ""))

    def _put(self, into: dict[str, str], key: str, value: str) -> None:
        # Two readers may choose differently between two of the same name.
        if key in into:
            raise FileRefused(
                "F-23",
                ("Le classeur nomme deux fois la même feuille.", "The workbook names the same sheet twice."),
                SAVE_AGAIN,
            )
        into[key] = value

    def _in_styles(self, name: str, attributes: dict[str, str]) -> None:
        kind = _local(name)
        if kind == "numFmt" and "%" in _QUOTED.sub("", attributes.get("formatCode", "")):
            self._custom_percentages.add(attributes.get("numFmtId", ""))
        elif kind == "numFmt":
            self._custom_percentages.discard(attributes.get("numFmtId", ""))
        elif kind in ("cellXfs", "cellStyleXfs", "cellStyles", "dxfs"):
            self._is_in_cell_formats = kind == "cellXfs"
        elif kind == "xf" and self._is_in_cell_formats:
            if attributes.get("numFmtId", "") in self._custom_percentages:
                self._workbook.percentage_styles.add(str(self._formats))
            self._formats += 1


class _Cells:
    """The cells of one sheet: counted, placed, and the odd ones noted."""

    def __init__(self, workbook: _Workbook, sheet: ScannedSheet, parser: expat.XMLParserType) -> None:
        self._workbook, self._sheet, self._parser = workbook, sheet, parser
        self._percentages = workbook.percentage_styles
        self._columns: dict[str, int] = {}
        self._row = self._column = self._last_row = self._last_column = 0
        self._first_row = self._area = 0
        self._formula: Place | None = None
        self._error: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Look at an element that opens."""
        if ":" in name:
            name = _local(name)
        if name == "c":
            self._cell(attributes)
        elif name == "v":
            self._formula = None
        elif name == "f":
            self._formula = (self._row, self._column)
        elif name == "row":
            self._new_row(attributes.get("r"))
        elif name == "dimension":
            self._dimension(attributes.get("ref", ""))

    def survey(self, references: list[bytes], whole: bytes) -> None:
        """Look at every cell of a plain sheet at once.

        Raises:
            FileRefused: too many cells, or one too far away.
        """
        self._workbook.cells += len(references)
        if self._workbook.cells > MOST_CELLS:
            raise _too_many_cells()
        if references:
            every = b" ".join(references)
            rows, letters = set(every.translate(None, _LETTERS).split()), set(every.translate(None, _DIGITS).split())
            columns = [self._place(f"{name.decode()}1")[1] for name in letters]
            self._require_small(max(map(int, rows)), max(columns))
        for found in _DIMENSIONS.findall(whole):
            self._dimension(found.decode("utf-8", "replace"))

    def finish(self) -> None:
        """Settle what the last cell left open."""
        self._settle_formula()

    def _cell(self, attributes: dict[str, str]) -> None:
        if self._formula is not None:
            self._settle_formula()
        reference = attributes.get("r")
        if reference is None:
            self._column += 1
        else:
            self._row, self._column = self._place(reference)
        self._workbook.cells += 1
        if self._row > self._last_row or self._column > self._last_column or not self._first_row:
            self._grow()
        if self._workbook.cells > MOST_CELLS:
            raise _too_many_cells()
        style = attributes.get("s")
        if style is not None and style in self._percentages:
            self._sheet.percentages.add((self._row, self._column))
        if attributes.get("t") == "e":
            self._begin_error()

    def _new_row(self, number: str | None) -> None:
        self._column = 0
        if number is None:
            self._row += 1
        elif number.isascii() and number.isdigit() and len(number) < 8:
            self._row = int(number)
        else:
            raise _unreadable_reference(number)

    def _place(self, reference: str) -> Place:
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise _unreadable_reference(reference)
        letters, row = found.groups()
        column = self._columns.get(letters)
        if column is None:
            column = 0
            for letter in letters:
                column = column * 26 + ord(letter) - 64
            self._columns[letters] = column
        return int(row), column

    def _grow(self) -> None:
        # The reader keeps the rectangle from the first cell to the last; from A1 is the safe side.
        self._first_row = self._first_row or self._row
        self._last_row, self._last_column = max(self._last_row, self._row), max(self._last_column, self._column)
        self._require_small(self._last_row, self._last_column)

    def _dimension(self, reference: str) -> None:
        last = reference.rpartition(":")[2].replace("$", "")
        if last and _REFERENCE.fullmatch(last):
            self._require_small(*self._place(last))

    def _require_small(self, row: int, column: int) -> None:
        if row > MOST_ROWS:
            raise FileRefused(
                "F-29",
                (
                    f"Une feuille va jusqu'à la ligne {row}, au plus {MOST_ROWS} sont admises.",
                    f"A sheet goes down to row {row}, at most {MOST_ROWS} are allowed.",
                ),
                (
                    "Supprimez les lignes après la dernière qui sert (Ctrl+Fin y mène), ou enregistrez la feuille en CSV.",
                    "Delete the rows after the last one in use (Ctrl+End leads there), or save the sheet as CSV.",
                ),
            )
        area = row * column
        if area > MOST_CELLS or column > 16_384:
            raise FileRefused(
                "F-29",
                (
                    f"Une feuille couvre {row} lignes sur {column} colonnes, au plus {MOST_CELLS} cellules sont admises.",
                    f"A sheet covers {row} rows by {column} columns, at most {MOST_CELLS} cells are allowed.",
                ),
                (
                    "Supprimez les colonnes après la dernière qui sert (Ctrl+Fin y mène).",
                    "Delete the columns after the last one in use (Ctrl+End leads there).",
                ),
            )
        if area > self._area:
            self._workbook.area += area - self._area
            self._area = area
            if self._workbook.area > MOST_AREA:
                raise _too_many_cells()

    def _begin_error(self) -> None:
        self._error = []
        self._parser.CharacterDataHandler = self._error.append
        self._parser.EndElementHandler = self._end

    def _end(self, name: str) -> None:
        if self._error is None:
            return
        if _local(name) == "f":
            self._error.clear()
        elif _local(name) == "c":
            self._note(self._sheet.errors)
            self._sheet.errors[self._row, self._column] = "".join(self._error).strip()[:20] or "#ERREUR"
            self._error = None
            self._parser.CharacterDataHandler = None
            self._parser.EndElementHandler = None

    def _settle_formula(self) -> None:
        if self._formula is not None:
            self._note(self._sheet.unresolved)
            self._sheet.unresolved.add(self._formula)
            self._formula = None

    def _note(self, noted: dict[Place, str] | set[Place]) -> None:
        if len(noted) >= MOST_NOTED:
            raise FileRefused(
                "F-24",
                (
                    f"Le classeur compte plus de {MOST_NOTED} cellules en erreur.",
                    f"The workbook has more than {MOST_NOTED} error cells.",
                ),
                ("Corrigez les formules.", "Correct the formulas."),
            )


def _plain_references(whole: bytes, percentage_styles: Collection[str]) -> list[bytes] | None:
    """References of every cell of a sheet that can be searched as text, None for one that must be parsed.

    A plain sheet has nothing in its rows but cells with a place and a value, in XML that the parser accepts. Errors,
    formulas and percentages are for the parser to place.
    """
    start, end = whole.find(_ROWS_START) + len(_ROWS_START), whole.rfind(_ROWS_END)
    if end < start or start < len(_ROWS_START):
        return None
    if _NOT_PLAIN.search(whole[:start] + whole[end:]):
        return None
    rows = _PLAIN_ROWS.match(whole, start, end)
    if rows is None or rows.end() != end or len(percentage_styles) > _MOST_STYLES:
        return None
    if any(whole.find(f' s="{style}"'.encode(), start, end) >= 0 for style in percentage_styles):
        return None
    return _CELLS.findall(whole, start, end)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _too_many_cells() -> FileRefused:
    return FileRefused(
        "F-29",
        (
            f"Le classeur contient plus de {MOST_CELLS} cellules, ou en couvre plus de {MOST_AREA}.",
            f"The workbook holds more than {MOST_CELLS} cells, or covers more than {MOST_AREA}.",
        ),
        (
            "Retirez ce qui n'est pas demandé, colonnes et lignes vides mises en forme comprises.",
            "Remove what is not asked for, formatted empty rows and columns included.",
        ),
    )


def _unreadable_reference(text: str) -> FileRefused:
    return FileRefused(
        "F-23",
        ("Le classeur contient une adresse de cellule illisible.", "The workbook holds an unreadable cell address."),
        SAVE_AGAIN,
        (f"L'adresse {text[:20]!r}.", f"The address {text[:20]!r}."),
    )


def _not_a_workbook() -> FileRefused:
    return FileRefused(
        "F-23",
        ("Ce fichier est une archive, pas un classeur .xlsx.", "This file is an archive, not an .xlsx workbook."),
        ("Déposez un CSV ou un .xlsx.", "Upload a CSV or an .xlsx."),
    )
