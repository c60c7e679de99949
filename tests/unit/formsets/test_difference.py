import dataclasses

import formsets
from formsets.difference import Change, compare
from tests.support.form_sets import remarked

OLD, NEW = formsets.load("2024.1"), formsets.load("2025.1")


def test_a_version_does_not_differ_from_itself() -> None:
    assert compare(OLD, OLD).changes == ()
    assert compare(OLD, OLD).breaks == ()


def test_the_change_of_2025_is_seen_with_its_breaks() -> None:
    difference = compare(OLD, NEW)
    changes = {(c.subject, c.code, c.property): c for c in difference.changes}

    assert difference.breaks == ("CC.640", "CC.860", "CP.410", "CP.670", "SG.090", "SG.110", "SG.120")
    assert changes["line", "CC.860", "formula"].breaks_comparison
    assert changes["line", "SG.120", "meaning"].breaks_comparison
    assert not changes["line", "CP.620", "accounts"].breaks_comparison
    assert changes["cell", "CP.380.n", "state"] == Change("changed", "cell", "CP.380.n", "state", "open", "closed")
    assert changes["accounts", "CP.630.n", "include"].after == "747"
    assert {c.subject for c in difference.changes} == {"package", "form", "line", "cell", "accounts", "example", "list"}


def test_what_a_cell_does_with_last_years_answer_is_seen() -> None:
    changed = remarked(OLD, {"BA.010": {"brut": "carry"}})
    changes = {(c.subject, c.code, c.property): (c.before, c.after) for c in compare(OLD, changed).changes}

    assert changes["line", "BA.010", "last_year"] == (
        "brut: beside, amort: beside, net: never, n1: carry",
        "brut: carry, amort: beside, net: never, n1: carry",
    )
    assert [c.code for c in compare(OLD, NEW).changes if c.property == "last_year"] == ["CP.380", "CP.570"]


def test_what_is_added_or_removed_is_seen_both_ways() -> None:
    lines = tuple(line for line in OLD.form("BA").lines if line.code != "BA.880")
    forms = tuple(dataclasses.replace(f, lines=lines) if f.code == "BA" else f for f in OLD.forms)
    smaller = dataclasses.replace(OLD, forms=forms, controls=OLD.controls[1:], concepts=OLD.concepts[1:])

    gone, come = compare(OLD, smaller).changes, compare(smaller, OLD).changes

    assert {(c.kind, c.subject, c.code) for c in gone if c.kind == "removed"} == {
        ("removed", "line", "BA.880"),
        ("removed", "control", "F-01"),
        ("removed", "concept", OLD.concepts[0].code),
    }
    assert {c.code for c in come if c.kind == "added"} == {c.code for c in gone if c.kind == "removed"}


def test_a_changed_message_type_note_and_severity_are_seen() -> None:
    first = OLD.controls[0]
    texts = {**first.texts, "en": dataclasses.replace(first.texts["en"], how="Otherwise.")}
    control = dataclasses.replace(first, severity="R", texts=texts)
    form = dataclasses.replace(OLD.forms[0], note={"fr": "Autre note.", "en": "Another note."})
    changed = dataclasses.replace(OLD, controls=(control, *OLD.controls[1:]), forms=(form, *OLD.forms[1:]))

    found = {(c.subject, c.code, c.property): (c.before, c.after) for c in compare(OLD, changed).changes}

    assert found == {
        ("form", "ID", "fr.note"): (OLD.forms[0].note["fr"], "Autre note."),
        ("form", "ID", "en.note"): (OLD.forms[0].note["en"], "Another note."),
        ("control", "F-01", "severity"): ("B", "R"),
        ("message", "F-01", "en.how"): (first.texts["en"].how, "Otherwise."),
    }
