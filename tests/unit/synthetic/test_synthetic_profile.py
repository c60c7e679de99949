import statistics

import pytest

from synthetic.chance import seeded
from synthetic.identity import FAMILIES
from synthetic.profile import draw_profile, skewed


def test_draws_keep_the_quartiles() -> None:
    rng = seeded("quartiles")
    draws = [skewed(rng, (10.0, 20.0, 50.0), 0.0, 1_000.0) for _ in range(4_000)]
    first, median, third = statistics.quantiles(draws, n=4)
    assert first == pytest.approx(10, abs=1)
    assert median == pytest.approx(20, abs=1)
    assert third == pytest.approx(50, abs=3)


def test_tails_are_cut() -> None:
    rng = seeded("tails")
    draws = [skewed(rng, (10.0, 20.0, 50.0), 8.0, 60.0) for _ in range(500)]
    assert (min(draws), max(draws)) == (8.0, 60.0)


@pytest.mark.parametrize("family", FAMILIES)
def test_debt_is_repaid_before_buildings_are_written_off(family: str) -> None:
    for seed in range(100):
        profile = draw_profile(family, seeded(family, seed), None)
        assert profile.debt_years <= profile.value_years - 3.5
        assert 0 < profile.repayment < 0.05
        assert sum(profile.lenders) == pytest.approx(1)
        assert min(profile.lenders) >= 0


def test_the_size_asked_overrides_the_one_drawn() -> None:
    assert draw_profile("OPH", seeded(1), 1_000).dwellings == 920
