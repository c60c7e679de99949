"""What is wrong with a form package before anybody fills it: references, types, circles, texts, examples, caps.

The linter never raises on a bad package: it lists, so that one run shows everything.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from formsets import Control, Form, FormSet
from formsets.consequences import severity_told
from formsets.formats import COMMUNES
from formsets.reference_lists import ReferenceList
from services.validation.domain.errors import CyclicFormulas, MalformedExpression
from services.validation.domain.examples import outcome
from services.validation.domain.rule_set import RuleSet, compile_rules, malformed_expressions

LANGUAGES = ("fr", "en")
MOST_LINES = 5_000
MOST_CELLS = 20_000
MOST_CONTROLS = 5_000
MOST_OPERANDS = 5_000
"""Operands of one control, once written out over its lines."""
LONGEST_MESSAGE = 1_000
SHORTEST_SENTENCE = 3
"""Words from which a text is a sentence, which cannot be the same in two languages; codes are no words."""
_NO_PLACE = re.compile(
    r"(?:(?:la|les?|une?|ou|et|cases?|cellules?|pièces?|lignes?|valeurs?|données?|documents?|fichiers?"
    r"|signalée?s?|concernée?s?|indiquée?s?"
    r"|the|an?|or|and|cells?|lines?|values?|facts?|files?|attachments?|shown|concerned|flagged|indicated)\b\W*)+"
)
"""A place told in words that name none."""
_WORD = re.compile(r"(?<![\w.])[^\W\d_]{2,}(?![\w.]*\d)")

_UNREADABLE = frozenset({"duplicate-code", "too-large"})
"""Lint rules after whose errors expressions are not read: cells would not be found, or there are too many."""

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to correct."""

    level: Level
    """The tests refuse to ship a package with errors; warnings are looked at."""
    rule: str
    """Name of the lint rule: `unknown-reference`, `missing-text`…"""
    subject: str
    """What it is about: a control, a line, a cell, a file."""
    sentence: str


def lint(form_set: FormSet) -> list[Remark]:
    """Everything wrong with a package, errors first."""
    misplaced = list(_misplaced(form_set))
    if misplaced:
        return misplaced
    remarks = [remark for rule in _RULES for remark in rule(form_set)]
    if not any(remark.rule in _UNREADABLE for remark in remarks):
        remarks += _of_rules(form_set)
    return sorted(remarks, key=lambda remark: remark.level)


def _misplaced(form_set: FormSet) -> Iterator[Remark]:
    """Lines under another form than their code says: no cell would be found."""
    for form in form_set.forms:
        for line in form.lines:
            if line.code[:2] != form.code:
                yield Remark("error", "misplaced-line", line.code, f"Line {line.code} is in form {form.code}.")


def _duplicates(form_set: FormSet) -> Iterator[Remark]:
    lines = [line.code for form in form_set.forms for line in form.lines]
    families: tuple[tuple[str, list[str]], ...] = (
        ("form", [form.code for form in form_set.forms]),
        ("line", lines),
        ("control", [control.id for control in form_set.controls]),
        ("concept", [concept.code for concept in form_set.concepts]),
        ("cell of a concept", [concept.cell for concept in form_set.concepts]),
        ("alias", [alias for concept in form_set.concepts for alias in concept.aliases]),
    )
    for kind, codes in families:
        for code, count in Counter(codes).items():
            if count > 1:
                yield Remark("error", "duplicate-code", code, f"The {kind} {code} is there {count} times.")


def _caps(form_set: FormSet) -> Iterator[Remark]:
    sizes = (
        ("lines", sum(len(form.lines) for form in form_set.forms), MOST_LINES),
        ("cells", len(form_set.cells()), MOST_CELLS),
        ("controls", len(form_set.controls), MOST_CONTROLS),
    )
    for kind, count, most in sizes:
        if count > most:
            yield Remark("error", "too-large", form_set.version, f"{count} {kind}; {most} are allowed.")


