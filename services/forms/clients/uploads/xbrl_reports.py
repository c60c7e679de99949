"""Reads back the reports that our exports write: xBRL-JSON, xBRL-CSV in its package, and the canonical JSON.

The form set, the body and the exercice come from the report itself and are checked as those of a flat file are.
"""

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from formsets import FormSet
from formsets.flat_file import REMOVE_THE_REST, FlatFile, Guess, Row, Sentence, read_rows
from formsets.formats import printable
from formsets.values import NUMERIC_TYPES
from services.forms.clients.exports import xbrl
from services.forms.clients.uploads.containers import Entry, entries_of, unpacked
from services.forms.clients.uploads.refusal import FileRefused
from services.forms.clients.uploads.xbrl_facts import NOT_DESCRIBED, Fact, Facts, not_a_text, too_long

CANONICAL = "harmonia.export/1"
MOST_FACTS = 20_000
_LAYOUT = {"concept": "$ligne", "unit": "$unite"}
"""Where the tables of our packages say the line and the unit of a row."""
_NOTHING = frozenset({"", "#none"})
"""Of a field: there is no fact, or no unit."""
_PACKAGE = "META-INF/reportPackage.json"
_TAXONOMY = re.compile(re.escape(xbrl.ROOT) + r"/([0-9]{4}\.[0-9]{1,3})/[a-z]+\.xsd")
_DECIMALS = re.compile(r"d(-?[0-9]{1,2}|INF)")
_OUR_TAXONOMY: Sentence = (
    "Exportez-le de nouveau avec la taxonomie d'ici.",
    "Export it again with the taxonomy from here.",
)


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
    facts = _required(report, "facts")
    if len(facts) > MOST_FACTS:
        too_many = (f"Le rapport compte plus de {MOST_FACTS} faits.", f"The report has over {MOST_FACTS} facts.")
        raise FileRefused("F-29", too_many, REMOVE_THE_REST)
    dimensions = [_mapping(fact, "dimensions") for fact in facts.values() if isinstance(fact, dict)]
    subject = _subject(report, dimensions)
    read = Facts(form_set, _namespaces(report))
    return _file(_fact_rows(facts, read), form_set, subject, "xBRL-JSON", read)


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
    read = Facts(form_set, _namespaces(report))
    rows = _table_rows(content, entries, folder, report, form_set, read)
    return _file(rows, form_set, _subject(report, [_mapping(report, "dimensions")]), "xBRL-CSV", read)


def _fact_rows(facts: Mapping[str, Any], read: Facts) -> Iterator[Row]:
    for number, (name, fact) in enumerate(facts.items(), start=1):
        if not isinstance(fact, dict) or not isinstance(fact.get("dimensions"), dict):
            read.refuse(NOT_DESCRIBED, Fact(number, name, None, {}))
            continue
        row = read.row(Fact(number, name, fact.get("value"), fact["dimensions"], fact.get("decimals")))
        if row is not None:
            yield row


def _table_rows(
    content: bytes,
    entries: Mapping[str, Entry],
    folder: str,
    report: Mapping[str, Any],
    form_set: FormSet,
    read: Facts,
) -> Iterator[Row]:
    for name, table in _required(report, "tables").items():
        url = table.get("url", "") if isinstance(table, dict) else ""
        entry = entries.get(f"{folder}/{url}".lstrip("/"))
        template = _mapping(_mapping(report, "tableTemplates"), table.get("template", name) if entry else "")
        if entry is None or template.get("dimensions") != _LAYOUT:
            raise _not_a_report()
        columns = _mapping(template, "columns")
        precision = {c: _first("decimals", columns.get(c), table, template, report) for c in columns}
        try:
            text = b"".join(unpacked(content, entry)).decode("utf-8-sig")
            titles, *lines = csv.reader(io.StringIO(text, newline=""))
        except (UnicodeDecodeError, csv.Error, ValueError):
            raise _not_a_report() from None
        for number, line in enumerate(lines, start=2):
            fields = dict(zip(titles, line, strict=False))
            concept, unit = fields.pop("ligne", ""), fields.pop("unite", "")
            if len(line) > len(titles):
                fact = Fact(number, concept, None, {}, sheet=name[:20])
                read.refuse(too_long(len(line), len(titles)), fact, concept.rpartition(":")[2])
                continue
            common = {"concept": concept} | ({} if unit in _NOTHING else {"unit": unit})
            for column, value in fields.items():
                if value in _NOTHING:
                    continue
                if column not in columns:
                    raise _not_a_report()
                dimensions = {**common, **_mapping(columns[column], "dimensions")}
                written, decimals = _csv_value(form_set, f"{concept.rpartition(':')[2]}.{column}", value)
                given = precision[column] if decimals is None else decimals
                row = read.row(Fact(number, f"{concept}.{column}", written, dimensions, given, name[:20]))
                if row is not None and row.column != column:
                    raise _not_a_report()
                if row is not None:
                    yield row


