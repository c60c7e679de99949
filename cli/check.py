"""`harmonia check FILE`: the engine of the validation service over a flat file, without a server.

The same rules, formats and verdict as the server that holds the document of the file; a file of both documents is checked
as a whole (decisions.md 4, 5, 10, 16).
"""

import datetime as dt
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

import formsets
from cli.adjustments import Adjustments, BadAdjustments, adjusted_controls, read_adjustments, rules_under
from formsets import FormSet
from formsets.flat_file import LARGEST, Entry, FlatFile, read_flat_file
from formsets.formats import read
from formsets.values import Value, written
from services.validation.domain.comparison import agree
from services.validation.domain.rule_set import compile_rules
from services.validation.domain.verdict import CheckedDocument, Report, Verdict

ACCEPTED = 0
"""Exit code: the verdict is clean or remarks."""
REFUSED = 1
"""Exit code: to justify, blocked or not evaluable."""
UNREADABLE = 2
"""Exit code: the file cannot be read, or the command was misused."""

_SUMMARY = {
    Verdict.CLEAN: "Aucune anomalie.",
    Verdict.REMARKS: "Des remarques, sans action nécessaire.",
    Verdict.TO_JUSTIFY: "Des anomalies à corriger ou à justifier.",
    Verdict.NOT_EVALUABLE: "Des cases obligatoires manquent : un contrôle bloquant n'a pas pu être évalué.",
    Verdict.BLOCKED: "Des erreurs bloquent la transmission.",
}


DOCUMENTS: Mapping[str, CheckedDocument] = {"er": "ER", "qdis": "QDIS", "whole": "whole"}
"""What `--document` may say."""


class NotThePreviousYear(ValueError):
    """The file given for the year before is refused, or is not that."""