def _structure(form_set: FormSet) -> Iterator[Remark]:
    for form in form_set.forms:
        columns = set(form.columns)
        named = {form.default_column, *form.formula_columns, *form.derived_columns, *form.prefilled_columns}
        for column in sorted(named - columns):
            yield Remark("error", "unknown-reference", form.code, f"Form {form.code} has no column {column}.")
        for line in form.lines:
            if line.type == "ENUM" and not line.enum_values:
                yield Remark("error", "empty-enumeration", line.code, f"{line.code} lists no value.")
            for column in line.concepts:
                if column not in columns:
                    yield Remark("error", "unknown-reference", line.code, f"{line.code} has no column {column}.")


def _references(form_set: FormSet) -> Iterator[Remark]:
    """Cells named outside expressions: closed cells, breaks, concepts, aliases, account rules."""
    concepts = {concept.code for concept in form_set.concepts}
    lines = {line.code for form in form_set.forms for line in form.lines}
    cells = [("closed cells", address) for address in sorted(form_set.closed_cells)]
    cells += [(f"concept {c.code}", address) for c in form_set.concepts for address in (c.cell, *c.aliases)]
    cells += [("accounts", rule.cell) for rule in form_set.accounts]
    for where, address in cells:
        if not form_set.has_cell(address):
            yield Remark("error", "unknown-reference", where, f"There is no cell {address}.")
    for code in sorted(form_set.breaks - lines):
        yield Remark("error", "unknown-reference", "breaks", f"There is no line {code}.")
    for form in form_set.forms:
        for line in form.lines:
            if line.alias_of is not None and not form_set.has_cell(line.alias_of):
                yield Remark("error", "unknown-reference", line.code, f"There is no cell {line.alias_of}.")
            if line.concept is not None and line.concept not in concepts:
                yield Remark("error", "unknown-reference", line.code, f"There is no concept {line.concept}.")


def _texts(form_set: FormSet) -> Iterator[Remark]:
    for control in form_set.controls:
        for language in LANGUAGES:
            text = control.texts.get(language)
            for part in ("what", "where", "how"):
                written = getattr(text, part).strip() if text else ""
                if not written:
                    sentence = f"Control {control.id} does not say “{part}” in {language}."
                    yield Remark("error", "missing-text", control.id, sentence)
                elif len(written) > LONGEST_MESSAGE:
                    sentence = f"“{part}” of {control.id} has {len(written)} characters; {LONGEST_MESSAGE} are allowed."
                    yield Remark("error", "long-text", control.id, sentence)
                elif part == "how" and severity_told(written, language) not in {"", control.severity}:
                    sentence = f"“how” of {control.id} in {language} tells another severity than {control.severity}."
                    yield Remark("error", "wrong-consequence", control.id, sentence)
        yield from _untranslated(control)
        yield from _placeless(control)
    for form in form_set.forms:
        yield from _note(form)
        for line in form.lines:
            if not line.label.strip():
                yield Remark("error", "missing-text", line.code, f"Line {line.code} has no label.")


def _untranslated(control: Control) -> Iterator[Remark]:
    french, english = (control.texts.get(language) for language in LANGUAGES)
    if french is None or english is None:
        return
    for part in ("what", "where", "how"):
        if _is_same(getattr(french, part), getattr(english, part)):
            # Where may be a proper name: somebody looks.
            level: Level = "warning" if part == "where" else "error"
            sentence = f"“{part}” of {control.id} is the same in French and in English."
            yield Remark(level, "untranslated", control.id, sentence)


def _is_same(french: str, english: str) -> bool:
    """Whether a sentence is the same in both languages; codes and names of few words may be."""
    said = [_WORD.findall(text.casefold()) for text in (french, english)]
    return said[0] == said[1] and len(said[0]) >= SHORTEST_SENTENCE


def _placeless(control: Control) -> Iterator[Remark]:
    """Where that names no place: no cell, no kind of cell, no page, no part of a file."""
    for language in LANGUAGES:
        if _NO_PLACE.fullmatch(control.text(language).where.strip().casefold()):
            sentence = f"“where” of {control.id} names no place in {language}."
            yield Remark("error", "vague-place", control.id, sentence)


