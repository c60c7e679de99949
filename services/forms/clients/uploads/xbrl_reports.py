"""Reads back the reports that our exports write: xBRL-JSON, xBRL-CSV in its package, and the canonical JSON.

The form set, the body and the exercice come from the report itself and are checked as those of a flat file are.
"""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from formsets import FormSet, UnknownCell
from formsets.flat_file import REMOVE_THE_REST, FlatFile, Guess, Row, read_rows
from formsets.values import NUMERIC_TYPES
from services.forms.clients.uploads.containers import Entry, entries_of, unpacked
from services.forms.clients.uploads.refusal import FileRefused

CANONICAL = "harmonia.export/1"
MOST_FACTS = 20_000
_PACKAGE = "META-INF/reportPackage.json"
_TAXONOMY = re.compile(r".*/([0-9]{4}\.[0-9]{1,3})/[a-z]+\.xsd")
_DECIMALS = re.compile(r"d(-?[0-9]{1,2}|INF)")


def is_package(entries: list[Entry]) -> bool:
    """Whether a container is a report package."""
    return any(entry.name == _PACKAGE or entry.name.endswith(f"/{_PACKAGE}") for entry in entries)


def read_json(content: bytes, form_set: FormSet) -> FlatFile:
    """Read an xBRL-JSON report or a canonical JSON.

    Raises:
        FileRefused: not one of ours.
    """
    report = _parsed(content)
    if report.get("kind") == CANONICAL:
        return _canonical(report, form_set)
    if not _type_of(report).endswith("/xbrl-json"):
        raise _not_a_report()
    facts = _mapping(report, "facts")
    if len(facts) > MOST_FACTS:
        too_many = (f"Le rapport compte plus de {MOST_FACTS} faits.", f"The report has over {MOST_FACTS} facts.")
        raise FileRefused("F-29", too_many, REMOVE_THE_REST)
    dimensions = [_mapping(fact, "dimensions") for fact in facts.values() if isinstance(fact, dict)]
    subject = _subject(report, dimensions)
    rows = (row for number, fact in enumerate(facts.values(), start=1) if (row := _row(number, fact, form_set)))
    return _file(rows, form_set, subject, "xBRL-JSON")


def read_package(content: bytes, form_set: FormSet) -> FlatFile:
    """Read an xBRL-CSV report package.

    Raises:
        FileRefused: hostile, or not one of ours.
    """
    entries = {entry.name: entry for entry in entries_of(content)}
    for name, entry in entries.items():
        if name.endswith(".json") and "/reports/" in f"/{name}":
            report = _parsed(b"".join(unpacked(content, entry)))
            if _type_of(report).endswith("/xbrl-csv"):
                break
    else:
        raise _not_a_report()
    folder = name.rpartition("/")[0]
    rows = _table_rows(content, entries, folder, _mapping(report, "tables"), form_set)
    return _file(rows, form_set, _subject(report, [_mapping(report, "dimensions")]), "xBRL-CSV")


def _table_rows(
    content: bytes, entries: Mapping[str, Entry], folder: str, tables: Mapping[str, Any], form_set: FormSet
) -> Iterator[Row]:
    for name, table in tables.items():
        url = table.get("url", "") if isinstance(table, dict) else ""
        entry = entries.get(f"{folder}/{url}".lstrip("/"))
        if entry is None:
            raise _not_a_report()
        try:
            text = b"".join(unpacked(content, entry)).decode("utf-8-sig")
            for number, fields in enumerate(csv.DictReader(io.StringIO(text, newline="")), start=2):
                code = (fields.pop("ligne", "") or "").rpartition(":")[2]
                fields.pop("unite", None)
                for column, value in fields.items():
                    raw = _csv_value(form_set, f"{code}.{column}", value or "")
                    if raw:
                        yield Row(name[:20], number, code, str(column), raw)
        except (UnicodeDecodeError, csv.Error):
            raise _not_a_report() from None


