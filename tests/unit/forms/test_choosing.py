"""What a person takes of an import and what they leave out, by cell, line and form."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.domain.cell import Origin
from services.forms.domain.choosing import require_possible
from services.forms.domain.errors import ImportChoiceRefused
from services.forms.domain.importing import (
    Change,
    Effect,
    ImportChoice,
    ImportPreview,
    Problem,
    Sentences,
    confirm,
    left_out,
    names_of,
)
from tests.support.forms import FILING_ID, NOON, TOTALLED

CELLS = ("BA.010.brut", "BA.010.amort", "BA.020.brut", "CR.010.n")


def a_change(address, effect=Effect.FILL, line=1):
    return Change(address, address, line, "5", "5", "", 0, None, effect)


def a_preview(*changes):
    sentences = Sentences("Ligne inconnue.", "Ligne 9", "Corrigez.")
    problem = Problem(9, "valeur", "CR.020.n", "F-05", "x", sentences, sentences)
    return ImportPreview(FILING_ID, FILING_ID, "er.csv", "Camille", NOON, 1, changes, (problem,), ())


def a_choice(taken=(), left=(), **changes):
    return ImportChoice(frozenset(taken), frozenset(left), **changes)


def refused(choice, *changes):
    with pytest.raises(ImportChoiceRefused) as failure:
        require_possible(a_preview(*changes), choice)
    return [(one.field, one.fr.what, one.en.what) for one in failure.value.violations]


def test_a_cell_is_named_by_itself_its_line_and_its_form():
    assert names_of("BA.010.brut") == ("BA.010.brut", "BA.010", "BA")


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        (a_choice(), CELLS),
        (a_choice(left=["CR.010.n"]), CELLS[:3]),
        (a_choice(left=["BA.010"]), CELLS[2:]),
        (a_choice(left=["BA"]), CELLS[3:]),
        (a_choice(left=["BA"], taken=["BA.010"]), (*CELLS[:2], CELLS[3])),
        (a_choice(left=["BA", "BA.010.amort"], taken=["BA.010"]), (CELLS[0], CELLS[3])),
        (a_choice(left=["BA.010"], taken=["BA"]), CELLS[2:]),
        (a_choice(left=["BA", "CR"]), ()),
    ],
)
def test_the_narrowest_name_decides_and_what_is_not_named_is_written(choice, written):
    changes = [a_change(address) for address in CELLS]

    assert tuple(c.address for c in changes if choice.writes(c)) == written
    assert left_out(changes, choice) == tuple(address for address in CELLS if address not in written)


@pytest.mark.parametrize(
    ("choice", "is_written"),
    [
        (a_choice(), False),
        (a_choice(taken=["BA", "BA.010"]), False),
        (a_choice(taken=["BA.010.brut"]), True),
        (a_choice(taken=["BA.010.brut"], left=["BA.010", "BA"]), True),
        (a_choice(overwrites_typed=True), True),
        (a_choice(left=["BA.010"], overwrites_typed=True), False),
    ],
)
def test_a_typed_correction_is_replaced_when_its_own_cell_is_taken_or_all_of_them(choice, is_written):
    protected = a_change("BA.010.brut", Effect.PROTECTED)

    assert choice.writes(protected) is is_written
    assert left_out([protected], choice) == ()


@pytest.mark.parametrize("effect", [Effect.SAME, Effect.COMPARED, Effect.ELSEWHERE, Effect.SEALED])
def test_taking_a_cell_that_an_import_never_writes_does_not_write_it(effect):
    assert not a_choice(taken=["BA.010.brut"], overwrites_typed=True).writes(a_change("BA.010.brut", effect))


def test_a_name_that_the_preview_does_not_have_is_refused_with_what_where_and_how():
    with pytest.raises(ImportChoiceRefused) as failure:
        require_possible(a_preview(a_change("BA.010.brut")), a_choice(left=["BP"]))

    (told,) = failure.value.violations
    assert (told.field, told.fr.where, told.en.where) == ("BP", "Choix « BP ».", "Choice “BP”.")
    assert told.fr.what
    assert told.fr.how
    assert told.en.what
    assert told.en.how


@pytest.mark.parametrize("effect", [Effect.COMPARED, Effect.ELSEWHERE, Effect.SEALED])
def test_a_cell_that_cannot_be_written_is_not_taken_but_may_be_left(effect):
    change = a_change(TOTALLED, effect)

    assert [field for field, *_ in refused(a_choice(taken=[TOTALLED]), change)] == [TOTALLED]
    require_possible(a_preview(change), a_choice(left=[TOTALLED]))
    require_possible(a_preview(change), a_choice(taken=["BA.010"]))


def test_a_refused_line_is_not_taken_but_may_be_left():
    ((field, french, english),) = refused(a_choice(taken=["CR.020.n"]))

    assert (field, french) == ("CR.020.n", "Cette ligne du fichier est refusée.")
    assert english == "This line of the file is refused."
    require_possible(a_preview(), a_choice(left=["CR.020.n"]))


def test_a_name_is_not_both_taken_and_left():
    assert [field for field, *_ in refused(a_choice(["BA"], ["BA"]), a_change("BA.010.brut"))] == ["BA"]


def test_every_name_that_is_wrong_is_told_in_order():
    told = refused(a_choice(["ZZ", "AA"], ["MM"]), a_change("BA.010.brut"))

    assert [field for field, *_ in told] == ["AA", "MM", "ZZ"]


EFFECTS = st.sampled_from([Effect.FILL, Effect.REPLACE, Effect.PROTECTED, Effect.SAME, Effect.COMPARED])
NAMES = sorted({name for address in CELLS for name in names_of(address)})


@given(
    effects=st.lists(EFFECTS, min_size=4, max_size=4),
    said=st.dictionaries(st.sampled_from(NAMES), st.booleans()),
    overwrites_typed=st.booleans(),
)
def test_a_choice_writes_what_it_says_and_counts_every_other_change_once(effects, said, overwrites_typed):
    choice = a_choice(
        [name for name, is_taken in said.items() if is_taken],
        [name for name, is_taken in said.items() if not is_taken],
        overwrites_typed=overwrites_typed,
    )
    changes = [a_change(address, effect) for address, effect in zip(CELLS, effects, strict=True)]
    preview = replace(a_preview(*changes), problems=())

    cells = confirm(preview, {}, "Alix", NOON, choice, accept_partial=False)

    written, left = {cell.address for cell in cells}, set(left_out(changes, choice))
    would_be = {c.address for c in changes if c.effect in (Effect.FILL, Effect.REPLACE)}
    typed = {c.address for c in changes if c.effect is Effect.PROTECTED}
    assert written & left == set()
    assert written - typed | left == would_be
    assert all(cell.source.origin is Origin.IMPORTED for cell in cells)