def _note(form: Form) -> Iterator[Remark]:
    """What is told of a form: in both languages or in none, as long as a message at most."""
    said = {language: form.note.get(language, "").strip() for language in LANGUAGES}
    for language, text in said.items():
        if not text and form.note:
            yield Remark("error", "missing-text", form.code, f"The note of {form.code} does not say it in {language}.")
        if len(text) > LONGEST_MESSAGE:
            sentence = f"The note of {form.code} has {len(text)} characters; {LONGEST_MESSAGE} are allowed."
            yield Remark("error", "long-text", form.code, sentence)
    if _is_same(*said.values()):
        sentence = f"The note of {form.code} is the same in French and in English."
        yield Remark("error", "untranslated", form.code, sentence)


def _periods(form_set: FormSet) -> Iterator[Remark]:
    bounds = [(form_set.version, form_set.opened_from, form_set.opened_until)]
    bounds += [(control.id, control.in_force_from, control.in_force_until) for control in form_set.controls]
    for subject, first, last in bounds:
        if first is not None and last is not None and last < first:
            yield Remark("error", "empty-period", subject, f"{subject} ends on {last}, before it begins on {first}.")


def _accounts(form_set: FormSet) -> Iterator[Remark]:
    taken: dict[str, str] = {}
    for rule in form_set.accounts:
        if form_set.has_cell(rule.cell) and not form_set.accepts_input(rule.cell):
            yield Remark("error", "closed-target", rule.cell, f"Accounts fill {rule.cell}, where nobody types.")
        for prefix in (*rule.include, *rule.rest):
            if prefix in taken:
                sentence = f"Account prefix {prefix} goes to {taken[prefix]} and to {rule.cell}."
                yield Remark("error", "ambiguous-account", rule.cell, sentence)
            taken[prefix] = rule.cell


def _last_year(form_set: FormSet) -> Iterator[Remark]:
    """What each cell does with last year's answer (F32): said of every cell, and possible."""
    for form in form_set.forms:
        for line in form.lines:
            for column in sorted(line.last_year.keys() ^ set(form.columns)):
                sentence = (
                    f"Column {column} of {line.code} has no mark for last year's answer, or there is no such column."
                )
                yield Remark("error", "missing-mark", line.code, sentence)
            for column, mark in line.last_year.items():
                address = f"{line.code}.{column}"
                if mark == "never" or not form_set.has_cell(address):
                    continue
                if line.alias_of is not None or not form_set.accepts_input(address):
                    sentence = f"{address} is marked “{mark}” for last year's answer, where nobody types."
                    yield Remark("error", "closed-target", address, sentence)
            for column, cell in line.last_year_from.items():
                if not form_set.has_cell(cell):
                    yield Remark("error", "unknown-reference", f"{line.code}.{column}", f"There is no cell {cell}.")


def _lists(form_set: FormSet) -> Iterator[Remark]:
    """Reference lists: there when a cell asks for them, in order, and true to themselves."""
    if COMMUNES not in form_set.lists:
        for code in (line.code for form in form_set.forms for line in form.lines if line.type == "INSEE5"):
            sentence = f"{code} is the code of a commune, and there is no list “{COMMUNES}” (F-10)."
            yield Remark("error", "missing-list", code, sentence)
    for entries in form_set.lists.values():
        yield from _of_years(entries)
        codes = list(entries)
        if codes != sorted(set(codes)):
            sentence = f"The codes of “{entries.name}” are not in order, or one is there twice."
            yield Remark("error", "bad-list", entries.name, sentence)
        successors = entries.successors()
        for code, into in successors.items():
            if into not in entries or into in entries.until or into not in entries.labels:
                sentence = f"{code} of “{entries.name}” is part of {into}, which is not in force or has no name."
                yield Remark("error", "bad-list", code, sentence)
            if code in entries and code not in entries.until:
                yield Remark("error", "bad-list", code, f"{code} of “{entries.name}” is in force and part of {into}.")
        for code in sorted(entries.until.keys() - successors.keys()):
            sentence = f"{code} of “{entries.name}” ended, and nothing says what it is part of."
            yield Remark("warning", "no-successor", code, sentence)


