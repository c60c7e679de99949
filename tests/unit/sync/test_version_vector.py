import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sync.domain.version_vector import Causality, VersionVector

vectors = st.dictionaries(st.sampled_from(["MIN", "FED-A", "FED-B"]), st.integers(1, 4)).map(
    lambda counts: VersionVector.of(counts.items())
)


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        ("", "", Causality.EQUAL),
        ("MIN:2", "MIN:1", Causality.AFTER),
        ("MIN:1", "FED-A:1,MIN:1", Causality.BEFORE),
        ("MIN:2", "FED-A:1,MIN:1", Causality.CONCURRENT),
        ("MIN:1", "FED-A:1", Causality.CONCURRENT),
    ],
)
def test_vectors_compare_by_what_they_know(mine: str, theirs: str, expected: Causality) -> None:
    assert VersionVector.from_text(mine).compare(VersionVector.from_text(theirs)) is expected


@given(vectors, vectors, vectors)
def test_join_is_a_least_upper_bound(a: VersionVector, b: VersionVector, c: VersionVector) -> None:
    assert a.join(b) == b.join(a)
    assert a.join(b).join(c) == a.join(b.join(c))
    assert a.join(a) == a
    assert a.join(b).compare(a) in (Causality.AFTER, Causality.EQUAL)


@given(vectors)
def test_text_comes_back_the_same(vector: VersionVector) -> None:
    assert VersionVector.from_text(vector.to_text()) == vector


@pytest.mark.parametrize(
    "text", ["MIN:0", "MIN:01", "MIN:1,FED-A:1", "MIN:1,MIN:2", "MIN", "MIN:-1", "MIN: 1", "MIN:1,"]
)
def test_only_the_canonical_text_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        VersionVector.from_text(text)


def test_a_vector_never_steps_back() -> None:
    with pytest.raises(ValueError, match="only grows"):
        VersionVector.from_text("MIN:3").raised("MIN", 2)
