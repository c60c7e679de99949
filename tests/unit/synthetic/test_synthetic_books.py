import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic.books import split, whole, working_capital
from synthetic.chance import seeded
from synthetic.chart import HISTORY_OPENS, price_level
from synthetic.history import keep_books
from synthetic.identity import FAMILIES
from synthetic.profile import draw_profile


@given(st.integers(0, 10**12), st.lists(st.floats(0.001, 1_000), min_size=1, max_size=20))
def test_shares_add_up_to_the_total(total: int, weights: list[float]) -> None:
    assert sum(split(total, weights)) == total


@pytest.mark.parametrize(("amount", "euros"), [(0.5, 1), (-0.5, -1), (2.4, 2), (-2.4, -2), (0.0, 0)])
def test_amounts_are_rounded_half_away_from_zero(amount: float, euros: int) -> None:
    assert whole(amount) == euros


def test_prices_are_those_of_2024() -> None:
    assert price_level(2024) == 1


@pytest.mark.parametrize("family", FAMILIES)
def test_every_balance_sheet_balances_and_working_capital_moves_by_the_financing_table(family: str) -> None:
    profile = draw_profile(family, seeded(family), None)
    history = keep_books(profile, family, 2030)
    assert [exercice.year for exercice in history] == list(range(HISTORY_OPENS, 2031))
    for exercice in history:
        own = exercice.own
        assets = sum(v if a.endswith(".brut") else -v for a, v in own.items() if a.startswith("BA."))
        liabilities = sum(-v if a == "BP.150.n" else v for a, v in own.items() if a.startswith("BP."))
        assert assets == liabilities
        assert working_capital(own) > 0


def test_a_longer_history_starts_like_a_shorter_one() -> None:
    profile = draw_profile("ESH", seeded("h"), None)
    long, short = keep_books(profile, "h", 2026), keep_books(profile, "h", 2020)
    assert [e.own for e in long[: len(short)]] == [e.own for e in short]
