"""Forms AF and SF of one closed year, kept because later filings show them in their n1 and n2 columns.

The formulas are those of domain.md 6, written out here so that bodies are built without the control engine: the tests
then hold one against the other.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from synthetic.books import Exercice, rents_of, result_of, total, working_capital
from synthetic.chart import CHARGES, EQUITY, INCOME, LENDERS

Figure = int | Decimal | bool


@dataclass(frozen=True, slots=True)
class Statements:
    """Column n of AF and SF: line code → figure, unrounded."""

    figures: dict[str, Figure]

    @property
    def ratio(self) -> Decimal:
        """AF.180, the ratio d'autofinancement net HLM, unrounded."""
        return Decimal(self.figures["AF.180"])


def two_decimals(figure: Decimal) -> Decimal:
    """Half up, as a displayed share is rounded (decisions.md 7)."""
    return figure.quantize(Decimal("0.01"), ROUND_HALF_UP)


def draw_up(
    exercice: Exercice, previous: Exercice, is_spreading: bool, earlier_ratios: tuple[Decimal, Decimal]
) -> Statements:
    """Compute AF and SF of a year; `earlier_ratios` are AF.180 of N-1 and N-2."""
    own = exercice.own
    figures: dict[str, Figure] = {}
    _cash_flow(figures, own, previous.own, is_spreading)
    last, before_last = (two_decimals(ratio) for ratio in earlier_ratios)
    ratio = Decimal(100) * Decimal(figures["AF.140"]) / Decimal(figures["AF.170"])
    mean = (ratio + last + before_last) / 3
    figures |= {"AF.180": ratio, "AF.190": last, "AF.200": before_last, "AF.210": mean, "AF.220": ratio < 0 or mean < 3}
    _position(figures, own)
    return Statements(figures)


def _cash_flow(figures: dict[str, Figure], own: dict[str, int], was: dict[str, int], is_spreading: bool) -> None:
    added = {
        "AF.010": result_of(own),
        "AF.020": total(own, "CC", CHARGES[3], "nr"),
        "AF.030": own["CC.710.nr"],
        "AF.040": own["CC.850.nr"],
        "AF.080": own["CC.820.nr"] + own["CC.830.nr"],
    }
    deducted = {
        "AF.050": own["CP.350.n"] + own["CP.360.n"] + own["CP.370.n"],
        "AF.060": own["CP.560.n"],
        "AF.070": own["CP.650.n"],
        "AF.090": own["CP.620.n"],
        "AF.100": own["CP.630.n"],
    }
    cash_flow = sum(added.values()) - sum(deducted.values())
    repaid = own["ED.120.remb"] + own["ED.130.remb"]
    deferred = 0 if is_spreading else own["BP.420.n"] - was["BP.420.n"]
    sales = rents_of(own) + total(own, "CP", INCOME[0], "n") - own["CP.010.n"]
    financial = total(own, "CP", INCOME[3], "n")
    figures |= added | deducted
    figures |= {"AF.110": cash_flow, "AF.120": repaid, "AF.130": deferred, "AF.140": cash_flow - repaid + deferred}
    figures |= {"AF.150": sales, "AF.160": financial, "AF.170": sales + financial}


def _position(figures: dict[str, Figure], own: dict[str, int]) -> None:
    equity = total(own, "BP", (*EQUITY, "140", "170", "180"), "n") - own["BP.150.n"]
    provisions = total(own, "BP", ("210", "220", "230"), "n")
    debts = sum(own[f"{line}.n"] for line in LENDERS) + total(own, "BP", ("370", "380", "400", "420"), "n")
    fixed = [address for address in own if "BA.010" <= address < "BA.4"]
    worn = sum(own[address] for address in fixed if address.endswith(".amort"))
    gross = sum(own[address] for address in fixed if address.endswith(".brut"))
    fund = working_capital(own)
    cash = own["BA.820.brut"] + own["BA.830.brut"] + own["BA.810.brut"] - own["BA.810.amort"] - own["BP.430.n"]
    completed = fund - own["SF.130.n"] + own["SF.140.n"] + own["SF.150.n"]
    potential = completed - provisions - own["BP.370.n"]
    figures |= {
        "SF.010": equity,
        "SF.020": provisions,
        "SF.030": worn,
        "SF.040": debts,
        "SF.050": equity + provisions + worn + debts,
        "SF.060": gross,
        "SF.070": own["BA.860.brut"],
        "SF.080": fund,
        "SF.100": fund - cash,
        "SF.110": cash,
        "SF.130": own["SF.130.n"],
        "SF.140": own["SF.140.n"],
        "SF.150": own["SF.150.n"],
        "SF.160": completed,
        "SF.170": provisions,
        "SF.180": own["BP.370.n"],
        "SF.190": potential,
        "SF.200": Decimal(potential) / own["PL.080.n"],
        "SF.210": Decimal(completed) / own["PL.080.n"],
    }
