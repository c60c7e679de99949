"""`harmonia check FILE`: the engine of the validation service over any file that the service imports, without a server.

The same readers, rules, formats and verdict as the server that holds the document of the file; a file of both documents
is checked as a whole (decisions.md 4, 5, 10, 16).
"""

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from cli.adjustments import Adjustments, BadAdjustments, read_adjustments, rules_under
from cli.check_outcome import UNREADABLE, FormatItem, Outcome
from cli.check_showing import show
from cli.reading import OTHER_VERSION, BadMapping, read_file, read_mapping
from formsets import FormSet, UnknownFormSet
from formsets.comparison import disagreement
from formsets.flat_file import LARGEST, Entry, FileProblem, FlatFile
from formsets.formats import Problem, read
from formsets.values import Value
from services.forms.domain.accounts import MappedPrefix
from services.validation.domain.rule_set import compile_rules
from services.validation.domain.verdict import CheckedDocument, Report

DOCUMENTS: Mapping[str, CheckedDocument] = {"er": "ER", "qdis": "QDIS", "whole": "whole"}
"""What `--document` may say."""
LANGUAGES = ("fr", "en")
"""What `--lang` may say."""

_LATEST_YEAR = 9_997
"""Bounds dates loosely when the file does not say its year."""


class NotThePreviousYear(ValueError):
    """The file given for the year before is refused, or is not that."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read."""

    content: bytes
    name: str = ""
    """Which tells the body and the exercice of a FEC."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is to be checked."""

    document: CheckedDocument | None = None
    """Whose controls count; None: those of the documents that the file holds."""
    version: str | None = None
    """Of the form set; None: that of the exercice that the file is about."""
    language: str = "fr"
    adjustments: Sequence[Adjustments] = ()
    """What authorities decided about the controls of its campaign."""
    own_accounts: Sequence[MappedPrefix] = ()
    """The body's rules for the accounts of a balance or a FEC."""


@dataclass(frozen=True, slots=True)
class Options:
    """The command as typed."""

    previous: Path | None = None
    """The file of the year before."""
    document: str = ""
    """`er`, `qdis` or `whole`, in any case; the documents that the file holds when empty."""
    version: str = ""
    """Of the form set; that of the exercice when empty."""
    language: str = "fr"
    adjustments: Sequence[Path] = ()
    """Files of what authorities decided about controls."""
    mapping: Path | None = None
    """The body's own rules for accounts."""


