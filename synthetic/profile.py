"""What kind of body it is: the ratios that stay with it from year to year, drawn from the quartiles of its family.

The draws are narrower than the published quartiles where a body in the tail would rightly raise a remark: a fragile
body (P-25, P-26) is a fault to inject, not the default.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

Quartiles = tuple[float, float, float]

_QUARTILES: Mapping[str, Mapping[str, Quartiles]] = MappingProxyType(
    {
        "A1": {
            "OPH": (4809, 9284, 15461),
            "ESH": (4873, 9126, 17390),
            "COOP": (211, 1726, 4345),
            "SEM": (739, 2224, 7553),
        },
        "D9": {
            "OPH": (3667.5, 3863.5, 4162.1),
            "ESH": (4249.5, 4505.7, 4753.8),
            "COOP": (4234.7, 4688.0, 5436.6),
            "SEM": (4182.5, 4645.2, 5254.7),
        },
        "D10": {
            "OPH": (71.8, 108.2, 149.6),
            "ESH": (74.1, 123.7, 180.9),
            "COOP": (124.3, 232.1, 591.1),
            "SEM": (55.0, 103.5, 221.3),
        },
        "D11": {"OPH": (2.7, 4.4, 6.5), "ESH": (1.9, 3.2, 4.7), "COOP": (0.8, 1.9, 4.9), "SEM": (1.4, 3.0, 5.2)},
        "D31": {
            "OPH": (97.7, 98.3, 98.7),
            "ESH": (97.6, 98.2, 98.9),
            "COOP": (96.9, 98.5, 99.1),
            "SEM": (96.8, 98.1, 98.9),
        },
        "D14": {
            "OPH": (13.2, 14.9, 17.1),
            "ESH": (12.2, 14.3, 17.3),
            "COOP": (10.5, 14.2, 17.7),
            "SEM": (11.8, 15.0, 17.7),
        },
        "D8": {
            "OPH": (613.3, 723.7, 859.8),
            "ESH": (602.2, 727.2, 855.6),
            "COOP": (438.2, 568.6, 728.0),
            "SEM": (572.9, 702.0, 1008.4),
        },
        "D6": {
            "OPH": (1041.1, 1145.2, 1291.5),
            "ESH": (1044.9, 1212.1, 1392.4),
            "COOP": (1122.4, 1598.8, 4173.5),
            "SEM": (1145.9, 1520.3, 1994.4),
        },
        "D5": {
            "OPH": (497.4, 579.4, 657.8),
            "ESH": (433.3, 558.3, 667.9),
            "COOP": (188.7, 455.3, 724.4),
            "SEM": (464.3, 625.0, 724.2),
        },
        "D32": {
            "OPH": (82.0, 97.3, 115.3),
            "ESH": (98.4, 117.0, 143.7),
            "COOP": (78.0, 110.1, 143.0),
            "SEM": (65.2, 90.4, 132.9),
        },
        "D20": {
            "OPH": (26.8, 33.0, 36.2),
            "ESH": (30.0, 34.0, 38.9),
            "COOP": (20.3, 29.7, 38.1),
            "SEM": (25.9, 32.1, 36.3),
        },
        "D21": {
            "OPH": (17.0, 20.6, 27.6),
            "ESH": (20.6, 27.0, 35.2),
            "COOP": (0.0, 21.9, 32.2),
            "SEM": (11.4, 18.2, 31.7),
        },
        "D22": {
            "OPH": (19.0, 21.3, 24.2),
            "ESH": (20.3, 23.3, 26.3),
            "COOP": (23.2, 27.1, 33.5),
            "SEM": (17.5, 21.1, 24.5),
        },
        "D33": {
            "OPH": (42.2, 62.0, 78.5),
            "ESH": (57.8, 75.6, 87.3),
            "COOP": (48.2, 86.9, 98.8),
            "SEM": (36.2, 74.1, 95.8),
        },
    }
)
"""Q1, median, Q3 of the ratios used here, as the form package publishes them (domain.md 7.1)."""

_ACCESSION = {"OPH": (0.4, 0.02, 0.08), "ESH": (0.5, 0.03, 0.12), "COOP": (0.95, 0.12, 0.4), "SEM": (0.45, 0.03, 0.15)}
"""Chance of an accession activity, then least and greatest sales as a share of rents."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The constants of one body. Rates are fractions, amounts euros of 2024, durations years."""

    family: str
    dwellings: int
    """Dwellings owned when its history opens; a few per cent below those of 2024."""
    rent: float
    """D9, a year and dwelling managed."""
    property_tax: float
    maintenance: float
    running_cost: float
    cglls: float
    financial_income: float
    vacancy: float
    recovery: float
    receivables: float
    cash_flow: float
    """D20 aimed at: current cash flow as a share of rents."""
    debt_years: float
    """D21 aimed at, below `value_years` so that D35 stays positive (P-26)."""
    value_years: float
    """D22: net book value of rental buildings in years of depreciation."""
    repayment: float
    """Scheduled repayments as a share of the opening rental debt."""
    new_share: float
    """D33: share of investments that goes to new dwellings and land."""
    staff_share: float
    """D17 as a share of D6."""
    potential: float
    """Potentiel financier per dwelling aimed at."""
    sale_rate: float
    demolition_rate: float
    unit_cost: float
    surface: float
    shared_housing: float
    """Shared-housing equivalents per dwelling owned."""
    third_party: float
    conventioned: float
    individual: float
    priority_areas: float
    poor_energy: float
    financing: tuple[float, ...]
    """PLUS, PLAI, PLS and other shares of the stock."""
    accession: float
    """Sales of accession as a share of rents, 0 without that activity."""
    lenders: tuple[float, ...]
    """Shares of BP.310, 320, 330, 340, 350, 360, 390 in the debt."""
    equity: tuple[float, ...]
    """Weights of the equity lines of the family when the history opens."""
    is_spreading_interest: bool
    """Option ID.240."""
    has_public_accounts: bool
    """An OPH under M31 until 2020."""
    has_in_house_works: bool
    has_securities: bool
    has_loan_notes: bool
    """Titres participatifs in equity."""
    habits: tuple[float, ...]
    """Sixty-four personal factors in 0.8–1.2, one for each small line."""


