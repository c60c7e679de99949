"""What importing a file would do, cell by cell."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from services.forms.domain.cell import Origin, PutBack
from services.forms.domain.errors import ImportHasProblems, ImportStale
from services.forms.domain.filing import Document
from services.forms.domain.importing import (
    Effect,
    ImportChoice,
    ImportPreview,
    Problem,
    ReadLine,
    Sentences,
    confirm,
    plan_import,
)
from tests.support.forms import (
    ALIAS,
    AMOUNT,
    CLOSED,
    FILING_ID,
    GIVEN,
    NOON,
    QDIS_ONLY,
    SHARED,
    TOTALLED,
    a_cell,
    a_form_set,
    a_source,
)

LATER = NOON + timedelta(minutes=5)


def plan(address, value, *cells, document=Document.ER):
    held = {cell.address: cell for cell in cells}
    (change,) = plan_import(a_form_set(), document, held, [ReadLine(4, address, value, value)])
    return change


def a_problem():
    sentences = Sentences("Ligne inconnue.", "Ligne 9", "Corrigez.")
    return Problem(9, "code", "ZZ.1", "F-24", "", sentences, sentences)


def a_preview(*changes, problems=()):
    return ImportPreview(UUID(int=1), FILING_ID, "er.csv", "Camille Compte", NOON, 1, changes, tuple(problems), ())


def written(preview, *cells, accept_partial=False, **choice):
    held = {cell.address: cell for cell in cells}
    return confirm(preview, held, "Alix", LATER, ImportChoice(**choice), accept_partial=accept_partial)


@pytest.mark.parametrize(
    ("cell", "effect"),
    [
        (None, Effect.FILL),
        (a_cell(value=""), Effect.PROTECTED),
        (a_cell(value="", source=a_source(put_back=PutBack("Alix", NOON, 0))), Effect.FILL),
        (a_cell(value="", source=a_source(put_back=PutBack("Alix", NOON, 2))), Effect.PROTECTED),
        (a_cell(value="", origin=Origin.IMPORTED), Effect.FILL),
        (a_cell(value="5"), Effect.SAME),
        (a_cell(value="6"), Effect.PROTECTED),
        (a_cell(value="6", origin=Origin.CHOSEN), Effect.PROTECTED),
        (a_cell(value="6", origin=Origin.IMPORTED), Effect.REPLACE),
        (a_cell(value="6", origin=Origin.LAST_YEAR), Effect.REPLACE),
        (a_cell(value="6", origin=Origin.SYNCHRONISED), Effect.REPLACE),
        (a_cell(value="6", origin=Origin.SYNCHRONISED, is_sealed=True), Effect.SEALED),
        (a_cell(value="5", origin=Origin.SYNCHRONISED, is_sealed=True), Effect.SAME),
    ],
)
def test_the_effect_follows_what_the_cell_holds(cell, effect):
    assert plan(AMOUNT, "5", *([cell] if cell else [])).effect is effect


def test_an_empty_text_empties_what_a_file_had_filled_and_nothing_else():
    assert plan(AMOUNT, "", a_cell(origin=Origin.IMPORTED)).effect is Effect.REPLACE
    assert plan(AMOUNT, "", a_cell()).effect is Effect.PROTECTED
    assert plan(AMOUNT, "").effect is Effect.SAME


@pytest.mark.parametrize(
    ("document", "address", "effect"),
    [
        (Document.ER, TOTALLED, Effect.COMPARED),
        (Document.ER, CLOSED, Effect.COMPARED),
        (Document.ER, ALIAS, Effect.ELSEWHERE),
        (Document.ER, QDIS_ONLY, Effect.ELSEWHERE),
        (Document.QDIS, AMOUNT, Effect.ELSEWHERE),
        (Document.QDIS, GIVEN, Effect.ELSEWHERE),
        (Document.QDIS, QDIS_ONLY, Effect.FILL),
    ],
)
def test_a_line_is_stored_only_where_its_document_takes_it(document, address, effect):
    assert plan(address, "5", document=document).effect is effect


def test_a_shared_line_of_the_er_is_not_stored_in_the_qdis_though_its_alias_is():
    """decisions.md 4: a server keeps only the lines of the open document."""
    assert plan(SHARED, "5", document=Document.QDIS).effect is Effect.ELSEWHERE
    alias = plan(ALIAS, "5", document=Document.QDIS)
    assert (alias.effect, alias.kept_at) == (Effect.FILL, SHARED)


def test_a_change_shows_what_stands_now():
    change = plan(AMOUNT, "5", a_cell(value="6", version=3, origin=Origin.IMPORTED))

    assert (change.current, change.current_version, change.current_origin) == ("6", 3, Origin.IMPORTED)
    assert (change.line, change.text, change.value) == (4, "5", "5")


def test_a_confirmed_import_says_who_confirmed_which_file_and_line():
    (cell,) = written(a_preview(plan(AMOUNT, "5")))

    assert (cell.value, cell.version) == ("5", 1)
    assert cell.source == a_source("Alix", Origin.IMPORTED, at=LATER, file="er.csv", line=4)


def test_a_replaced_cell_gets_its_next_version():
    present = a_cell(value="6", version=3, origin=Origin.IMPORTED)

    (cell,) = written(a_preview(plan(AMOUNT, "5", present)), present)

    assert (cell.value, cell.version) == ("5", 4)


def test_typed_values_stay_unless_overwriting_is_asked_for():
    preview = a_preview(plan(AMOUNT, "5", a_cell()))

    assert written(preview, a_cell()) == []
    assert [cell.value for cell in written(preview, a_cell(), overwrites_typed=True)] == ["5"]


@pytest.mark.parametrize("overwrites_typed", [True, False])
def test_what_is_the_same_compared_elsewhere_or_sealed_is_never_written(overwrites_typed):
    sealed = a_cell(SHARED, "6", is_sealed=True)
    changes = [plan(AMOUNT, "100", a_cell()), plan(TOTALLED, "1"), plan(ALIAS, "1"), plan(SHARED, "5", sealed)]

    assert written(a_preview(*changes), a_cell(), sealed, overwrites_typed=overwrites_typed) == []


def test_a_refused_line_refuses_all_unless_a_partial_import_is_accepted():
    preview = a_preview(plan(AMOUNT, "5"), problems=[a_problem()])

    with pytest.raises(ImportHasProblems, match="1 ligne"):
        written(preview)
    assert len(written(preview, accept_partial=True)) == 1


@pytest.mark.parametrize(
    "present",
    [a_cell(version=2), a_cell(origin=Origin.SYNCHRONISED)],
    ids=["another version", "filled since"],
)
def test_a_cell_changed_since_the_preview_makes_it_stale(present):
    preview = a_preview(replace(plan(AMOUNT, "5"), current_version=3 if present.version == 2 else 0))

    with pytest.raises(ImportStale, match=AMOUNT) as failure:
        written(preview, present)
    assert [(one.field, one.reason) for one in failure.value.violations] == [(AMOUNT, f"version={present.version}")]
    assert f"“{present.value or 'empty'}” now" in str(failure.value.violations[0].en)


def test_a_cell_sealed_since_the_preview_makes_it_stale():
    present = a_cell(SHARED, "6", origin=Origin.SYNCHRONISED)
    preview = a_preview(plan(SHARED, "5", present))

    with pytest.raises(ImportStale):
        written(preview, replace(present, is_sealed=True))


def test_a_cell_that_the_import_leaves_alone_may_change_meanwhile():
    preview = a_preview(plan(AMOUNT, "100", a_cell()))

    assert written(preview, a_cell(value="7", version=8)) == []


def test_a_person_decides_about_what_is_written_and_about_typed_values():
    imported = a_cell(value="6", origin=Origin.IMPORTED)
    found = plan(AMOUNT, "5"), plan(AMOUNT, "5", imported), plan(AMOUNT, "5", a_cell()), plan(AMOUNT, "6", imported)
    decided = [(one.is_written, one.is_open_to_choice) for one in found]
    assert decided == [(True, True), (True, True), (False, True), (False, False)]