def check_command(file: Path, json_output: bool, options: Options | None = None) -> int:
    """Check a file and print the outcome; return the exit code (0, 1 or 2)."""
    options = options or Options()
    try:
        outcome = _checked(file, options)
    except OSError as error:
        print(f"{error.filename} ne peut pas être lu : {error.strerror}.", file=sys.stderr)
        return UNREADABLE
    except NotThePreviousYear:
        print(f"{options.previous} n'est pas le fichier du même organisme pour l'exercice précédent.", file=sys.stderr)
        return UNREADABLE
    except (BadAdjustments, BadMapping, UnknownFormSet, _Misuse) as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    if json_output:
        json.dump(outcome.as_json(), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        show(outcome, Console())
    return outcome.exit_code


class _Misuse(ValueError):
    """An option says what it cannot say; the sentence goes to the user."""


def _checked(file: Path, options: Options) -> Outcome:
    if options.document and options.document.lower() not in DOCUMENTS:
        raise _Misuse(f"Document inconnu : {options.document}. Choisir parmi ER, QDIS, whole.")
    if options.language not in LANGUAGES:
        raise _Misuse(f"Langue inconnue : {options.language}. Choisir parmi {', '.join(LANGUAGES)}.")
    asked = Asked(
        DOCUMENTS.get(options.document.lower()),
        options.version or None,
        options.language,
        [read_adjustments(path) for path in options.adjustments],
        read_mapping(options.mapping) if options.mapping else (),
    )
    return check_source(_source(file), asked, _source(options.previous) if options.previous else None)


def _source(file: Path) -> Source:
    with file.open("rb") as stream:
        return Source(stream.read(LARGEST + 1), file.name)


def check_content(content: bytes, **asked: Any) -> Outcome:
    """Check the bytes of a file without a name; the words are those of `Asked`."""
    previous = asked.pop("previous", None)
    return check_source(Source(content), Asked(**asked), None if previous is None else Source(previous))


def check_source(source: Source, asked: Asked, previous: Source | None = None) -> Outcome:
    """Check a file.

    Args:
        source: the file.
        asked: how.
        previous: the file of the year before, which H-01, H-08, H-09, H-12, H-14 and H-15 read.

    Raises:
        BadAdjustments: they are of another campaign, or cannot be.
        BadMapping: an account rule cannot be applied.
        UnknownFormSet: there is no such version.
        NotThePreviousYear: the other file is refused, or is of another body or year.
    """
    language = asked.language
    form_set, file = read_file(source.content, source.name, asked.version, asked.own_accounts)
    guesses = tuple(guess.message_en if language == "en" else guess.message_fr for guess in file.guesses)
    problems = [_of_file(problem, language) for problem in file.problems]
    if file.is_refused:
        return Outcome(form_set, language, None, tuple(problems), guesses)
    typed = _typed_cells(form_set, file, language)
    document = asked.document or _document_of(form_set, file.entries)
    form_set = _adjusted(form_set, asked.adjustments, document, file.year)
    own = set(form_set.cells(document))
    items = [*problems, *(item for address, item in typed.refused if address in own)]
    items += _wrong_version(form_set, file, language)
    before = None if previous is None else _cells_of_previous(previous, file, asked.own_accounts)
    report = _report(form_set, typed, document, has_refusals=bool(items), previous=before)
    given = {address: value for address, value in typed.given.items() if address in own}
    items += _disagreements(form_set, given, report.cells, language)
    items += [_required(form_set, address, language) for address in report.required_missing]
    left_out = sum(entry.address not in own for entry in file.entries)
    return Outcome(form_set, language, report, tuple(sorted(items, key=lambda item: item.line)), guesses, left_out)


def _adjusted(
    form_set: FormSet, adjustments: Sequence[Adjustments], document: CheckedDocument, year: int | None
) -> FormSet:
    for one in adjustments:
        if document not in {"whole", one.document} or (year or one.year) != one.year:
            checked = f"{document} {year or ''}".strip()
            raise BadAdjustments(f"{one.name} ajuste {one.document} {one.year}, le fichier contrôlé est {checked}.")
    return rules_under(form_set, adjustments)


def _document_of(form_set: FormSet, entries: Sequence[Entry]) -> CheckedDocument:
    """The one document whose lines the file holds, else both of them."""
    documents = {form_set.document_of(entry.address) for entry in entries}
    return documents.pop() if len(documents) == 1 else "whole"


def _report(
    form_set: FormSet,
    typed: "_Typed",
    document: CheckedDocument,
    *,
    has_refusals: bool = False,
    previous: Mapping[str, Value] | None = None,
) -> Report:
    """The report of the server that holds the document: on a QDIS, its facts of the ER are those that the file shows."""
    rules = compile_rules(form_set)
    own = set(form_set.cells(document))
    cells = {address: value for address, value in typed.cells.items() if address in own}
    given: Mapping[str, Value | None] = {}
    if document == "QDIS" and typed.has_er:
        cells |= _facts(form_set, {**typed.cells, **rules.compute(typed.cells, "ER")})
    elif document == "QDIS":
        shown = {address: value for address, (_, value) in typed.given.items()}
        cells |= _facts(form_set, shown)
        given = {address: shown.get(address) for address in rules.from_elsewhere("QDIS")}
    return rules.check(cells, document, has_refusals=has_refusals, previous=previous, given=given)


def _facts(form_set: FormSet, known: Mapping[str, Value]) -> dict[str, Value]:
    """The shared facts among these cells, under their ER addresses; a fact may be known by one of its aliases."""
    found = {}
    for concept in form_set.concepts:
        name = next((name for name in (concept.cell, *concept.aliases) if name in known), None)
        if name is not None:
            found[concept.cell] = known[name]
    return found


def _wrong_version(form_set: FormSet, file: FlatFile, language: str) -> list[FormatItem]:
    """F-28: the file names a version, or was asked to be read with one, that its exercice is not filed with."""
    year = file.opening_year
    if year is None:
        return []
    # Without the line of the opening (a QDIS has none), the exercice may have opened the year before.
    is_said = any(entry.address == "ID.160.v" for entry in file.entries)
    openings = (year,) if is_said else (year, year - 1)
    if any(form_set.applies_to(dt.date(max(opening, 1), 1, 1)) for opening in openings):
        return []
    text = form_set.control(OTHER_VERSION).text(language)
    where = (
        f"An exercice opened in {year} is not filed with form set {form_set.version}."
        if language == "en"
        else f"Un exercice ouvert en {year} ne se dépose pas avec le référentiel {form_set.version}."
    )
    return [FormatItem(0, "", "", OTHER_VERSION, text.what, where, text.how)]


def _cells_of_previous(previous: Source, file: FlatFile, own: Sequence[MappedPrefix]) -> Mapping[str, Value]:
    """Every cell of the file of the year before, computed ones included."""
    form_set, before = read_file(previous.content, previous.name, None, own)
    is_year_before = file.year is None or before.year == file.year - 1
    if before.is_refused or before.siren != file.siren or not is_year_before:
        raise NotThePreviousYear
    return _report(form_set, _typed_cells(form_set, before, "fr"), _document_of(form_set, before.entries)).cells


@dataclass(frozen=True, slots=True)
class _Typed:
    """The lines of a file, read."""

    cells: Mapping[str, Value]
    """Cells that a person may type."""
    given: Mapping[str, tuple[Entry, Value]]
    """Computed cells with their line: compared, and used only where they cannot be computed."""
    refused: Sequence[tuple[str, FormatItem]]
    """Cells refused by format."""
    has_er: bool
    """Whether there are lines of the ER."""


def _typed_cells(form_set: FormSet, file: FlatFile, language: str) -> _Typed:
    typed: dict[str, Value] = {}
    given: dict[str, tuple[Entry, Value]] = {}
    refused: list[tuple[str, FormatItem]] = []
    year = file.year or _LATEST_YEAR
    for entry in file.entries:
        reading = read(form_set, entry.address, entry.raw, year, origin="file")
        if reading.problem:
            refused.append((entry.address, _of_cell(entry, reading.problem, language)))
            continue
        if reading.value is not None and form_set.is_computed(entry.address):
            given[entry.address] = (entry, reading.value)
        if reading.value is not None and form_set.accepts_input(entry.address):
            typed[entry.address] = reading.value
    return _Typed(typed, given, refused, any(form_set.document_of(e.address) == "ER" for e in file.entries))


def _of_file(problem: FileProblem, language: str) -> FormatItem:
    # What refuses the whole file says by itself where it was found.
    place = "" if problem.is_fatal else _place(problem.line, problem.sheet, language)
    return _told(problem, problem.line, place, (problem.code, problem.column), language)


def _of_cell(entry: Entry, problem: Problem, language: str) -> FormatItem:
    code, _, column = entry.address.rpartition(".")
    place = _place(entry.line_number, entry.sheet, language)
    return _told(problem, entry.line_number, place, (code, column), language)


def _told(problem: FileProblem | Problem, line: int, place: str, cell: tuple[str, str], language: str) -> FormatItem:
    text = problem.english if language == "en" else problem.french
    code, column = cell
    where = f"{place}. {text.where}" if place else text.where
    return FormatItem(line, column, code, problem.control, text.what, where, text.how)


def _disagreements(
    form_set: FormSet, given: Mapping[str, tuple[Entry, Value]], cells: Mapping[str, Value], language: str
) -> list[FormatItem]:
    """F-22: computed cells of the file that differ from ours. They are compared, never used."""
    found = (
        (entry, disagreement(form_set, address, value, cells[address]))
        for address, (entry, value) in given.items()
        if address in cells
    )
    return [_of_cell(entry, problem, language) for entry, problem in found if problem is not None]


def _required(form_set: FormSet, address: str, language: str) -> FormatItem:
    code, _, column = address.rpartition(".")
    text = form_set.control("F-31").text(language)
    cell = "Cell" if language == "en" else "Case"
    return FormatItem(0, column, code, "F-31", text.what, f"{cell} {address} ({form_set.label(address)}).", text.how)


def _place(line: int, sheet: str, language: str) -> str:
    """Where a line stands, empty for the file as a whole."""
    if not line:
        return ""
    if language == "en":
        return f"Sheet {sheet}, row {line}" if sheet else f"Line {line}"
    return f"Feuille {sheet}, ligne {line}" if sheet else f"Ligne {line}"