def skewed(rng: random.Random, quartiles: Sequence[float], low: float, high: float) -> float:
    """A draw whose quartiles are these: linear between them, tails cut at `low` and `high`."""
    first, median, third = quartiles
    spread = rng.uniform(0.04, 0.96)
    if spread < 0.25:
        value = first - (median - first) * (0.25 - spread) / 0.25
    elif spread < 0.5:
        value = first + (median - first) * (spread - 0.25) / 0.25
    elif spread < 0.75:
        value = median + (third - median) * (spread - 0.5) / 0.25
    else:
        value = third + (third - median) * (spread - 0.75) / 0.25
    return min(max(value, low), high)


def draw_profile(family: str, rng: random.Random, size: int | None) -> Profile:
    """Draw the constants of a body; `size` fixes its dwellings of about 2024."""

    def draw(ratio: str, low: float, high: float) -> float:
        return skewed(rng, _QUARTILES[ratio][family], low, high)

    drawn_size = draw("A1", 220, 45_000)
    rent = draw("D9", 3_550, 5_700)
    property_tax, cglls = draw("D5", 260, 760), draw("D32", 45, 160)
    running_cost, maintenance = draw("D6", 950, 1_600), draw("D8", 450, 950)
    value_years = draw("D22", 19, 30)
    debt_years = min(draw("D21", 12, 30), value_years - 3.5)
    cash_flow = draw("D20", 28, 40) / 100
    spent = (property_tax + cglls + running_cost + maintenance) / rent
    # Independent draws may leave rents that nothing uses: part of them strengthens the cash flow.
    cash_flow += min(max(0.5 * (1 - spent - cash_flow * (1 + 0.021 * debt_years)), 0.0), 0.1)
    chance, least, most = _ACCESSION[family]
    accession = rng.uniform(least, most) if rng.random() < chance else 0.0
    return Profile(
        family=family,
        dwellings=round((size or drawn_size) * 0.92),
        rent=rent,
        property_tax=property_tax,
        maintenance=maintenance,
        running_cost=running_cost,
        cglls=cglls,
        financial_income=draw("D10", 50, 260),
        vacancy=draw("D11", 0.9, 7.5) / 100,
        recovery=draw("D31", 96.5, 99.4) / 100,
        receivables=draw("D14", 9, 20) / 100,
        cash_flow=cash_flow,
        debt_years=debt_years,
        value_years=value_years,
        repayment=min(rng.uniform(0.027, 0.038), (1 - 0.09 / cash_flow) / debt_years),
        new_share=draw("D33", 35, 88) / 100,
        staff_share=rng.uniform(0.52, 0.68),
        potential=rng.uniform(1_000, 2_600),
        sale_rate=rng.choice((0.0, 0.001, 0.002, 0.003, 0.005)),
        demolition_rate=rng.choice((0.0, 0.0, 0.001, 0.002, 0.003)),
        unit_cost=rng.uniform(150_000, 190_000),
        surface=rng.uniform(60, 70),
        shared_housing=rng.uniform(0.0, 0.06),
        third_party=rng.choice((0.0, rng.uniform(0.0, 0.03))),
        conventioned=rng.uniform(0.88, 0.98),
        individual=rng.uniform(0.05, 0.3),
        priority_areas=rng.uniform(0.05, 0.4),
        poor_energy=rng.uniform(0.02, 0.09),
        financing=(rng.uniform(0.6, 0.8), rng.uniform(0.05, 0.12), rng.uniform(0.04, 0.1), rng.uniform(0.03, 0.1)),
        accession=accession,
        lenders=_draw_lenders(family, rng),
        equity=tuple(rng.uniform(0.6, 1.4) for _ in range(8)),
        is_spreading_interest=rng.random() < 0.15,
        has_public_accounts=family == "OPH" and rng.random() < 0.4,
        has_in_house_works=rng.random() < 0.7,
        has_securities=rng.random() < 0.35,
        has_loan_notes=rng.random() < 0.3,
        habits=tuple(rng.uniform(0.8, 1.2) for _ in range(64)),
    )


def _draw_lenders(family: str, rng: random.Random) -> tuple[float, ...]:
    bonds = rng.uniform(0.0, 0.06) if family == "ESH" else 0.0
    refinancing = rng.choice((0.0, 0.0, rng.uniform(0.0, 0.03)))
    rest = (rng.uniform(0.03, 0.07), bonds, 0.0, rng.uniform(0.0, 0.01), rng.uniform(0.05, 0.15), refinancing, 0.006)
    return (*rest[:2], 1 - sum(rest), *rest[3:])
