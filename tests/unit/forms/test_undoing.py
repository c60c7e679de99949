"""What undoing a step does to cells."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.forms.domain.cell import Cell, Origin, PutBack, Source, first_version
from services.forms.domain.filing import Document
from services.forms.domain.sharing import FactSource, facts_of
from services.forms.domain.undoing import CellTrace, EditKind, EditStep, traces, undo, undo_traces, undone_marks
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    NOON,
    OTHER_SHARED,
    SHARED,
    a_cell,
    a_form_set,
    a_source,
    an_other_value,
)


def a_step(number, before, changed, **changes):
    return EditStep(
        UUID(int=number), FILING_ID, EditKind.CELLS_SAVED, "Camille", NOON, "f", "e", traces(before, changed), **changes
    )


class Notebook:
    """Cells edited step by step, without a service around them."""

    def __init__(self):
        self.cells: dict[str, Cell] = {}
        self.steps: list[EditStep] = []

    def edit(self, values, source=None):
        source = source or a_source()
        before = dict(self.cells)
        changed = []
        for address, value in values.items():
            present = before.get(address)
            if (present.value if present else "") != value:
                changed.append(present.changed(value, source) if present else first_version(address, value, source))
        return self._keep(a_step(len(self.steps) + 1, before, changed), changed)

    def undo(self, step):
        done = undo(step, [one for one in self.steps if one.undoes], self.cells, "Alix", NOON)
        undoing = a_step(len(self.steps) + 1, self.cells, done.changed, undoes=step.id)
        self._keep(replace(undoing, cells=undo_traces(step, self.cells, done.changed)), done.changed)
        for step_id, is_undone in undone_marks(step, self.steps).items():
            number = next(n for n, one in enumerate(self.steps) if one.id == step_id)
            self.steps[number] = replace(self.steps[number], is_undone=is_undone)
        return done

    def choose(self, address, is_ours):
        cell = self.cells[address]
        chosen = cell.chosen(cell.value if is_ours else cell.conflict.value, "Camille", NOON)
        return self._keep(a_step(len(self.steps) + 1, self.cells, [chosen]), [chosen])

    def conflicts(self):
        return {address: cell.conflict for address, cell in self.cells.items() if cell.conflict}

    def values(self):
        return {address: cell.value for address, cell in self.cells.items() if cell.value}

    def contents(self):
        """Value and source of every cell that is not blank, whoever put it back."""
        held = {a: (cell.value, cell.source) for a, cell in self.cells.items() if not cell.is_blank}
        return {a: (value, replace(source, put_back=None)) for a, (value, source) in held.items()}

    def _keep(self, step, changed):
        self.cells.update({cell.address: cell for cell in changed})
        self.steps.append(step)
        return step


def test_a_cell_that_was_empty_is_empty_again():
    book = Notebook()
    step = book.edit({AMOUNT: "1"})

    done = book.undo(step)

    assert (book.cells[AMOUNT].value, book.cells[AMOUNT].version, done.kept) == ("", 2, [])


def test_a_cell_changed_since_is_kept_and_named():
    book = Notebook()
    step = book.edit({AMOUNT: "1", SHARED: "2"})
    book.edit({AMOUNT: "3"})

    done = book.undo(step)

    assert (book.values(), done.kept) == ({AMOUNT: "3"}, [AMOUNT])


def test_a_sealed_cell_is_kept_and_named():
    step = a_step(1, {}, [a_cell(SHARED)])

    done = undo(step, [], {SHARED: a_cell(SHARED, is_sealed=True)}, "Alix", NOON)

    assert (done.changed, done.kept) == ([], [SHARED])


@pytest.mark.parametrize(
    "source",
    [
        a_source(origin=Origin.IMPORTED, file="er.csv", line=7),
        a_source("Dominique Distant", Origin.SYNCHRONISED, server="FED-OPH"),
        a_source(origin=Origin.CHOSEN),
        a_source(origin=Origin.LAST_YEAR),
    ],
)
def test_a_value_put_back_keeps_its_origin_author_and_time_and_says_who_put_it_back(source):
    before = Cell(AMOUNT, "1", 4, source)
    after = before.changed("2", a_source("Alix"))

    (cell,) = undo(a_step(1, {AMOUNT: before}, [after]), [], {AMOUNT: after}, "Sacha", LATER).changed

    assert cell == Cell(AMOUNT, "1", 6, replace(source, put_back=PutBack("Sacha", LATER, 4)))


def test_a_value_put_back_is_told_to_the_others_as_an_act_of_today():
    before = Cell(SHARED, "1", 4, a_source(origin=Origin.SYNCHRONISED))
    after = before.changed("2", a_source())

    (cell,) = undo(a_step(1, {SHARED: before}, [after]), [], {SHARED: after}, "Alix", LATER).changed

    (fact,) = facts_of(a_form_set(), Document.ER, [cell])
    assert (fact.value, fact.source, fact.author, fact.at) == ("1", FactSource.TYPED, "Alix", LATER)


def test_a_step_kept_without_author_and_time_is_undone_by_who_undoes_it():
    before = Cell(SHARED, "1", 4, a_source(origin=Origin.SYNCHRONISED))
    after = before.changed("2", a_source())
    old = CellTrace(SHARED, "1", "2", 5, 4, Origin.SYNCHRONISED)

    (cell,) = undo(replace(a_step(1, {}, []), cells=(old,)), [], {SHARED: after}, "Alix", LATER).changed

    assert (cell.value, cell.source.origin, cell.source.author, cell.source.at) == ("1", Origin.TYPED, "Alix", LATER)


def test_a_cell_that_was_blank_is_blank_again_however_often_it_is_put_back():
    book = Notebook()
    step = book.edit({AMOUNT: "1"})
    book.undo(step)
    assert book.cells[AMOUNT].is_blank
    again = book.edit({AMOUNT: "2"})

    book.undo(again)

    assert book.cells[AMOUNT].is_blank
    assert not book.cells[AMOUNT].is_personal


def test_a_cell_emptied_by_hand_is_so_again_when_put_back():
    book = Notebook()
    book.edit({AMOUNT: "1"}, IMPORT)
    book.edit({AMOUNT: ""})
    step = book.edit({AMOUNT: "2"}, IMPORT)

    book.undo(step)

    assert (book.cells[AMOUNT].value, book.cells[AMOUNT].is_personal) == ("", True)


def in_conflict(*addresses):
    book = Notebook()
    book.cells = {address: a_cell(address, "1", conflict=an_other_value("2")) for address in addresses}
    return book


@pytest.mark.parametrize("is_ours", [True, False])
def test_undoing_a_choice_opens_the_conflict_again_as_it_was_and_undoing_that_chooses_again(is_ours):
    book = in_conflict(SHARED)
    start = book.contents(), book.conflicts()
    book.choose(SHARED, is_ours)
    chosen = book.contents()
    assert book.conflicts() == {}

    book.undo(book.steps[0])
    assert (book.contents(), book.conflicts()) == start
    book.undo(book.steps[1])
    assert (book.contents(), book.conflicts()) == (chosen, {})
    book.undo(book.steps[2])
    assert (book.contents(), book.conflicts()) == start


def test_undoing_what_made_both_values_equal_lets_the_other_one_stand_again():
    book = in_conflict(SHARED)
    book.edit({SHARED: "2"})
    assert book.conflicts() == {}

    book.undo(book.steps[0])

    assert (book.values(), book.conflicts()) == ({SHARED: "1"}, {SHARED: an_other_value("2")})


def test_undoing_an_edit_beside_a_conflict_leaves_the_conflict():
    book = in_conflict(SHARED)
    book.edit({SHARED: "5"})

    book.undo(book.steps[0])

    assert (book.values(), book.conflicts()) == ({SHARED: "1"}, {SHARED: an_other_value("2")})


def test_undoing_a_value_typed_over_a_conflict_lets_the_other_one_stand_again_though_sync_ended_it():
    book = in_conflict(SHARED)
    book.edit({SHARED: "5"})
    book.cells[SHARED] = replace(book.cells[SHARED], conflict=None)

    book.undo(book.steps[0])
    assert (book.values(), book.conflicts()) == ({SHARED: "1"}, {SHARED: an_other_value("2")})

    book.undo(book.steps[1])
    assert (book.values(), book.conflicts()) == ({SHARED: "5"}, {})


def test_undoing_beside_a_newer_value_of_the_other_server_keeps_the_newer_one():
    book = in_conflict(SHARED)
    book.edit({SHARED: "5"})
    book.cells[SHARED] = replace(book.cells[SHARED], conflict=an_other_value("9"))

    book.undo(book.steps[0])

    assert (book.values(), book.conflicts()) == ({SHARED: "1"}, {SHARED: an_other_value("9")})


def test_a_choice_is_not_undone_once_another_value_came_from_the_other_server():
    book = in_conflict(SHARED)
    book.choose(SHARED, is_ours=True)
    book.cells[SHARED] = replace(book.cells[SHARED], conflict=an_other_value("9"))

    assert book.undo(book.steps[0]).kept == [SHARED]


def test_a_conflict_opened_again_is_told_with_the_value_that_stands_beside():
    book = in_conflict(SHARED)
    book.choose(SHARED, is_ours=False)
    book.undo(book.steps[0])

    (told,) = facts_of(a_form_set(), Document.ER, book.cells.values())

    assert (told.value, told.source, told.beside) == ("1", FactSource.TYPED, an_other_value("2"))


def test_an_undo_can_be_undone():
    book = Notebook()
    step = book.edit({AMOUNT: "1"})
    book.undo(step)

    book.undo(book.steps[-1])

    assert book.values() == {AMOUNT: "1"}


def test_an_undo_can_be_undone_where_there_was_a_value_before():
    book = Notebook()
    book.edit({AMOUNT: "10"})
    step = book.edit({AMOUNT: "11"})
    book.undo(step)

    done = book.undo(book.steps[-1])

    assert (book.values(), done.kept) == ({AMOUNT: "11"}, [])


def test_a_step_whose_undo_is_undone_can_be_undone_again():
    book = Notebook()
    book.edit({AMOUNT: "10"})
    step = book.edit({AMOUNT: "11"})
    book.undo(step)
    book.undo(book.steps[-1])

    done = book.undo(book.steps[1])

    assert (book.values(), done.kept) == ({AMOUNT: "10"}, [])
    assert [one.is_undone for one in book.steps] == [False, True, True, False, False]


LATER = NOON + timedelta(hours=2)
IMPORT = a_source(origin=Origin.IMPORTED, file="er.csv", line=7)
EDITS = st.lists(
    st.dictionaries(st.sampled_from([AMOUNT, SHARED, OTHER_SHARED]), st.sampled_from(["", "1", "2"]), min_size=1),
    min_size=1,
    max_size=6,
)


@given(EDITS)
def test_undoing_every_step_last_first_restores_each_state_exactly(edits):
    book, states = Notebook(), []
    for values in edits:
        states.append(book.values())
        book.edit(values)

    for step, state in zip(reversed(list(book.steps)), reversed(states), strict=True):
        done = book.undo(step)
        assert (book.values(), done.kept) == (state, [])


@given(EDITS, EDITS)
def test_undoing_after_edits_of_other_cells_restores_exactly_the_cells_of_the_step(before, after):
    book = Notebook()
    for values in before:
        book.edit(values)
    start = book.values()
    step = book.edit({AMOUNT: "7", SHARED: "8"})
    for values in after:
        book.edit({OTHER_SHARED: values.get(OTHER_SHARED, "")})

    book.undo(step)

    restored = {a: v for a, v in book.values().items() if a != OTHER_SHARED}
    assert restored == {a: v for a, v in start.items() if a != OTHER_SHARED}


@dataclass
class ReferenceNotebook:
    """What undoing means, without versions: a step took each cell from one state to another, and takes it back from there.

    A state is the number of the edit that wrote it, 0 for a cell never filled.
    """

    states: dict[str, int] = field(default_factory=dict)
    written: dict[int, tuple[str, Source | None]] = field(default_factory=lambda: {0: ("", None)})
    steps: list[dict[str, tuple[int, int]]] = field(default_factory=list)
    undoes: list[int | None] = field(default_factory=list)
    undone: set[int] = field(default_factory=set)

    def edit(self, values, source):
        step = {}
        for address, value in values.items():
            before = self.states.get(address, 0)
            if self.written[before][0] != value:
                self.written[len(self.written)] = (value, source)
                step[address] = (before, len(self.written) - 1)
        self._keep(step, None)

    def undo(self, number):
        step = {a: (after, b) for a, (b, after) in self.steps[number].items() if self.states.get(a, 0) == after}
        self._keep(step, number)
        self._mark(number, True)

    def contents(self):
        return {address: self.written[state] for address, state in self.states.items() if state}

    def _keep(self, step, undoes):
        self.states.update({address: after for address, (_, after) in step.items()})
        self.steps.append(step)
        self.undoes.append(undoes)

    def _mark(self, number, is_undone):
        (self.undone.add if is_undone else self.undone.discard)(number)
        if (earlier := self.undoes[number]) is not None:
            self._mark(earlier, not is_undone)


CHOICES = st.lists(
    st.one_of(EDITS.map(lambda edits: edits[0]), st.tuples(st.sampled_from([SHARED, OTHER_SHARED]), st.booleans())),
    min_size=1,
    max_size=8,
)


@given(CHOICES)
def test_undoing_edits_and_choices_between_servers_last_first_restores_values_and_conflicts_exactly(moves):
    book, states = in_conflict(SHARED, OTHER_SHARED), []
    for move in moves:
        if isinstance(move, dict):
            states.append((book.contents(), book.conflicts()))
            book.edit(move)
        elif move[0] in book.conflicts():
            states.append((book.contents(), book.conflicts()))
            book.choose(*move)

    for step, state in zip(reversed(list(book.steps)), reversed(states), strict=True):
        done = book.undo(step)
        assert (book.contents(), book.conflicts(), done.kept) == (*state, [])


@given(CHOICES, EDITS)
def test_a_choice_undone_after_edits_of_other_cells_opens_its_conflict_again_exactly(before, after):
    book = in_conflict(SHARED, OTHER_SHARED)
    for move in before:
        if isinstance(move, dict):
            book.edit({address: value for address, value in move.items() if address != SHARED})
        elif move[0] == OTHER_SHARED and OTHER_SHARED in book.conflicts():
            book.choose(*move)
    held = book.contents()[SHARED], book.conflicts()[SHARED]
    step = book.choose(SHARED, is_ours=False)
    for values in after:
        book.edit({address: value for address, value in values.items() if address != SHARED})

    done = book.undo(step)

    assert (book.contents()[SHARED], book.conflicts()[SHARED], done.kept) == (*held, [])


VALUES = st.dictionaries(
    st.sampled_from([AMOUNT, SHARED, OTHER_SHARED]), st.sampled_from(["", "1", "2", "3"]), min_size=1
)
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("edit"), VALUES),
        st.tuples(st.just("import"), VALUES),
        st.tuples(st.just("undo"), st.integers(0, 20)),
    ),
    min_size=4,
    max_size=20,
)


@given(MOVES)
def test_undos_and_undos_of_undos_among_edits_and_imports_restore_exactly(moves):
    book, reference = Notebook(), ReferenceNotebook()

    for turn, (kind, what) in enumerate(moves):
        if kind != "undo":
            source = replace(IMPORT if kind == "import" else a_source(), at=NOON + timedelta(minutes=turn))
            book.edit(what, source)
            reference.edit(what, source)
            continue
        open_steps = [n for n, step in enumerate(book.steps) if not step.is_undone]
        if not open_steps:
            continue
        number = open_steps[what % len(open_steps)]
        before = book.contents()
        done = book.undo(book.steps[number])
        reference.undo(number)

        assert book.contents() == reference.contents()
        assert {n for n, step in enumerate(book.steps) if step.is_undone} == reference.undone
        assert all(book.contents().get(address) == before.get(address) for address in done.kept)
