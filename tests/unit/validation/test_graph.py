import pytest

from services.validation.domain.errors import CyclicFormulas
from services.validation.domain.graph import reached_from, readers_of, topological_order


def test_a_cell_comes_after_what_it_reads() -> None:
    order = topological_order({"total": ["a", "part"], "part": ["b", "c"], "ratio": ["total", "part"]})

    assert order.index("part") < order.index("total") < order.index("ratio")


def test_a_circle_is_refused_and_shown() -> None:
    with pytest.raises(CyclicFormulas, match="a → b → a"):
        topological_order({"a": ["b"], "b": ["a", "x"], "c": ["a"]})


def test_a_cell_may_not_read_itself() -> None:
    with pytest.raises(CyclicFormulas):
        topological_order({"a": ["a"]})


def test_a_reader_that_reads_twice_counts_once() -> None:
    assert readers_of({"b": ["a", "a"]}) == {"a": ["b"]}


def test_one_change_reaches_its_readers_and_theirs_only() -> None:
    readers = readers_of({"b": ["a"], "c": ["b"], "d": ["x"]})

    assert reached_from(["a"], readers) == {"a", "b", "c"}
