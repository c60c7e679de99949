"""The rule of the independent audit (signature.md 11): what an auditor has to read is this folder, and it stays small."""

import ast
import io
import sys
import tokenize
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "services" / "signature"
FILES = sorted(FOLDER.rglob("*.py"))
OURS = {"services.signature", "chassis", "harmonia", "formsets", "node.__main__"}
"""This folder, the chassis, the contract, the wording of the questionnaires, and the program that runs a service alone."""
THIRD_PARTIES = {
    "alembic",
    "asn1crypto",
    "cryptography",
    "google",
    "pydantic",
    "pydantic_settings",
    "sqlalchemy",
}
PURE = {"services.signature.domain", "chassis.errors", "formsets.signing", "formsets.verdicts"}
SHARED = tuple(FOLDER.parents[1] / "formsets" / name for name in ("signing.py", "verdicts.py"))
"""The rules W-05, W-06 and W-09, which the linter of form packages runs too, and what a verdict is called: read with this folder."""


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def is_within(name, roots):
    return any(name == root or name.startswith(root + ".") for root in roots)


def lines_of_code(path):
    """Lines that hold a token other than a comment or a docstring."""
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING)
    lines, at_start = set(), True
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type in skipped:
            at_start = at_start or token.type == tokenize.NEWLINE
            continue
        if not (at_start and token.type == tokenize.STRING):
            lines |= set(range(token.start[0], token.end[0] + 1))
        at_start = False
    return len(lines)


def test_nothing_of_another_service_and_few_third_parties_are_imported():
    names = {name for path in FILES for name in imported(path)}

    foreign = {
        n for n in names if not is_within(n, OURS | THIRD_PARTIES) and n.split(".")[0] not in sys.stdlib_module_names
    }

    assert foreign == set()


def test_the_domain_needs_the_standard_library_only():
    names = {name for path in FILES if path.parent.name == "domain" for name in imported(path)}

    assert {n for n in names if not is_within(n, PURE) and n.split(".")[0] not in sys.stdlib_module_names} == set()


def test_what_is_shared_with_the_form_packages_stands_on_nothing():
    assert {name for path in SHARED for name in imported(path)} == {"collections.abc", "typing"}


def test_an_auditor_has_at_most_four_thousand_lines_of_code_to_read():
    assert sum(map(lines_of_code, [*FILES, *SHARED])) <= 4_000
