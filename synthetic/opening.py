"""The invented balance sheet from which the history of a body starts; reserves close it."""

import random

from synthetic.books import (
    Exercice,
    allocate_result,
    close_balance,
    hold_stocks,
    share_debt,
    split,
    total,
    whole,
    working_capital_aim,
)
from synthetic.chart import (
    DEBTS,
    EQUITY,
    FINANCIAL,
    FIXED,
    HISTORY_OPENS,
    LENDERS,
    PAYABLES,
    RECEIVABLES,
    WORKS,
    price_level,
)
from synthetic.profile import Profile


def open_books(profile: Profile, rng: random.Random) -> Exercice:
    """A balance sheet in the proportions of the profile; reserves close it."""
    own: dict[str, int] = {}
    year = HISTORY_OPENS
    owned = max(profile.dwellings, 60)
    gross_rent = profile.rent * 0.87
    rents = gross_rent * owned * (1 + profile.third_party) * 1.06
    _open_dwellings(own, profile, owned)
    _open_assets(own, profile, rents, rng)
    _open_liabilities(own, profile, rents)
    exercice = Exercice(
        year=year,
        own=own,
        pace=rents * 0.34,
        running_cost=profile.running_cost * price_level(year),
        maintenance=profile.maintenance * price_level(year),
        gross_rent=gross_rent,
        wage=50_000 * profile.habits[1] * price_level(year),
    )
    own["CP.620.n"] = own["CC.820.nr"] = 0
    own["BP.120.n"] = whole(rents * 0.05)
    own["SF.130.n"] = whole(exercice.pace * 1.7)
    own["SF.140.n"] = whole(own["SF.130.n"] * 0.72)
    own["SF.150.n"] = whole(own["SF.130.n"] * 0.09)
    fixed = (
        sum(own[f"{line}.brut"] - own[f"{line}.amort"] for line in (*FIXED, *WORKS, *FINANCIAL)) + own["BA.860.brut"]
    )
    aim = working_capital_aim(own, profile, profile.potential * 0.8)
    others = sum(own[f"{line}.n"] for line in (*LENDERS, "BP.370", "BP.380", "BP.420"))
    others += own["BP.140.n"] - own["BP.150.n"] + own["BP.170.n"] + own["BP.180.n"]
    others += total(own, "BP", ("210", "220", "230"), "n") + own["BP.120.n"]
    _open_equity(own, profile, max(fixed + aim - others, whole(rents * 0.3)))
    allocate_result(own, profile, rng)
    close_balance(own)
    return exercice


def _open_dwellings(own: dict[str, int], profile: Profile, owned: int) -> None:
    own["PL.030.n"] = owned
    own["PL.020.n"] = whole(owned * 0.004 * profile.habits[2])
    own["PL.010.n"] = owned - own["PL.020.n"]
    own["PL.040.n"] = whole(owned * profile.third_party)
    own["PL.060.n"] = whole(owned * profile.shared_housing)
    own["PL.070.n"] = whole(own["PL.060.n"] * 0.1)
    own["PL.080.n"] = owned + own["PL.060.n"]
    own["PL.170.n"] = whole(10 * (28 + 20 * (profile.habits[3] - 0.8)))
    own["PL.180.n"] = whole(owned * profile.surface)


def _open_assets(own: dict[str, int], profile: Profile, rents: float, rng: random.Random) -> None:
    allowance = rents * (0.29 + 0.1 * (profile.habits[4] - 1))
    buildings = allowance * profile.value_years
    worn = {"BA.020": 0.3, "BA.030": 0.7, "BA.130": 0.4, "BA.140": 0.44, "BA.150": 0.36, "BA.160": 0.45, "BA.170": 0.65}
    net = {
        "BA.020": rents * 0.015,
        "BA.030": rents * 0.011,
        "BA.110": rents * 0.055,
        "BA.120": buildings * 0.16,
        "BA.130": rents * 0.028,
        "BA.140": buildings * 0.93,
        "BA.150": buildings * 0.07,
        "BA.160": rents * 0.13,
        "BA.170": rents * 0.03,
        "BA.210": rents * 0.025,
        "BA.220": rents * 0.45,
        "BA.230": rents * 0.004,
        "BA.310": rents * (0.01 if profile.family in {"OPH", "COOP"} else 0.03),
        "BA.320": rents * 0.0016,
        "BA.330": rents * 0.003,
        "BA.360": rents * 0.006,
    }
    for index, (line, value) in enumerate(net.items()):
        gross = value / (1 - worn.get(line, 0.0)) * profile.habits[8 + index]
        own[f"{line}.brut"] = whole(gross)
        own[f"{line}.amort"] = whole(gross * worn.get(line, 0.0))
    own["BA.310.amort"] = whole(own["BA.310.brut"] * 0.02)
    for line in ("BA.010", "BA.180", "BA.340", "BA.350", "BA.540", "BA.550", "BA.870", "BA.880"):
        own[f"{line}.brut"] = own[f"{line}.amort"] = 0
    own["BA.860.brut"] = whole(rents * 0.004 * rng.uniform(0.8, 1.2)) if profile.is_spreading_interest else 0
    hold_stocks(own, profile, rents)
    securities = rents * 0.05 * profile.habits[5] if profile.has_securities else 0.0
    own["BA.810.brut"] = whole(securities)
    own["BA.810.amort"] = whole(securities * 0.02)
    for line, share in RECEIVABLES.items():
        own[f"{line}.brut"] = whole(rents * share)
    own["BA.720.brut"] = whole(rents * profile.accession * 0.1)
    own["BA.710.brut"] = whole(rents * 1.18 * profile.receivables * 0.6)
    own["BA.740.brut"] = whole(rents * 1.18 * profile.receivables * 0.4)
    own["BA.740.amort"] = whole(own["BA.740.brut"] * 0.75)
    own["BA.830.brut"] = whole(rents * 0.0003)
    own["BA.840.brut"] = whole(rents * 0.0025)


