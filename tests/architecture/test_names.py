"""Names are the trade's words: those that say nothing are forbidden (architecture 7.7)."""

import ast
import re

from tests.support.tree import ROOT, modules, names, parsed, tracked

FORBIDDEN = frozenset(
    {
        *("manager", "managers", "helper", "helpers", "util", "utils", "common", "base", "impl", "dto", "dao"),
        *("data", "info", "process", "do", "handle", "misc", "stuff"),
    }
)
ALLOWED = {
    "left_to_do": "what the home page is headed: what is left to do",
    "_base": "the common ancestor that two versions of a fact come from",
    "flat_file_process": "a real operating-system process",
    "ReaderProcess": "a real operating-system process",
    "ProcessName": "the name that an operating-system process proves with its certificate",
    "do_GET": "the name that http.server calls",
    "handle_starttag": "the name that html.parser calls",
    "handle_endtag": "the name that html.parser calls",
    "handle_data": "the name that html.parser calls",
}
"""Names with such a word in its plain meaning, each with the reason."""


def test_no_name_says_nothing():
    empty = [
        f"{name.place}: {name.kind} {name.name}"
        for name in names()
        if FORBIDDEN.intersection(name.words) and name.name not in ALLOWED
    ]

    assert empty == []


def test_no_name_ends_in_a_number():
    numbered = [
        f"{name.place}: {name.kind} {name.name}"
        for name in names()
        if re.search(r"[a-z]_?\d$", name.name) and "migrations" not in name.place
    ]

    assert [one for one in numbered if not one.endswith(("sha256", "argon2", "oauth2", "utf8"))] == []


def test_a_failure_is_named_by_what_went_wrong():
    suffixed = [name.place for name in names() if name.kind == "class" and name.name.endswith(("Error", "Exception"))]

    assert suffixed == []


def test_a_use_case_file_holds_the_class_it_is_named_after():
    missing = []
    for path in modules():
        if path.parent.name != "usecases" or path.stem in {"__init__", "ports"}:
            continue
        classes = [node for node in parsed(path).body if isinstance(node, ast.ClassDef)]
        callable_classes = [c for c in classes if any(getattr(n, "name", "") == "__call__" for n in c.body)]
        expected = path.stem.replace("_", "").lower()
        if callable_classes and expected not in {c.name.lower() for c in classes} and len(callable_classes) == 1:
            missing.append(str(path.relative_to(ROOT)))

    assert missing == []


def test_nothing_is_patched():
    patching = re.compile(r"unittest\.mock|from unittest import mock|\bmonkeypatch\b|\bmocker\b")
    found = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix == ".py" and "architecture" not in path.parts and patching.search(path.read_text("utf-8"))
    ]

    assert found == []


def test_every_module_says_what_it_is_for():
    silent = [str(path.relative_to(ROOT)) for path in modules() if not ast.get_docstring(parsed(path))]

    assert [place for place in silent if "/migrations/" not in place] == []