@dataclass(frozen=True, slots=True)
class FormatItem:
    """One refusal of the file, as printed."""

    line: int
    column: str
    code: str
    control: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What checking a file gave."""

    form_set: FormSet
    report: Report | None
    """None when the whole file was refused."""
    format: tuple[FormatItem, ...]
    left_out: int = 0
    """Lines of the other document, which was not asked about."""

    @property
    def exit_code(self) -> int:
        """0 for clean and remarks, 1 for the other verdicts, 2 when the file was refused."""
        if self.report is None:
            return UNREADABLE
        return ACCEPTED if self.report.verdict in {Verdict.CLEAN, Verdict.REMARKS} else REFUSED

    def as_json(self) -> dict[str, Any]:
        """The document that `--json` prints; cells are strings in written form, or null when empty."""
        report = self.report
        return {
            "verdict": report.verdict.value if report else Verdict.BLOCKED.value,
            "document": report.document if report else None,
            "rule_set": self.form_set.digest,
            "adjusted": adjusted_controls(self.form_set),
            "controls": [] if report is None else [_control(result) for result in report.controls],
            "cells": {} if report is None else _cells(self.form_set, report),
            "format": [
                {"line": i.line, "column": i.column, "code": i.code, "control": i.control, "message": i.message}
                for i in self.format
            ],
        }


def check_command(
    file: Path,
    json_output: bool,
    previous: Path | None = None,
    document: str = "",
    adjustments: Sequence[Path] = (),
) -> int:
    """Check a file and print the outcome; return the exit code (0, 1 or 2).

    Args:
        file: the file.
        json_output: print for a machine.
        previous: the file of the year before.
        document: `er`, `qdis` or `whole`, in any case; the documents that the file holds when empty.
        adjustments: files of what authorities decided about controls.
    """
    if document and document.lower() not in DOCUMENTS:
        print(f"Document inconnu : {document}. Choisir parmi ER, QDIS, whole.", file=sys.stderr)
        return UNREADABLE
    contents = []
    for path in (file, previous):
        try:
            contents.append(_content(path) if path else None)
        except OSError as error:
            print(f"{path} ne peut pas être lu : {error.strerror}.", file=sys.stderr)
            return UNREADABLE
    try:
        asked, decided = DOCUMENTS.get(document.lower()), [read_adjustments(path) for path in adjustments]
        outcome = check_content(contents[0] or b"", previous=contents[1], document=asked, adjustments=decided)
    except BadAdjustments as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    except NotThePreviousYear:
        print(f"{previous} n'est pas le fichier du même organisme pour l'exercice précédent.", file=sys.stderr)
        return UNREADABLE
    if json_output:
        json.dump(outcome.as_json(), sys.stdout, ensure_ascii=False, indent=1)
        sys.stdout.write("\n")
    else:
        _print(outcome, Console())
    return outcome.exit_code


def _content(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(LARGEST + 1)


def check_content(
    content: bytes,
    version: str | None = None,
    language: str = "fr",
    previous: bytes | None = None,
    document: CheckedDocument | None = None,
    adjustments: Sequence[Adjustments] = (),
) -> Outcome:
    """Check the bytes of a flat file.

    Args:
        content: the file.
        version: the form set to check against; when None, the one of the exercice that the file is about.
        language: of the messages, `fr` or `en`.
        previous: the flat file of the year before, which H-01, H-08, H-09, H-12, H-14 and H-15 read.
        document: whose controls count; when None, those of the documents that the file holds.
        adjustments: what authorities decided about the controls of its campaign.

    Raises:
        BadAdjustments: they are of another campaign, or cannot be.
        UnknownFormSet: there is no such version.
        NotThePreviousYear: the other file is refused, or is of another body or year.
    """
    form_set, flat_file = _read(content, version)
    problems = [FormatItem(p.line, p.column, p.code, p.control, p.message(language)) for p in flat_file.problems]
    if flat_file.is_refused:
        return Outcome(form_set, None, tuple(problems))
    typed = _typed_cells(form_set, flat_file, language)
    checked = document or _document_of(form_set, flat_file.entries)
    form_set = _adjusted(form_set, adjustments, checked, flat_file.year)
    own = set(form_set.cells(checked))
    items = [*problems, *(item for address, item in typed.refused if address in own)]
    items += _wrong_version(form_set, flat_file, language)
    before = None if previous is None else _cells_of_previous(previous, flat_file)
    report = _report(form_set, typed, checked, has_refusals=bool(items), previous=before)
    given = {address: value for address, value in typed.given.items() if address in own}
    items += _disagreements(form_set, given, report.cells, language)
    items += [_required(form_set, address, language) for address in report.required_missing]
    left_out = sum(entry.address not in own for entry in flat_file.entries)
    return Outcome(form_set, report, tuple(sorted(items, key=lambda item: item.line)), left_out)


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
        cells |= _facts(form_set, {alias: value for alias, (_, value) in typed.given.items()})
        shown = {address: value for address, (_, value) in typed.given.items()}
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


def _read(content: bytes, version: str | None) -> tuple[FormSet, FlatFile]:
    """The file, read with the version asked for, or else with that of the year in which its exercice opens."""
    form_set = formsets.load(version or formsets.available()[-1])
    flat_file = read_flat_file(content, form_set)
    if version is not None:
        return form_set, flat_file
    if any(problem.control == _OTHER_VERSION for problem in flat_file.problems):
        older = [formsets.load(known) for known in reversed(formsets.available()[:-1])]
        readings = [(other, read_flat_file(content, other)) for other in older]
        return next((reading for reading in readings if not reading[1].is_refused), (form_set, flat_file))
    if flat_file.opening_year is None:
        return form_set, flat_file
    applying = formsets.version_for(dt.date(max(flat_file.opening_year, 1), 1, 1))
    if applying == form_set.version:
        return form_set, flat_file
    return formsets.load(applying), read_flat_file(content, formsets.load(applying))


def _wrong_version(form_set: FormSet, flat_file: FlatFile, language: str) -> list[FormatItem]:
    """F-28: the file names a version, or was asked to be read with one, that its exercice is not filed with."""
    year = flat_file.opening_year
    if year is None or form_set.applies_to(dt.date(max(year, 1), 1, 1)):
        return []
    detail = (
        f"An exercice opened in {year} is not filed with form set {form_set.version}."
        if language == "en"
        else f"Un exercice ouvert en {year} ne se dépose pas avec le référentiel {form_set.version}."
    )
    return [FormatItem(0, "", "", _OTHER_VERSION, f"{form_set.control(_OTHER_VERSION).text(language).what} {detail}")]


def _cells_of_previous(content: bytes, flat_file: FlatFile) -> Mapping[str, Value]:
    """Every cell of the file of the year before, computed ones included."""
    form_set, before = _read(content, None)
    is_year_before = flat_file.year is None or before.year == flat_file.year - 1
    if before.is_refused or before.siren != flat_file.siren or not is_year_before:
        raise NotThePreviousYear
    return _report(form_set, _typed_cells(form_set, before, "fr"), _document_of(form_set, before.entries)).cells


_OTHER_VERSION = "F-28"
"""The control of a file that says it follows another version."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """The lines of a file, read."""

    cells: Mapping[str, Value]
    """Cells that a person may type."""
    given: Mapping[str, tuple[int, Value]]
    """Computed cells with their line: compared, and used only where they cannot be computed."""
    refused: Sequence[tuple[str, FormatItem]]
    """Cells refused by format."""
    has_er: bool
    """Whether there are lines of the ER."""


def _typed_cells(form_set: FormSet, flat_file: FlatFile, language: str) -> _Typed:
    typed: dict[str, Value] = {}
    given: dict[str, tuple[int, Value]] = {}
    refused: list[tuple[str, FormatItem]] = []
    year = flat_file.year or _LATEST_YEAR
    for entry in flat_file.entries:
        reading = read(form_set, entry.address, entry.raw, year, origin="file")
        code, _, column = entry.address.rpartition(".")
        is_computed = form_set.is_computed(entry.address)
        if reading.problem:
            message = _located(entry.line_number, reading.problem.sentence(language), language)
            item = FormatItem(entry.line_number, column, code, reading.problem.control, message)
            refused.append((entry.address, item))
            continue
        if reading.value is not None and is_computed:
            given[entry.address] = (entry.line_number, reading.value)
        if reading.value is not None and form_set.accepts_input(entry.address):
            typed[entry.address] = reading.value
    return _Typed(typed, given, refused, any(form_set.document_of(e.address) == "ER" for e in flat_file.entries))


_LATEST_YEAR = 9_997
"""Bounds dates loosely when the file does not say its year."""


def _disagreements(
    form_set: FormSet, given: Mapping[str, tuple[int, Value]], cells: Mapping[str, Value], language: str
) -> list[FormatItem]:
    """F-22: computed cells of the file that differ from ours. They are compared, never used."""
    items = []
    for address, (line, value) in given.items():
        cell_type = form_set.cell_type(address)
        ours = cells.get(address)
        if ours is None or agree(value, ours, cell_type):
            continue
        code, _, column = address.rpartition(".")
        text = form_set.control("F-22").text(language)
        shown, computed = written(value), written(ours, cell_type)
        detail = (
            f"{address}: the file says {shown}, the formula gives {computed}. The computed value is kept."
            if language == "en"
            else f"{address} : le fichier donne {shown}, le calcul {computed}. La valeur calculée est retenue."
        )
        items.append(FormatItem(line, column, code, "F-22", _located(line, f"{text.what} {detail}", language)))
    return items


def _required(form_set: FormSet, address: str, language: str) -> FormatItem:
    code, _, column = address.rpartition(".")
    text = form_set.control("F-31").text(language)
    cell = "Cell" if language == "en" else "Case"
    return FormatItem(0, column, code, "F-31", f"{text.what} {cell} {address} ({form_set.label(address)}).")


def _located(line: int, sentence: str, language: str) -> str:
    return f"Line {line}: {sentence}" if language == "en" else f"Ligne {line} : {sentence}"


def _control(result: Any) -> dict[str, Any]:
    return {
        "id": result.id,
        "severity": result.severity,
        "status": result.status,
        "message": result.message,
        "cells": list(result.cells),
    }


def _cells(form_set: FormSet, report: Report) -> dict[str, str | None]:
    cells = report.cells
    return {
        address: written(cells[address], form_set.cell_type(address)) if address in cells else None
        for address in form_set.cells(report.document)
    }


def _print(outcome: Outcome, console: Console) -> None:
    form_set = outcome.form_set
    console.print(f"Référentiel {form_set.version}, empreinte {form_set.digest}", highlight=False, soft_wrap=True)
    for one in adjusted_controls(form_set):
        console.print(f"{one['control']} ajusté par l'autorité : {one['official']} → {one['severity'] or 'retiré'}")
    for item in outcome.format:
        console.print(f"[yellow]{item.control}[/yellow] ", end="")
        console.print(item.message, markup=False, highlight=False)
    if outcome.report is None:
        console.print("Le fichier est refusé.", style="red")
        return
    if outcome.left_out:
        console.print(f"{outcome.left_out} lignes de l'autre document, non contrôlées.")
    _print_controls(console, outcome.report.with_status("failed"))
    counts = {s: len(outcome.report.with_status(s)) for s in ("passed", "failed", "not_evaluated")}
    console.print(
        f"{counts['passed']} contrôles satisfaits, {counts['failed']} en échec, {counts['not_evaluated']} non évalués."
    )
    console.print(f"{_SUMMARY[outcome.report.verdict]} ({outcome.report.verdict.value})")


def _print_controls(console: Console, failed: Sequence[Any]) -> None:
    if not failed:
        return
    table = Table("Contrôle", "Gravité", "Message", "Valeurs")
    for result in failed:
        values = ", ".join(f"{a} = {'vide' if v is None else written(v)}" for a, v in result.operands)
        table.add_row(result.id, result.severity, result.message, values)
    console.print(table)
