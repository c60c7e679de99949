"""Double-entry books of one body, in whole euros, in the shape of the forms.

Each year is kept apart: `own["BA.140.brut"]` is what the filing of that year types or computes in the year's own
columns; the n1 and n2 columns of later filings are read from earlier years. The rules that the opening and every year
end share are here: sharing to the euro, allocating the result, the aim of working capital, closing the balance sheet.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from synthetic.chart import CHARGES, DEBTS, EQUITY, FINANCIAL, FIXED, INCOME, LENDERS, RECEIVABLES, WORKS
from synthetic.profile import Profile


@dataclass(slots=True)
class Exercice:
    """One year of the books."""

    year: int
    own: dict[str, int]
    """Address → amount or count in the year's own columns; ages in tenths, full-time equivalents in hundredths."""
    pace: float
    """Smoothed yearly spending on new dwellings, which drives deliveries and what is left to spend."""
    running_cost: float
    """Cost of D6 per dwelling managed, before this year's closing."""
    maintenance: float
    gross_rent: float
    """Rent before RLS per dwelling managed."""
    wage: float
    """Staff cost of one full-time equivalent."""
    interest_basis: float = 0.0


def whole(amount: float) -> int:
    """The nearest whole euro."""
    return int(amount + 0.5) if amount >= 0 else -int(0.5 - amount)


def split(total: int, weights: Sequence[float]) -> list[int]:
    """Share a total by weights, to the euro: the largest share takes what rounding leaves."""
    scale = sum(weights)
    shares = [whole(total * weight / scale) for weight in weights]
    largest = max(range(len(weights)), key=lambda index: weights[index])
    shares[largest] += total - sum(shares)
    return shares


def total(own: dict[str, int], form: str, lines: Iterable[str], column: str) -> int:
    """Sum of the lines of a form in one column."""
    return sum(own[f"{form}.{line}.{column}"] for line in lines)


def rents_of(own: dict[str, int]) -> int:
    """CP.190: rents net of RLS."""
    return total(own, "CP", INCOME[1], "n") - own["CP.180.n"]


def hold_stocks(own: dict[str, int], profile: Profile, rents: float) -> None:
    """Write the stocks of accession (BA.510 to 530) and supplies that go with these yearly rents."""
    sales = rents * profile.accession
    own["BA.510.brut"] = whole(sales * 0.15)
    own["BA.520.brut"] = whole(sales * 0.45)
    own["BA.530.brut"] = whole(sales * 0.12)
    own["BA.530.amort"] = whole(own["BA.530.brut"] * 0.05)
    own["BA.560.brut"] = whole(rents * 0.0008)


def allocate_result(own: dict[str, int], profile: Profile, rng: random.Random) -> None:
    """Form AR: what the board does with the result and the earlier retained earnings."""
    is_company = profile.family != "OPH"
    result = own["BP.120.n"]
    available = result + own["BP.110.n"]
    left = max(result, 0)
    legal = min(whole(left * 0.05), max(0, own["BP.010.n"] // 10 - own["BP.060.n"])) if is_company else 0
    dividend = min(whole(own["BP.010.n"] * rng.uniform(0.005, 0.02)), (left - legal) // 4) if is_company else 0
    left -= legal + dividend
    gains = min(max(own["CP.620.n"] - own["CC.820.nr"], 0), left)
    others = whole((left - gains) * rng.uniform(0.6, 1.0))
    retained = available - legal - dividend - gains - others
    drawn = min(own["BP.100.n"], max(-retained, 0))
    own |= {
        "AR.030.n": drawn,
        "AR.050.n": legal,
        "AR.060.n": gains,
        "AR.070.n": others,
        "AR.080.n": dividend,
        "AR.090.n": retained + drawn,
    }


def working_capital_aim(own: dict[str, int], profile: Profile, potential: float) -> int:
    """FRNG that gives this potentiel financier per dwelling (SF.200), plus part of the stocks of accession."""
    stocks = total(own, "BA", ("510", "520", "530"), "brut")
    left_to_finance = own["SF.130.n"] - own["SF.140.n"] - own["SF.150.n"]
    provisions = total(own, "BP", ("210", "220", "230"), "n")
    reserve = potential * own["PL.080.n"] + (0.6 * stocks if profile.accession else 0)
    return whole(reserve) + provisions + own["BP.370.n"] + left_to_finance


def share_debt(own: dict[str, int], profile: Profile) -> None:
    """Share the closing debt by purpose (ED) among the lenders of the balance sheet (X-15)."""
    debt = sum(own[f"{line}.fin"] for line in DEBTS)
    for line, amount in zip(LENDERS, split(debt, profile.lenders), strict=True):
        own[f"{line}.n"] = amount


def close_balance(own: dict[str, int]) -> None:
    """The bank account takes the difference between the two sides."""
    for line in ("BA.510", "BA.520", "BA.560", *RECEIVABLES, "BA.720", "BA.820", "BA.830", "BA.840", "BA.860"):
        own.setdefault(f"{line}.amort", 0)
    own.setdefault("BA.710.amort", 0)
    own["BA.820.brut"] = 0
    assets = sum(
        amount if address.endswith(".brut") else -amount for address, amount in own.items() if address.startswith("BA.")
    )
    liabilities = sum(
        -amount if address == "BP.150.n" else amount for address, amount in own.items() if address.startswith("BP.")
    )
    own["BA.820.brut"] = liabilities - assets


def working_capital(own: dict[str, int]) -> int:
    """SF.080, the FRNG, from a closed balance sheet."""
    stable = sum(own[f"BP.{line}.n"] for line in (*EQUITY, "140", "170", "180", "210", "220", "230"))
    stable += sum(own[f"{line}.n"] for line in LENDERS) - own["BP.150.n"]
    stable += total(own, "BP", ("370", "380", "400", "420"), "n")
    fixed = sum(own[f"{line}.brut"] - own[f"{line}.amort"] for line in (*FIXED, *WORKS, *FINANCIAL))
    return stable - fixed - own["BA.860.brut"]


def result_of(own: dict[str, int]) -> int:
    """CP.910: income less charges of the year."""
    income = sum(total(own, "CP", block, "n") for block in INCOME) - own["CP.180.n"]
    charges = sum(own[f"CC.{line}.nr"] + own.get(f"CC.{line}.rec", 0) for block in CHARGES for line in block)
    return income - charges