def _csv_value(form_set: FormSet, address: str, value: str) -> str:
    """The text of a value: decimals taken off a number, specials and doubled marks undone (OIM xBRL-CSV 3.1.10)."""
    if value in {"#empty", "#none", "#nil", ""}:
        return ""
    if value.startswith("##"):
        return value[1:]
    if form_set.has_cell(address) and form_set.cell_type(address) in NUMERIC_TYPES:
        number, mark, _ = value.rpartition("d")
        return number if mark and _DECIMALS.fullmatch(value[len(number) :]) else value
    return value


def _row(number: int, fact: Any, form_set: FormSet) -> Row | None:
    if not isinstance(fact, dict) or not isinstance(fact.get("value"), str):
        return None
    dimensions = _mapping(fact, "dimensions")
    code = str(dimensions.get("concept", "")).rpartition(":")[2]
    column = next((str(v).rpartition(".")[2] for k, v in dimensions.items() if k.endswith(":Colonne")), "")
    if not column:
        column = _only_column(form_set, code)
    return Row("", number, code, column, fact["value"])


def _only_column(form_set: FormSet, code: str) -> str:
    try:
        return form_set.form(code[:2]).default_column
    except UnknownCell:
        return ""


def _canonical(report: Mapping[str, Any], form_set: FormSet) -> FlatFile:
    named = report.get("form_set")
    subject = {
        "siren": str(report.get("body", "")),
        "exercice": str(report.get("year", "")),
        "version": str(named.get("version", "")) if isinstance(named, dict) else "",
    }
    cells = _mapping(report, "cells")
    rows = (
        Row("", number, *_split(address), value)
        for number, (address, value) in enumerate(cells.items(), start=1)
        if isinstance(value, str)
    )
    return _file(rows, form_set, subject, "JSON")


def _split(address: str) -> tuple[str, str]:
    code, _, column = address.rpartition(".")
    return code, column


def _subject(report: Mapping[str, Any], dimensions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    entities = {str(one.get("entity", "")) for one in dimensions}
    periods = {str(one.get("period", "")) for one in dimensions}
    if len(entities) > 1 or len(periods) > 1:
        raise FileRefused(
            "F-26",
            (
                "Le rapport concerne plusieurs organismes ou exercices.",
                "The report is about several bodies or exercices.",
            ),
            ("Déposez un rapport par dossier.", "Upload one report a filing."),
        )
    subject = {"siren": "".join(entities).rpartition(":")[2]}
    if year := _year_of("".join(periods)):
        subject["exercice"] = str(year)
    named = _mapping(report, "documentInfo").get("taxonomy")
    for address in named if isinstance(named, list) else []:
        if found := _TAXONOMY.fullmatch(str(address)):
            subject["version"] = found[1]
    return subject


def _year_of(period: str) -> int | None:
    """Year of the last day; OIM writes the midnight that ends it."""
    try:
        end = dt.datetime.fromisoformat(period.rpartition("/")[2])
    except ValueError:
        return None
    return (end - dt.timedelta(seconds=1)).year if end.year > 1 else None


def _file(rows: Iterator[Row], form_set: FormSet, subject: Mapping[str, str], kind: str) -> FlatFile:
    file = read_rows(rows, form_set, subject)
    if file.is_refused:
        return file
    guess = Guess("sheet", kind, f"Rapport lu comme {kind}.", f"Report read as {kind}.")
    return FlatFile(file.entries, file.problems, kind, "", (guess, *file.guesses), file.siren, file.year)


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        report = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise _not_a_report() from None
    if not isinstance(report, dict):
        raise _not_a_report()
    return report


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("A name is given twice.")
    return found


def _mapping(value: Any, name: str) -> dict[str, Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _type_of(report: Mapping[str, Any]) -> str:
    return str(_mapping(report, "documentInfo").get("documentType", ""))


def _not_a_report() -> FileRefused:
    return FileRefused(
        "F-23",
        ("Ce fichier n'est pas un rapport xBRL exporté d'ici.", "This file is not an xBRL report exported from here."),
        ("Déposez un CSV, un .xlsx ou un rapport exporté.", "Upload a CSV, an .xlsx or an exported report."),
    )