def _of_years(entries: ReferenceList) -> Iterator[Remark]:
    if entries.last_year < entries.first_year:
        yield Remark("error", "empty-period", entries.name, f"“{entries.name}” ends before it begins.")
    for code in sorted({*entries.since, *entries.until}):
        first = entries.since.get(code, entries.first_year)
        last = entries.until.get(code, entries.last_year)
        if code not in entries or not entries.first_year <= first <= last <= entries.last_year:
            sentence = f"{code} of “{entries.name}” is not in the list, or not in its years."
            yield Remark("error", "bad-list", code, sentence)


_RULES: tuple[Callable[[FormSet], Iterator[Remark]], ...] = (
    _duplicates,
    _caps,
    _structure,
    _references,
    _texts,
    _periods,
    _accounts,
    _last_year,
    _lists,
)


def _of_rules(form_set: FormSet) -> list[Remark]:
    """What only shows once formulas and controls are read: expressions, circles, examples, dead lines."""
    wrong = malformed_expressions(form_set)
    remarks = [Remark("error", "bad-expression", subject, sentence) for subject, sentence in wrong.items()]
    if wrong:
        return remarks
    try:
        rules = compile_rules(form_set)
    except CyclicFormulas as error:
        return [Remark("error", "cycle", form_set.version, error.message)]
    except MalformedExpression as error:
        return [Remark("error", "bad-expression", form_set.version, error.message)]
    for control in form_set.controls:
        remarks += _operand_cap(rules, control)
        remarks += _examples(rules, control, form_set.examples.get(control.id, {}))
    return remarks + list(_dead_lines(form_set, rules))


def _operand_cap(rules: RuleSet, control: Control) -> Iterator[Remark]:
    if control.expression is not None and len(rules.operands(control.id)) > MOST_OPERANDS:
        count = len(rules.operands(control.id))
        yield Remark(
            "error", "too-large", control.id, f"{control.id} reads {count} cells; {MOST_OPERANDS} are allowed."
        )


def _examples(rules: RuleSet, control: Control, given: Mapping[str, Any]) -> Iterator[Remark]:
    for kind, expected in (("passing", "passed"), ("failing", "failed")):
        if kind not in given:
            yield Remark("error", "missing-example", control.id, f"{control.id} has no {kind} example.")
            continue
        try:
            found = outcome(rules, control.id, given[kind])
        except ValueError as error:
            yield Remark(
                "error", "bad-example", control.id, f"The {kind} example of {control.id} does not run: {error}"
            )
            continue
        if found != expected:
            sentence = f"The {kind} example of {control.id} gives “{found}”, not “{expected}”."
            yield Remark("error", "bad-example", control.id, sentence)


def _dead_lines(form_set: FormSet, rules: RuleSet) -> Iterator[Remark]:
    """Input lines that no formula, control, concept nor account reads: asked of people for nothing."""
    read = rules.cells_read | {concept.cell for concept in form_set.concepts}
    for form in form_set.forms:
        for line in form.lines:
            cells = [f"{line.code}.{column}" for column in form.columns]
            typed = [cell for cell in cells if form_set.accepts_input(cell)]
            if (
                typed
                and line.alias_of is None
                and line.type not in _TEXTS
                and not line.type.startswith("T")
                and read.isdisjoint(cells)
            ):
                yield Remark("warning", "dead-line", line.code, f"Nothing reads line {line.code} ({line.label}).")


_TEXTS = frozenset({"ENUM", "EMAIL", "TEL", "CP5", "INSEE5", "SIREN", "SIRET", "BOOL"})
"""Types of lines that are there to be read by people."""
