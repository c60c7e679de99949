import pytest

from services.sync.domain.fact import Fact, FactKey, SharedFact, Source
from services.sync.domain.hlc import HybridTime
from services.sync.domain.version_vector import VersionVector
from services.sync.domain.view import view_of

KEY = FactKey("123456789", 2024, "PAT.SURFACE")


def version(value: str, origin: str, *, at: int = 1, is_sealed: bool = False) -> Fact:
    vector = VersionVector(((origin, 1),))
    return Fact(KEY, value, vector, HybridTime(at), "u", origin, Source.TYPED, is_sealed=is_sealed)


def a_fact(*versions: Fact) -> SharedFact:
    fact = SharedFact(KEY)
    for one in versions:
        fact, _ = fact.merged(one)
    return fact


def test_nothing_written_is_nothing_shown() -> None:
    assert view_of(SharedFact(KEY), "MIN") is None


@pytest.mark.parametrize(("here", "shown", "other"), [("MIN", "1", "2"), ("FED-OPH", "2", "1")])
def test_each_server_shows_its_own_value_of_a_conflict_and_the_other_beside_it(
    here: str, shown: str, other: str
) -> None:
    view = view_of(a_fact(version("1", "MIN", at=9), version("2", "FED-OPH")), here)

    assert view is not None
    assert view.other is not None
    assert (view.shown.value, view.other.value) == (shown, other)


@pytest.mark.parametrize(("here", "shown", "other"), [("MIN", "1", "2"), ("FED-OPH", "2", "1")])
def test_each_server_shows_its_own_value_though_the_other_server_wrote_it(here: str, shown: str, other: str) -> None:
    view = view_of(a_fact(version("1", "MIN", at=9), version("2", "FED-OPH@MIN")), here)

    assert view is not None
    assert view.other is not None
    assert (view.shown.value, view.other.value) == (shown, other)


def test_a_signed_value_is_shown_everywhere() -> None:
    view = view_of(a_fact(version("1", "MIN", is_sealed=True), version("2", "FED-OPH", at=9)), "FED-OPH")

    assert view is not None
    assert view.shown.value == "1"


def test_equal_values_are_shown_once() -> None:
    view = view_of(a_fact(version("1", "MIN"), version("1", "FED-OPH")), "MIN")

    assert view is not None
    assert view.other is None
