"""What changes from one version of a package to the next, and where figures stop being comparable."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from formsets.package import Concept, Control, Form, FormSet, Line

Kind = Literal["added", "removed", "changed"]
Subject = Literal["form", "line", "cell", "control", "message", "concept", "accounts", "example", "list", "package"]

_APART = frozenset({"lines", "texts", "message", "note"})


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    kind: Kind
    subject: Subject
    code: str
    """Form, line, cell, control or concept."""
    property: str = ""
    """What changed of it, empty when it was added or removed."""
    before: str = ""
    after: str = ""
    breaks_comparison: bool = False
    """Figures of this line before and after the change do not mean the same."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Every change, in the order of the package."""

    before: FormSet
    after: FormSet
    changes: tuple[Change, ...]

    @property
    def breaks(self) -> tuple[str, ...]:
        """Lines whose figures stop being comparable, in the order of the forms."""
        return tuple(line.code for form in self.after.forms for line in form.lines if line.code in self.after.breaks)


def compare(before: FormSet, after: FormSet) -> Difference:
    """Everything that differs between two versions."""
    changes = [
        *_package(before, after),
        *_items("form", before.forms, after.forms, "code"),
        *_notes(before, after),
        *_lines(before, after),
        *_closed(before, after),
        *_items("concept", before.concepts, after.concepts, "code"),
        *_items("control", before.controls, after.controls, "id"),
        *_messages(before, after),
        *_accounts(before, after),
        *_examples(before, after),
        *_lists_of_codes(before, after),
    ]
    return Difference(before, after, tuple(changes))


def _package(before: FormSet, after: FormSet) -> Iterable[Change]:
    for name in ("version", "digest", "opened_from", "opened_until"):
        yield from _property("package", after.version, name, getattr(before, name), getattr(after, name))


def _notes(before: FormSet, after: FormSet) -> Iterable[Change]:
    old = {form.code: form.note for form in before.forms}
    for form in after.forms:
        for language in sorted({*old.get(form.code, {}), *form.note}) if form.code in old else ():
            texts = (note.get(language, "") for note in (old[form.code], form.note))
            yield from _property("form", form.code, f"{language}.note", *texts)


def _lines(before: FormSet, after: FormSet) -> Iterable[Change]:
    old = {line.code: line for form in before.forms for line in form.lines}
    new = {line.code: line for form in after.forms for line in form.lines}
    told = set()
    for change in _items("line", old.values(), new.values(), "code"):
        is_break = change.code in after.breaks and change.property in {"formula", "type", "accounts", ""}
        if is_break:
            told.add(change.code)
        yield Change(
            change.kind, "line", change.code, change.property, change.before, change.after, breaks_comparison=is_break
        )
    moved = {code for code in after.breaks - before.breaks if code in old and code in new}
    for code in sorted(moved - told):
        yield Change("changed", "line", code, "meaning", "", "by what its formula reads", breaks_comparison=True)


def _closed(before: FormSet, after: FormSet) -> Iterable[Change]:
    for address in sorted(before.closed_cells ^ after.closed_cells):
        is_closed = address in after.closed_cells
        states = ("open", "closed") if is_closed else ("closed", "open")
        yield Change("changed", "cell", address, "state", *states)


def _messages(before: FormSet, after: FormSet) -> Iterable[Change]:
    old = {control.id: control for control in before.controls}
    for control in after.controls:
        if control.id not in old:
            continue
        yield from _property("message", control.id, "message", old[control.id].message, control.message)
        for language in sorted({*old[control.id].texts, *control.texts}):
            one, other = old[control.id].texts.get(language), control.texts.get(language)
            for part in ("what", "where", "how"):
                texts = (getattr(text, part) if text else "" for text in (one, other))
                yield from _property("message", control.id, f"{language}.{part}", *texts)


def _accounts(before: FormSet, after: FormSet) -> Iterable[Change]:
    old = {rule.cell: rule for rule in before.accounts}
    new = {rule.cell: rule for rule in after.accounts}
    for cell in dict.fromkeys((*old, *new)):
        if cell not in old or cell not in new:
            yield Change("removed" if cell in old else "added", "accounts", cell)
            continue
        for name in ("side", "include", "exclude", "rest", "conditional", "undecided"):
            yield from _property("accounts", cell, name, getattr(old[cell], name), getattr(new[cell], name))


def _examples(before: FormSet, after: FormSet) -> Iterable[Change]:
    for control in after.controls:
        one, other = before.examples.get(control.id, {}), after.examples.get(control.id, {})
        for kind in ("passing", "failing"):
            yield from _property("example", control.id, kind, one.get(kind), other.get(kind))


def _lists_of_codes(before: FormSet, after: FormSet) -> Iterable[Change]:
    for name in dict.fromkeys((*before.lists, *after.lists)):
        if name not in before.lists or name not in after.lists:
            yield Change("removed" if name in before.lists else "added", "list", name)
            continue
        old, new = before.lists[name], after.lists[name]
        yield from _property("list", name, "source", old.source, new.source)
        yield from _property("list", name, "licence", old.licence, new.licence)
        yield from _property("list", name, "known_from", old.first_year, new.first_year)
        yield from _property("list", name, "known_until", old.last_year, new.last_year)
        there, now = set(old) - old.until.keys(), set(new) - new.until.keys()
        yield from (Change("removed", "list", f"{name} {code}") for code in sorted(there - now))
        yield from (Change("added", "list", f"{name} {code}") for code in sorted(now - there))


def _items(
    subject: Subject,
    before: Iterable[Form] | Iterable[Line] | Iterable[Concept] | Iterable[Control],
    after: Iterable[Form] | Iterable[Line] | Iterable[Concept] | Iterable[Control],
    key: str,
) -> Iterable[Change]:
    old: dict[str, Any] = {getattr(item, key): item for item in before}
    new: dict[str, Any] = {getattr(item, key): item for item in after}
    for code, item in old.items():
        if code not in new:
            yield Change("removed", subject, code)
            continue
        for name in (field.name for field in fields(item) if field.name not in _APART):
            yield from _property(subject, code, name, getattr(item, name), getattr(new[code], name))
    for code in new:
        if code not in old:
            yield Change("added", subject, code)


def _property(subject: Subject, code: str, name: str, before: object, after: object) -> Iterable[Change]:
    if before != after:
        yield Change("changed", subject, code, name, _shown(before), _shown(after))


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items())
    return str(value)
