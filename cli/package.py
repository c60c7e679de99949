"""`harmonia package lint` and `harmonia package diff`: form packages, before anybody fills them."""

import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]
from rich.console import Console
from rich.table import Table
from rich.text import Text

import formsets
from formsets import FormSet
from formsets.canonical import DIGEST_FILE, digest_of, read_contents
from formsets.difference import Change, Difference, compare
from formsets.package import assemble
from services.validation.domain.linting import Remark, lint

RIGHT = 0
"""Exit code: no error; for `diff`, always."""
WRONG = 1
"""Exit code: the package has errors."""
UNREADABLE = 2
"""Exit code: there is no such package, or it cannot be read."""

_HOME = Path(formsets.__file__).parent
_MOST_SHOWN = 80
"""Characters of a value in a table."""
_SUBJECTS = {
    "package": "Paquet",
    "form": "Formulaires",
    "line": "Lignes",
    "cell": "Cases",
    "control": "Contrôles",
    "message": "Messages",
    "concept": "Concepts",
    "accounts": "Comptes",
    "example": "Exemples",
    "list": "Listes de référence",
}


class _NoPackage(Exception):
    """There is no package there; the sentence goes to the user."""


def lint_command(target: str, json_output: bool = False) -> int:
    """Say what is wrong with a package, a folder or a shipped version; return the exit code (0, 1 or 2)."""
    try:
        contents, expected = _contents(target)
    except _NoPackage as refusal:
        print(refusal, file=sys.stderr)
        return UNREADABLE
    digest = digest_of(contents)
    remarks, marks = _structure(contents), Counter[str]()
    if not remarks:
        form_set = assemble(contents, digest)
        remarks, marks = lint(form_set), Counter[str](map(form_set.last_year_mark, form_set.cells()))
    if expected and expected != digest:
        remarks = [Remark("error", "digest", DIGEST_FILE, f"{expected} is written beside the files."), *remarks]
    errors = sum(remark.level == "error" for remark in remarks)
    if json_output:
        listed = [_remark(remark) for remark in remarks]
        _print_json({"digest": digest, "errors": errors, "remarks": listed, "last_year": marks})
    else:
        _print_remarks(remarks, digest, errors)
        _print_marks(marks)
    return WRONG if errors else RIGHT


def diff_command(before: str, after: str, json_output: bool = False) -> int:
    """Show what changes from one package to another, folders or shipped versions; return the exit code (0 or 2)."""
    try:
        difference = compare(_package(before), _package(after))
    except _NoPackage as refusal:
        print(refusal, file=sys.stderr)
        return UNREADABLE
    if json_output:
        _print_json(_difference(difference))
    else:
        _print_difference(difference, Console())
    return RIGHT


def _contents(target: str) -> tuple[dict[str, Any], str]:
    """The parsed files of a package and the digest written beside them, empty when there is none."""
    folder = _HOME / target if target in formsets.available() else Path(target)
    if not folder.is_dir():
        known = ", ".join(formsets.available())
        raise _NoPackage(f"« {target} » n'est ni un dossier ni une version livrée ({known}).")
    try:
        contents = read_contents(folder)
        digest_of(contents)
        written = folder / DIGEST_FILE
        return contents, written.read_text(encoding="ascii").strip() if written.is_file() else ""
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise _NoPackage(f"« {target} » ne peut pas être lu : {error}") from error


def _package(target: str) -> FormSet:
    contents, _ = _contents(target)
    wrong = _structure(contents)
    if wrong:
        raise _NoPackage(f"« {target} » n'est pas un paquet : {wrong[0].subject} : {wrong[0].sentence}")
    return assemble(contents, digest_of(contents))


def _structure(contents: Mapping[str, Any]) -> list[Remark]:
    """What the JSON Schema refuses, and messages that the controls do not have or miss."""
    schema = json.loads((_HOME / "package.schema.json").read_text(encoding="utf-8"))
    remarks = [
        Remark("error", "schema", "/".join(map(str, error.absolute_path)) or "paquet", error.message[:300])
        for error in Draft202012Validator(schema, format_checker=FormatChecker(["date"])).iter_errors(contents)
    ]
    if remarks:
        return remarks
    controls, messages = {raw["id"] for raw in contents["controls.json"]}, set(contents["messages.json"])
    return [
        Remark("error", "missing-text", control, f"Control {control} has no message, or a message has no control.")
        for control in sorted(controls ^ messages)
    ]


def _remark(remark: Remark) -> dict[str, str]:
    return {
        "level": remark.level,
        "rule": remark.rule,
        "subject": remark.subject,
        "sentence": remark.sentence,
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "before": {"version": difference.before.version, "digest": difference.before.digest},
        "after": {"version": difference.after.version, "digest": difference.after.digest},
        "breaks": list(difference.breaks),
        "changes": [
            {
                "kind": change.kind,
                "subject": change.subject,
                "code": change.code,
                "property": change.property,
                "before": change.before,
                "after": change.after,
                "breaks_comparison": change.breaks_comparison,
            }
            for change in difference.changes
        ],
    }


def _print_json(answer: Mapping[str, Any]) -> None:
    json.dump(answer, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


def _print_remarks(remarks: Sequence[Remark], digest: str, errors: int) -> None:
    console = Console()
    for remark in remarks:
        mark = "[red]erreur[/]" if remark.level == "error" else "[yellow]à voir[/]"
        console.print(f"{mark} {remark.rule} ", end="")
        console.print(f"{remark.subject} : {remark.sentence}", markup=False, highlight=False)
    console.print(f"{errors} erreur(s), {len(remarks) - errors} remarque(s).")
    console.print(f"Empreinte {digest}", highlight=False)


def _print_marks(marks: Mapping[str, int]) -> None:
    words = {"carry": "reprises", "beside": "montrées à côté", "never": "jamais"}
    if marks:
        counts = ", ".join(f"{marks.get(mark, 0)} {word}" for mark, word in words.items())
        print(f"Réponses de l'année précédente, par case : {counts}.")


def _print_difference(difference: Difference, console: Console) -> None:
    before, after = difference.before, difference.after
    for form_set in (before, after):
        console.print(f"{form_set.version}  empreinte {form_set.digest}", highlight=False, soft_wrap=True)
    for subject, title in _SUBJECTS.items():
        changes = [change for change in difference.changes if change.subject == subject]
        if changes and subject != "package":
            _print_changes(console, title, changes)
    if difference.breaks:
        console.print(f"Ruptures de comparabilité (≠) : {', '.join(difference.breaks)}.", highlight=False)


def _print_changes(console: Console, title: str, changes: Sequence[Change]) -> None:
    table = Table("", "Code", "Propriété", "Avant", "Après", title=f"{title} ({len(changes)})", title_justify="left")
    signs = {"added": "+", "removed": "-", "changed": "~"}
    for change in changes:
        mark = signs[change.kind] + (" ≠" if change.breaks_comparison else "")
        before, after = (
            text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…" for text in (change.before, change.after)
        )
        table.add_row(mark, change.code, change.property, Text(before), Text(after))
    console.print(table)