def _open_liabilities(own: dict[str, int], profile: Profile, rents: float) -> None:
    debt = rents * profile.cash_flow * profile.debt_years
    for line in DEBTS:
        own[f"{line}.fin"] = 0
    own["ED.110.fin"] = whole(debt * 0.008)
    own["ED.120.fin"] = whole(debt * 0.988)
    own["ED.130.fin"] = whole(debt * 0.004)
    own["ED.140.fin"] = whole(rents * profile.accession * 0.3)
    own["ED.160.fin"] = whole(debt * 0.008)
    own["ED.170.fin"] = whole(debt * 0.002)
    share_debt(own, profile)
    own["BP.140.n"] = whole(rents * 1.6)
    own["BP.150.n"] = whole(rents * 0.8)
    own["BP.170.n"] = 0
    own["BP.180.n"] = whole(rents * 0.06) // 1000 * 1000 if profile.has_loan_notes else 0
    own["BP.210.n"] = whole(rents * 0.018)
    own["BP.220.n"] = whole(rents * 0.14)
    own["BP.230.n"] = whole(rents * 0.014)
    own["BP.370.n"] = whole(rents * 0.105)
    own["BP.380.n"] = whole(rents * profile.accession * 0.01)
    own["BP.400.n"] = 0
    own["BP.410.n"] = whole(debt * 0.009)
    own["BP.420.n"] = whole(debt * 0.0013)
    own["BP.430.n"] = 0
    for line, share in PAYABLES.items():
        own[f"{line}.n"] = whole(rents * share)
    own["BP.525.n"] = whole(rents * profile.accession * 0.08)
    own["BP.570.n"] = whole(rents * 0.004)
    own["BP.580.n"] = whole(rents * profile.accession * 0.08)
    own["BP.545.n"] = own["BP.600.n"] = 0
    own["PR.110.fin"] = 0
    own["PR.150.fin"] = own["BA.310.amort"]
    own["PR.160.fin"] = own["BA.530.amort"]
    own["PR.170.fin"] = own["BA.740.amort"]
    own["PR.180.fin"] = own["BA.810.amort"]
    for line, balance in (("120", "210"), ("130", "220"), ("140", "230")):
        own[f"PR.{line}.fin"] = own[f"BP.{balance}.n"]


def _open_equity(own: dict[str, int], profile: Profile, amount: int) -> None:
    lines = {
        "OPH": {"020": 6.0, "030": 2.5, "080": 10.0, "090": 30.0, "100": 45.0, "110": 6.5},
        "ESH": {"010": 8.0, "040": 4.0, "060": 0.6, "070": 20.0, "090": 25.0, "100": 35.0, "110": 7.4},
        "COOP": {"010": 12.0, "040": 1.0, "060": 1.0, "070": 35.0, "090": 10.0, "100": 33.0, "110": 8.0},
        "SEM": {"010": 25.0, "040": 3.0, "060": 1.5, "090": 12.0, "095": 14.0, "100": 35.0, "110": 9.5},
    }[profile.family]
    for line in EQUITY[:-1]:
        own[f"BP.{line}.n"] = 0
    weights = [weight * profile.equity[index] for index, weight in enumerate(lines.values())]
    for line, value in zip(lines, split(amount, weights), strict=True):
        own[f"BP.{line}.n"] = value
