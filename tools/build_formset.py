"""Turn `formsets/source/` into the form packages `formsets/<version>/`, each with its digest.

`domain.json` is the regulation; `variants/<version>.json` says what a version changes in it. Usage:
python tools/build_formset.py [output folder]. Running it twice gives the same bytes.
"""

import copy
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from formsets import FormSet, Line
from formsets.canonical import DIGEST_FILE, FILES, digest_of
from formsets.package import assemble
from formsets.reference_lists import of_years
from tools.account_rules import account_rules
from tools.control_messages import message

_ROOT = Path(__file__).resolve().parent.parent
SOURCE = _ROOT / "formsets" / "source"

_REQUIRES_ALL = frozenset({"AF.210"})
"""Lines that stay empty unless every operand is filled (decisions.md 6)."""

Raw = dict[str, Any]


def varied(domain: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    """The regulation with the changes of one version.

    Raises:
        ValueError: the variant changes a line, or a property of a line, that the regulation does not have.
    """
    changed = copy.deepcopy(dict(domain))
    changed["version"] = variant["version"]
    changed["closedCells"] = sorted({*changed["closedCells"], *variant.get("closed_cells", ())})
    lines = {line["code"]: line for form in changed["forms"] for line in form["lines"]}
    for code, changes in variant.get("lines", {}).items():
        if code not in lines or not changes.keys() <= lines[code].keys():
            raise ValueError(f"Variant {variant['version']} changes what {code} does not have.")
        lines[code].update(changes)
    return changed


def build(domain: Mapping[str, Any], written: Mapping[str, Mapping[str, Any]], variant: Mapping[str, Any]) -> Raw:
    """The package as file name → content.

    Args:
        domain: the regulation.
        written: what is written by hand beside it, by file name: `messages`, `controls`, `accounts`,
            `examples`, `last_year`, `communes`, `notes`.
        variant: what this version changes.

    Raises:
        ValueError: something is told of what the regulation does not have, or a control does not say where it is about.
    """
    domain = varied(domain, variant)
    notes = (written["notes"], variant.get("notes", {}))
    if unknown := {*notes[0], *notes[1]} - {form["code"] for form in domain["forms"]}:
        raise ValueError(f"There are notes of forms that are not there: {', '.join(sorted(unknown))}.")
    forms = [_form(raw, domain, _note(raw["code"], *notes)) for raw in domain["forms"]]
    controls = [{**raw, **written["controls"].get(raw["id"], {})} for raw in domain["controls"]]
    labels = {line["code"]: line["label"] for form in forms for line in form["lines"]}
    contents: dict[str, Any] = {
        "formset.json": {
            "version": domain["version"],
            "opened_from": variant.get("opened_from"),
            "opened_until": variant.get("opened_until"),
            "breaks": variant.get("breaks", []),
            "closed_cells": domain["closedCells"],
        },
        "forms.json": forms,
        "concepts.json": _concepts(forms),
        "controls.json": [_control(raw) for raw in controls],
        "messages.json": {raw["id"]: message(raw, written["messages"][raw["id"]], labels) for raw in controls},
        "accounts.json": account_rules(forms, {**written["accounts"], **variant.get("accounts", {})}),
        "examples.json": _examples({**written["examples"], **variant.get("examples", {})}, domain["version"]),
        "quartiles.json": [_quartile(raw) for raw in domain["quartiles"]],
        "lists.json": {"communes": of_years(written["communes"], *variant["communes"])},
    }
    _mark_last_year(contents, written["last_year"])
    return {name: contents[name] for name in FILES}


def _mark_last_year(contents: Raw, marking: Mapping[str, Any]) -> None:
    """Write on each line what each column does with last year's answer (F32), and where that answer stands.

    By hand for the lines that `last_year.json` names. Otherwise nobody types in a cell that is computed, closed or an
    alias, and a line that means something else than last year takes nothing; what is about an earlier year, what says
    who the body is, and what a year opens with (the closing of last year: H-12) are carried; the other answers are
    shown beside.
    """
    form_set = assemble(contents, "")
    for form in contents["forms.json"]:
        for raw in form["lines"]:
            line = form_set.line(raw["code"])
            by_hand = marking["lines"].get(line.code, {})
            raw["last_year"] = {
                column: by_hand.get(column) or _mark(form_set, line, column, marking) for column in form["columns"]
            }
            cells = {column: _last_year_cell(form, line, column, marking) for column in form["columns"]}
            raw["last_year_from"] = {
                column: cell
                for column, cell in cells.items()
                if raw["last_year"][column] != "never" and cell != f"{line.code}.{column}"
            }


def _mark(form_set: FormSet, line: Line, column: str, marking: Mapping[str, Any]) -> str:
    address = f"{line.code}.{column}"
    nobody_types = form_set.is_computed(address) or form_set.is_closed(address) or line.alias_of is not None
    if nobody_types or line.code in form_set.breaks:
        return "never"
    if form_set.is_prefilled(address) or column in marking["opening"]:
        return "carry"
    is_text = line.type in marking["identity_types"] or re.fullmatch("T[0-9]+", line.type) is not None
    return "carry" if is_text and form_set.form_of(address).code in marking["identity_forms"] else "beside"


def _last_year_cell(form: Raw, line: Line, column: str, marking: Mapping[str, Any]) -> str:
    if line.code in marking["from"]:
        return f"{marking['from'][line.code]}.{column}"
    if column in marking["opening"]:
        return f"{line.code}.{marking['opening'][column]}"
    if column == "n1":
        return f"{line.code}.{form['default_column']}"
    return f"{line.code}.n1" if column == "n2" else f"{line.code}.{column}"


def write(contents: Mapping[str, Any], folder: Path) -> str:
    """Write the files and the digest; returns the digest."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        (folder / name).write_text(text, encoding="utf-8")
    digest = digest_of(contents)
    (folder / DIGEST_FILE).write_text(digest + "\n", encoding="ascii")
    return digest


def _examples(written: Mapping[str, Any], version: str) -> Raw:
    """The examples of every control; `{version}` in a file stands for the version of the package."""
    found: Raw = json.loads(json.dumps(written, ensure_ascii=False).replace("{version}", version))
    return found


def _control(raw: Raw) -> Raw:
    kept = {key: raw[key] for key in ("id", "severity", "expression", "scope", "document")}
    return {**kept, "in_force_from": raw.get("in_force_from"), "in_force_until": raw.get("in_force_until")}


def _note(form: str, *told: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """What is told of a form in each language: of every version, then of this one."""
    found = [notes[form] for notes in told if form in notes]
    return {language: " ".join(note[language] for note in found) for language in (found[0] if found else ())}


def _form(raw: Raw, domain: Mapping[str, Any], note: Mapping[str, str]) -> Raw:
    enums = {
        line["code"]: _enum_values(line["label"])
        for form in domain["forms"]
        for line in form["lines"]
        if line["type"] == "ENUM"
    }
    return {
        "code": raw["code"],
        "title": raw["title"],
        "document": raw["document"],
        "columns": raw["columns"],
        "default_column": raw["default"],
        "formula_columns": raw["formulaColumns"],
        "derived_columns": raw["derivedColumns"],
        "prefilled_columns": raw["prefilledColumns"],
        "lines": [_line(line, enums) for line in raw["lines"]],
        "note": note,
    }


def _line(raw: Raw, enums: Mapping[str, list[str]]) -> Raw:
    alias = raw.get("aliasOf")
    values = enums.get(raw["code"], [])
    if not values and alias:
        values = enums.get(alias.rpartition(".")[0], [])
    return {
        "code": raw["code"],
        "label": re.sub(r"\s*\{[^}]*\}", "", raw["label"]),
        "type": raw["type"],
        "accounts": raw["accounts"],
        "formula": raw["formula"],
        "mode": raw["mode"],
        "required": raw["required"],
        "concepts": raw["concepts"],
        "alias_of": alias,
        "concept": raw.get("concept"),
        "direction": raw.get("direction"),
        "prefilled": bool(raw.get("prefilled")),
        "enum_values": values,
        "requires_all": raw["code"] in _REQUIRES_ALL,
        "last_year": {},
        "last_year_from": {},
    }


def _enum_values(label: str) -> list[str]:
    """`Famille {OPH, ESH (depuis 2008)}` → [OPH, ESH]."""
    found = re.search(r"\{([^}]*)\}", label)
    return [part.split("(")[0].strip() for part in found.group(1).split(",")] if found else []


def _concepts(forms: list[Raw]) -> list[Raw]:
    aliases: dict[str, list[tuple[str, str]]] = {}
    for form in forms:
        for line in form["lines"]:
            if line["concept"]:
                cell = f"{line['code']}.{form['default_column']}"
                aliases.setdefault(line["concept"], []).append((cell, line["direction"]))
    return [
        _concept(form, line, column, aliases.get(concept, []))
        for form in forms
        for line in form["lines"]
        for column, concept in line["concepts"].items()
    ]


def _concept(form: Raw, line: Raw, column: str, aliases: list[tuple[str, str]]) -> Raw:
    is_computed = column in form["derived_columns"] or (line["formula"] and column in form["formula_columns"])
    is_prefilled = line["prefilled"] or column in form["prefilled_columns"]
    return {
        "code": line["concepts"][column],
        "cell": f"{line['code']}.{column}",
        "label": line["label"],
        "type": line["type"],
        "nature": "computed" if is_computed else "prefilled" if is_prefilled else "input",
        "direction": "both" if any(direction == "both" for _, direction in aliases) else "er_to_qdis",
        "aliases": [cell for cell, _ in aliases],
    }


def _quartile(raw: Raw) -> Raw:
    return {
        key: [_decimal(number) for number in value] if isinstance(value, list) else value for key, value in raw.items()
    }


def _decimal(number: float | None) -> str | None:
    return None if number is None else f"{number:.2f}".rstrip("0").rstrip(".")


def variants() -> list[dict[str, Any]]:
    """What each version changes, oldest version first."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted((SOURCE / "variants").glob("*.json"))]


def main(arguments: list[str]) -> int:
    """Build every version into the folder given, or into the tree."""
    domain = json.loads((SOURCE / "domain.json").read_text(encoding="utf-8"))
    written = {
        name: json.loads((SOURCE / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("messages", "controls", "accounts", "examples", "last_year", "communes", "notes")
    }
    root = Path(arguments[0]) if arguments else _ROOT / "formsets"
    for variant in variants():
        digest = write(build(domain, written, variant), root / variant["version"])
        print(f"{variant['version']}: {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