def _csv_value(form_set: FormSet, address: str, value: str) -> tuple[str | None, int | None]:
    """The text of a value and the decimals it says; specials and doubled marks undone (OIM xBRL-CSV 3.1.10)."""
    if value == "#nil":
        return None, None
    if value == "#empty":
        return "", None
    if value.startswith("##"):
        return value[1:], None
    if form_set.has_cell(address) and form_set.cell_type(address) in NUMERIC_TYPES:
        number, mark, _ = value.rpartition("d")
        found = _DECIMALS.fullmatch(value[len(number) :]) if mark else None
        if found:
            return number, None if found[1] == "INF" else int(found[1])
    return value, None


def _canonical(report: Mapping[str, Any], form_set: FormSet) -> FlatFile:
    named = report.get("form_set")
    subject = {
        "siren": str(report.get("body", "")),
        "exercice": str(report.get("year", "")),
        "version": str(named.get("version", "")) if isinstance(named, dict) else "",
    }
    read = Facts(form_set, {})
    return _file(_cell_rows(_required(report, "cells"), read), form_set, subject, "JSON", read)


def _cell_rows(cells: Mapping[str, Any], read: Facts) -> Iterator[Row]:
    for number, (address, value) in enumerate(cells.items(), start=1):
        code, column = _split(address)
        reason = not_a_text(value)
        if reason is None:
            yield Row("", number, code, column, value)
        else:
            read.refuse(reason, Fact(number, address, value, {}), code, column)


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
    prefix, _, siren = "".join(entities).rpartition(":")
    if _namespaces(report).get(prefix, xbrl.ENTITY_SCHEME) != xbrl.ENTITY_SCHEME:
        raise FileRefused(
            "F-26",
            ("Le rapport ne nomme pas l'organisme par son SIREN.", "The report does not name the body by its SIREN."),
            _OUR_TAXONOMY,
        )
    subject = {"siren": siren}
    if year := _year_of("".join(periods)):
        subject["exercice"] = str(year)
    named = _mapping(report, "documentInfo").get("taxonomy")
    addresses = [str(address) for address in named] if isinstance(named, list) else []
    found = [match[1] for address in addresses if (match := _TAXONOMY.fullmatch(address))]
    if addresses and not found:
        shown = printable(addresses[0], 80)
        raise FileRefused(
            "F-28",
            (f"Le rapport suit une autre taxonomie : {shown}.", f"The report follows another taxonomy: {shown}."),
            _OUR_TAXONOMY,
        )
    if found:
        subject["version"] = found[-1]
    return subject


def _year_of(period: str) -> int | None:
    """Year of the last day; OIM writes the midnight that ends it."""
    try:
        end = dt.datetime.fromisoformat(period.rpartition("/")[2])
    except ValueError:
        return None
    return (end - dt.timedelta(seconds=1)).year if end.year > 1 else None


def _file(rows: Iterator[Row], form_set: FormSet, subject: Mapping[str, str], kind: str, read: Facts) -> FlatFile:
    file = read_rows(rows, form_set, subject)
    if file.is_refused:
        return file
    guess = Guess("sheet", kind, f"Rapport lu comme {kind}.", f"Report read as {kind}.")
    problems = (*read.refused, *file.problems)
    return replace(file, problems=problems, encoding=kind, separator="", guesses=(guess, *file.guesses))


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


def _required(report: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The part of a report that holds its facts."""
    if not isinstance(report.get(name), dict):
        raise _not_a_report()
    return _mapping(report, name)


def _first(name: str, *places: Any) -> Any:
    """What is said of this in the nearest place that says something."""
    return next((place[name] for place in places if isinstance(place, dict) and name in place), None)


def _namespaces(report: Mapping[str, Any]) -> dict[str, Any]:
    return _mapping(_mapping(report, "documentInfo"), "namespaces")


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
