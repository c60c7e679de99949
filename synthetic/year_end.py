"""The entries of one year, from rents to the bank.

Two amounts close the accounts: investments take what the financing table leaves once working capital has reached its
aim, and the bank (BA.820) closes the balance sheet. Everything else follows from entries, so each identity holds to the
euro.
"""

import random

from synthetic.books import (
    Exercice,
    allocate_result,
    close_balance,
    hold_stocks,
    rents_of,
    result_of,
    share_debt,
    split,
    total,
    whole,
    working_capital,
    working_capital_aim,
)
from synthetic.chart import (
    DEBTS,
    DEPRECIATED,
    EQUITY,
    FINANCIAL,
    FIXED,
    GENERAL,
    HISTORY_OPENS,
    MAINTENANCE,
    PAYABLES,
    RECEIVABLES,
    RECOVERABLE,
    WORKS,
    loan_rate,
    price_level,
    rent_rise,
    rls,
)
from synthetic.profile import Profile


class YearEnd:
    """The entries of one year, in the order in which each needs the one before."""

    def __init__(self, profile: Profile, previous: Exercice, rng: random.Random) -> None:
        self.profile = profile
        self.before = previous
        self.was = previous.own
        self.rng = rng
        self.year = previous.year + 1
        self.now: dict[str, int] = {}
        self.after = Exercice(
            year=self.year,
            own=self.now,
            pace=previous.pace,
            running_cost=previous.running_cost,
            maintenance=previous.maintenance,
            gross_rent=previous.gross_rent,
            wage=previous.wage,
        )

    def close(self) -> Exercice:
        """Write every entry and return the closed year."""
        self._move_dwellings()
        self._bill_rents()
        self._bill_charges_to_tenants()
        self._sell_accession()
        self._earn_other_income()
        self._sell_buildings()
        self._pay_interest()
        self._owe_tenants_and_impair()
        self._pay_fixed_costs()
        self._spend_what_cash_flow_leaves()
        self._count_staff()
        self._provide()
        self._repay_and_borrow()
        self._invest()
        self._report_operations()
        self._close_equity()
        self._close_working_capital()
        close_balance(self.now)
        return self.after

    def _about(self, amount: float, spread: float = 0.05) -> int:
        """The amount, give or take a share of it."""
        return whole(amount * self.rng.uniform(1 - spread, 1 + spread))

    def _weights(self, lines: dict[str, float], offset: int) -> list[float]:
        habits = self.profile.habits
        return [
            weight * habits[(offset + index) % len(habits)] * self.rng.uniform(0.95, 1.05)
            for index, weight in enumerate(lines.values())
        ]

    def _move_dwellings(self) -> None:
        profile, was, now = self.profile, self.was, self.now
        opening = was["PL.030.n"]
        delivered = self._about(self.before.pace / (profile.unit_cost * price_level(self.year)), 0.15)
        delivered = min(delivered, whole(opening * 0.045))
        acquired = whole(delivered * self.rng.uniform(0.05, 0.2))
        sold = self._about(opening * profile.sale_rate, 0.3)
        demolished = self._about(opening * profile.demolition_rate, 0.5)
        other = self.rng.choice((0, 0, 0, -1, 1))
        now["PL.310.n"] = opening
        now |= {"PL.320.n": delivered - acquired, "PL.330.n": acquired, "PL.340.n": 0, "PL.350.n": sold}
        now |= {"PL.360.n": 0, "PL.370.n": demolished, "PL.380.n": other}
        owned = opening + delivered - sold - demolished + other
        now["PL.390.n"] = now["PL.030.n"] = owned
        now["PL.020.n"] = was["PL.020.n"]
        now["PL.010.n"] = owned - now["PL.020.n"]
        for line in ("PL.040", "PL.060", "PL.070"):
            now[f"{line}.n"] = was[f"{line}.n"]
        now["PL.050.n"] = now["PL.010.n"] + now["PL.040.n"]
        now["PL.080.n"] = owned + now["PL.060.n"]
        now["PL.090.n"] = now["PL.050.n"] + now["PL.070.n"]
        self._describe_dwellings(owned, delivered, sold + demolished)

    def _describe_dwellings(self, owned: int, delivered: int, gone: int) -> None:
        profile, was, now = self.profile, self.was, self.now
        now["PL.100.n"] = whole(owned * 0.34 * profile.habits[6])
        now["PL.110.n"] = whole(owned * 0.011 * profile.habits[7])
        now["PL.120.n"] = whole(owned * profile.conventioned)
        now["PL.130.n"] = owned - now["PL.120.n"]
        now["PL.140.n"] = whole(owned * profile.individual)
        now["PL.150.n"] = owned - now["PL.140.n"]
        now["PL.160.n"] = whole(owned * profile.priority_areas)
        age = (was["PL.170.n"] + 10) * (1 - delivered / owned) - 250 * gone / owned
        now["PL.170.n"] = min(max(whole(age), was["PL.170.n"] - 15), was["PL.170.n"] + 10)
        now["PL.180.n"] = was["PL.180.n"] + whole((owned - was["PL.030.n"]) * profile.surface)
        now["PL.190.n"] = whole(owned * profile.poor_energy * max(0.2, 1 - 0.06 * (self.year - 2020)))
        for line, number in zip(("210", "220", "230", "240"), split(owned, profile.financing), strict=True):
            now[f"PL.{line}.n"] = number
        now["PL.410.n"] = self._about(delivered * 1.05, 0.2)
        now["PL.420.n"] = self._about(owned * 0.03, 0.4)
        now["VA.020.n"] = whole(now["PL.010.n"] * self.profile.vacancy * self.rng.uniform(0.33, 0.43))
        now["VA.030.n"] = whole(now["PL.010.n"] * self.profile.vacancy * self.rng.uniform(0.2, 0.3))
        now["VA.040.n"] = whole(now["PL.010.n"] * self.profile.vacancy * self.rng.uniform(0.3, 0.4))
        now["VA.120.n"] = max(self._about(now["PL.010.n"] * 0.085 * profile.habits[8], 0.08), 1)

    def _bill_rents(self) -> None:
        profile, now = self.profile, self.now
        managed = (self.was["PL.010.n"] + self.was["PL.040.n"] + now["PL.050.n"]) / 2
        self.after.gross_rent *= 1 + (rent_rise(self.year) + 0.002) * self.rng.uniform(0.9, 1.05)
        gross = managed * self.after.gross_rent * self.rng.uniform(0.998, 1.002)
        surcharge = whole(gross * 0.01 * profile.habits[9])
        free = whole(gross * (1 - profile.conventioned) * 1.1)
        now["CP.120.n"] = surcharge
        now["CP.110.n"] = free
        now["CP.130.n"] = whole(gross) - surcharge - free
        now["CP.180.n"] = whole((now["CP.110.n"] + now["CP.130.n"]) * rls(self.year) * (0.9 + 0.1 * profile.habits[10]))
        now["CP.150.n"] = whole(now["PL.060.n"] * self.after.gross_rent * 1.15)
        now["CP.140.n"] = self._about(gross * 0.029 * profile.habits[11], 0.02)
        now["CP.160.n"] = whole(gross * profile.accession * 0.01)
        now["CP.170.n"] = self._about(gross * 0.0035)
        self.rents = rents_of(now)
        lost = gross * (now["VA.020.n"] + now["VA.030.n"] + now["VA.040.n"]) / now["PL.010.n"] * 0.85
        now["VA.080.n"] = self._about(lost)
        now["VA.090.n"] = self._about(lost * 0.22)

    def _bill_charges_to_tenants(self) -> None:
        now = self.now
        spent = self._about(830 * self.profile.habits[12] * price_level(self.year) * now["PL.090.n"], 0.02)
        shares = split(spent, self._weights(RECOVERABLE, 13))
        for line, amount in zip(RECOVERABLE, shares, strict=True):
            now[f"{line}.rec"] = amount
        for line in ("CC.180", "CC.200", "CC.210", "CC.220"):
            now[f"{line}.rec"] = 0
        now["CP.010.n"] = whole(spent * self.rng.uniform(0.92, 0.985))

    def _sell_accession(self) -> None:
        profile, was, now = self.profile, self.was, self.now
        sales = self._about(self.rents * profile.accession, 0.12)
        hold_stocks(now, profile, self.rents * self.rng.uniform(0.97, 1.03))
        now["CP.310.n"] = total(now, "BA", ("520", "530"), "brut") - total(was, "BA", ("520", "530"), "brut")
        now["CC.040.nr"] = total(was, "BA", ("510", "560"), "brut") - total(now, "BA", ("510", "560"), "brut")
        cost = max(whole(sales * self.rng.uniform(0.86, 0.93)) + now["CP.310.n"] - now["CC.040.nr"], 0)
        now["CP.020.n"] = sales
        now["CC.010.nr"] = whole(cost * 0.14)
        now["CC.050.nr"] = cost - now["CC.010.nr"]
        now["CC.030.nr"] = 0
        aim = whole(now["BA.530.brut"] * 0.05)
        opening = was["PR.160.fin"]
        now["PR.160.rep"] = whole(opening * 0.5)
        now["PR.160.dot"] = max(aim - opening + now["PR.160.rep"], 0)
        if now["PR.160.dot"] == 0:
            now["PR.160.rep"] = max(opening - aim, 0)
        now["PR.160.fin"] = opening + now["PR.160.dot"] - now["PR.160.rep"]
        now["BA.530.amort"] = now["PR.160.fin"]

    def _earn_other_income(self) -> None:
        now, habits, rents = self.now, self.profile.habits, self.rents
        shares = {
            "CP.220": 0.006 if self.profile.third_party else 0.0,
            "CP.230": 0.0016,
            "CP.240": 0.0022,
            "CP.250": 0.008,
            "CP.320": 0.011,
            "CP.330": 0.001,
            "CP.340": 0.005,
            "CP.380": 0.004 if self.year < 2025 else 0.0,
            "CP.390": 0.003,
            "CP.510": 0.0001,
            "CP.540": 0.0005,
            "CP.610": 0.008,
            "CP.615": 0.0004,
            "CP.640": 0.0023,
            "CP.660": 0.013,
        }
        for index, (line, share) in enumerate(shares.items()):
            now[f"{line}.n"] = self._about(rents * share * habits[(20 + index) % 64], 0.08)
        now["CP.530.n"] = self._about(self.profile.financial_income * price_level(self.year) * now["PL.050.n"], 0.05)
        for line in ("CP.210", "CP.400", "CP.520", "CP.550", "CP.570"):
            now[f"{line}.n"] = 0

    def _sell_buildings(self) -> None:
        now, level = self.now, price_level(self.year)
        now["CP.620.n"] = self._about(now["PL.350.n"] * 108_000 * level, 0.1)
        now["CC.820.nr"] = self._about(now["PL.350.n"] * 34_000 * level, 0.1)
        now["CC.830.nr"] = self._about(self.rents * 0.005 + now["PL.370.n"] * 5_500, 0.1)

    def _pay_interest(self) -> None:
        profile, was, now = self.profile, self.was, self.now
        rate = loan_rate(profile, self.year) * self.rng.uniform(0.99, 1.01)
        now["CC.720.nr"] = now["ED.110.int"] = whole(was["ED.110.fin"] * rate * 0.8)
        now["ED.130.int"] = whole(was["ED.130.fin"] * rate)
        long_term = whole(was["ED.120.fin"] * rate)
        now["CC.740.nr"] = whole(was["BP.420.n"] * 0.038)
        now["CC.750.nr"] = self._about(self.before.pace * 0.004, 0.2)
        now["CC.730.nr"] = long_term + now["ED.130.int"]
        now["ED.120.int"] = long_term + now["CC.740.nr"] + now["CC.750.nr"]
        now["CC.760.nr"] = now["ED.140.int"] = whole(was["ED.140.fin"] * rate * 0.9)
        now["CC.770.nr"] = now["ED.160.int"] = whole(was["ED.160.fin"] * rate * 0.6)
        now["ED.150.int"] = 0
        now["ED.170.int"] = 0
        now["CC.780.nr"] = self._about(self.rents * 0.0006, 0.3)
        rental = sum(now[f"CC.{line}.nr"] for line in ("720", "730", "740", "750"))
        self.interest_share = rental / self.rents
        self.after.interest_basis = self.before.interest_basis or self.interest_share

    def _owe_tenants_and_impair(self) -> None:
        now, was = self.now, self.was
        billed = self.rents + now["CP.010.n"]
        owed = self._about(billed * self.profile.receivables, 0.03)
        shares = split(owed, [w * self.rng.uniform(0.95, 1.05) for w in (0.37, 0.09, 0.11, 0.09, 0.31, 0.03)])
        for line, amount in zip(("010", "020", "030", "040", "050", "055"), shares, strict=True):
            now[f"IM.{line}.n"] = amount
        now["BA.740.brut"] = now["IM.040.n"] + now["IM.050.n"]
        now["BA.710.brut"] = owed - now["BA.740.brut"]
        now["IM.120.n"] = whole(billed * (self.profile.recovery + self.rng.uniform(-0.003, 0.003)))
        now["IM.170.n"] = self._about(now["PL.010.n"] * 0.055, 0.1)
        now["IM.180.n"] = self._about(now["IM.170.n"] * 0.62, 0.1)
        now["IM.190.n"] = self._about(now["PL.010.n"] * 0.0013, 0.3)
        due = owed - now["IM.010.n"] - now["IM.055.n"]
        opening = was["PR.170.fin"]
        now["PR.170.rep"] = whole(opening * self.rng.uniform(0.28, 0.38))
        aim = whole(due * self.rng.uniform(0.5, 0.58))
        now["PR.170.dot"] = max(aim - opening + now["PR.170.rep"], 0)
        now["PR.170.fin"] = opening + now["PR.170.dot"] - now["PR.170.rep"]
        now["BA.740.amort"] = min(now["PR.170.fin"], whole(now["BA.740.brut"] * 0.92))
        now["BA.710.amort"] = now["PR.170.fin"] - now["BA.740.amort"]
        now["CC.610.nr"] = self._about(billed * 0.011, 0.15)

    def _pay_fixed_costs(self) -> None:
        profile, now, level = self.profile, self.now, price_level(self.year)
        now["CC.320.nr"] = self._about(profile.property_tax * level * now["PL.080.n"], 0.012)
        now["CC.230.nr"] = self._about(profile.cglls * level * now["PL.090.n"], 0.03)
        now["CC.235.nr"] = self._about(24 * level * now["PL.090.n"], 0.03)
        now["CC.160.nr"] = self._about(self.rents * 0.003, 0.03)
        now["CC.810.nr"] = self._about(self.rents * 0.0055, 0.2)
        now["CC.815.nr"] = self._about(self.rents * 0.0005, 0.3)
        now["CC.840.nr"] = self._about(self.rents * 0.0016, 0.3)
        is_taxed = profile.family != "OPH" and profile.accession > 0
        now["CC.870.nr"] = self._about(self.rents * 0.0008) if profile.family == "ESH" else 0
        now["CC.880.nr"] = self._about(self.rents * profile.accession * 0.01) if is_taxed else 0
        now["CC.630.nr"] = 0

    def _spend_what_cash_flow_leaves(self) -> None:
        """Running costs and maintenance follow prices, then share the gap to the cash flow aimed at."""
        profile, now, after = self.profile, self.now, self.after
        available = self._cash_income() - self._cash_costs() - self._cash_flow_aim() + now["CP.320.n"]
        rise = 1.016 + self.rng.uniform(-0.004, 0.004)
        running = after.running_cost * rise * now["PL.090.n"]
        upkeep = after.maintenance * rise * now["PL.080.n"]
        gap = available - running - upkeep
        if self.before.year == HISTORY_OPENS:
            running *= available / (available - gap)
            upkeep = available - running
        else:
            running += gap * 0.4
            upkeep += gap * 0.6
        after.running_cost = running / now["PL.090.n"]
        after.maintenance = upkeep / now["PL.080.n"]
        in_house = whole(upkeep * 0.07) if profile.has_in_house_works else 0
        now["QD.020.n"] = in_house
        for line, amount in zip(
            MAINTENANCE, split(whole(upkeep) - in_house, self._weights(MAINTENANCE, 30)), strict=True
        ):
            now[f"{line}.nr"] = amount
        staff = whole(running * profile.staff_share * self.rng.uniform(0.985, 1.015))
        now["CC.190.nr"] = whole(staff * 0.025)
        payroll = staff - now["CC.190.nr"] + in_house
        shares = split(payroll, [0.089, 0.632, 0.279])
        now["CC.310.nr"], now["CC.410.nr"], now["CC.420.nr"] = shares
        general = whole(running) - staff + now["CP.320.n"]
        for line, amount in zip(GENERAL, split(general, self._weights(GENERAL, 40)), strict=True):
            now[f"{line}.nr"] = amount

    def _cash_income(self) -> int:
        now = self.now
        lines = ("010", "020", "220", "230", "240", "250", "310", "320", "330", "340", "380", "390")
        financial = ("510", "530", "540", "660")
        return self.rents + sum(now[f"CP.{line}.n"] for line in (*lines, *financial))

    def _cash_costs(self) -> int:
        """Every cost of the current cash flow but running costs and maintenance."""
        now = self.now
        lines = (
            "010",
            "040",
            "050",
            "160",
            "230",
            "235",
            "320",
            "610",
            "720",
            "730",
            "740",
            "750",
            "760",
            "770",
            "780",
        )
        recoverable = sum(now[f"{line}.rec"] for line in RECOVERABLE)
        return recoverable + sum(now[f"CC.{line}.nr"] for line in (*lines, "870", "880"))

    def _cash_flow_aim(self) -> int:
        """Current cash flow aimed at, never under what keeps the ratio d'autofinancement well above 3 % (P-26)."""
        profile, now = self.profile, self.now
        share = profile.cash_flow + self.rng.uniform(-0.006, 0.006)
        share -= 0.5 * (self.interest_share - self.after.interest_basis)
        repaid = profile.repayment * (self.was["ED.120.fin"] + self.was["ED.110.fin"] + self.was["ED.130.fin"]) * 1.02
        sales = self.rents + total(now, "CP", ("020", "220", "230", "240", "250", "510", "530", "540"), "n")
        return whole(max(share * self.rents, repaid + 0.052 * sales))

    def _count_staff(self) -> None:
        profile, now, after = self.profile, self.now, self.after
        after.wage *= 1.017
        staff = sum(now[f"CC.{line}.{column}"] for line in ("410", "420") for column in ("nr", "rec"))
        hundredths = max(whole(100 * staff / after.wage), 100)
        weights = [14.0, 31.0, 25.0, 24.0, 6.0 if profile.has_in_house_works else 0.0]
        for line, number in zip(("010", "020", "030", "040", "050"), split(hundredths, weights), strict=True):
            now[f"EF.{line}.n"] = number
        if profile.has_in_house_works:
            now["EF.050.n"] = max(now["EF.050.n"], 5)
        now["EF.060.n"] = total(now, "EF", ("010", "020", "030", "040", "050"), "n")
        now["EF.070.n"] = whole(100 * now["CC.190.nr"] / (after.wage * 1.15))
        now["EF.080.n"] = whole(now["EF.060.n"] / 100 * 1.045) + 1

    def _provide(self) -> None:
        """Provisions and impairments, with the same amounts in the income statement."""
        profile, was, now = self.profile, self.was, self.now
        self._move_provision("130", whole(now["CC.130.nr"] * (1.6 + profile.habits[50])), now["CC.130.nr"] // 2)
        self._move_provision("120", whole(self.rents * 0.018 * self.rng.uniform(0.9, 1.1)), was["PR.120.fin"] // 10)
        self._move_provision("140", whole(self.rents * 0.014 * self.rng.uniform(0.95, 1.05)), was["PR.140.fin"] // 8)
        for line, balance in (("120", "210"), ("130", "220"), ("140", "230")):
            now[f"BP.{balance}.n"] = now[f"PR.{line}.fin"]
        for line in ("110", "120", "130", "140", "150", "160", "170", "180"):
            now[f"PR.{line}.debut"] = was[f"PR.{line}.fin"]
        now |= {"PR.110.dot": 0, "PR.110.rep": 0, "PR.110.fin": was["PR.110.fin"], "BP.170.n": was["BP.170.n"]}
        released = whole(was["PR.150.fin"] * 0.05)
        now |= {"PR.150.dot": 0, "PR.150.rep": released, "PR.150.fin": was["PR.150.fin"] - released}
        now["BA.810.brut"] = was["BA.810.brut"]
        self._move_provision("180", whole(now["BA.810.brut"] * self.rng.uniform(0.012, 0.03)), 0)
        now["BA.810.amort"] = now["PR.180.fin"]
        now["CC.540.nr"] = 0
        now["CC.550.nr"] = now["PR.160.dot"]
        now["CC.560.nr"] = now["PR.170.dot"]
        now["CC.570.nr"] = now["PR.130.dot"]
        now["CC.580.nr"] = now["PR.120.dot"] + now["PR.140.dot"]
        now["CC.710.nr"] = now["PR.180.dot"]
        now["CC.850.nr"] = now["PR.110.dot"]
        now["CP.350.n"] = now["PR.130.rep"]
        now["CP.360.n"] = now["PR.170.rep"]
        now["CP.370.n"] = now["PR.120.rep"] + now["PR.140.rep"] + now["PR.150.rep"] + now["PR.160.rep"]
        now["CP.560.n"] = now["PR.180.rep"]
        now["CP.650.n"] = now["PR.110.rep"]
        self._depreciate()

    def _move_provision(self, line: str, aim: int, release: int) -> None:
        opening = self.was[f"PR.{line}.fin"]
        release = min(release, opening)
        allowance = aim - opening + release
        if allowance < 0:
            release, allowance = min(release - allowance, opening), 0
        self.now |= {
            f"PR.{line}.dot": allowance,
            f"PR.{line}.rep": release,
            f"PR.{line}.fin": opening + allowance - release,
        }

    def _depreciate(self) -> None:
        was, now = self.was, self.now
        other = 0
        for line, life in DEPRECIATED.items():
            self.now[f"{line}.dot"] = whole((was[f"{line}.brut"] - was[f"{line}.amort"]) / life)
            other += self.now[f"{line}.dot"]
        now["CC.520.nr"] = other
        now["CC.530.nr"] = was["BA.860.brut"] // 5
        value = sum(was[f"{line}.brut"] - was[f"{line}.amort"] for line in ("BA.140", "BA.150"))
        years = self.profile.value_years * self.rng.uniform(0.985, 1.015)
        added = self.before.pace * 0.885 + was.get("TF.120.n", self.before.pace * 0.4)
        now["CC.510.nr"] = whole((value - now["CC.820.nr"] - now["CC.830.nr"] + added) / (years + 1))
        subsidies = was["BP.140.n"] - was["BP.150.n"]
        now["CP.630.n"] = whole(subsidies / 21)

    def _repay_and_borrow(self) -> None:
        profile, was, now = self.profile, self.was, self.now
        rental = was["ED.110.fin"] + was["ED.120.fin"] + was["ED.130.fin"]
        current = self._current_cash_flow()
        growth = 0.018 + 0.3 * (profile.debt_years * current / rental - 1.018)
        aim = whole(rental * (1 + min(max(growth, -0.015), 0.06)))
        aim = min(aim, whole((profile.value_years - 1.6) * current))
        closing = {"ED.110": whole(aim * 0.008), "ED.130": whole(aim * 0.004), "ED.150": 0}
        closing["ED.120"] = aim - closing["ED.110"] - closing["ED.130"]
        closing["ED.140"] = whole(total(now, "BA", ("510", "520", "530"), "brut") * 0.42)
        closing["ED.160"] = whole(was["ED.160.fin"] * 0.99)
        closing["ED.170"] = whole(was["ED.170.fin"] * 0.97)
        repaid = {"ED.110": 0.3, "ED.120": profile.repayment, "ED.130": 0.12, "ED.140": 0.45, "ED.150": 0.0}
        repaid |= {"ED.160": 0.07, "ED.170": 0.08}
        for line in DEBTS:
            opening = was[f"{line}.fin"]
            scheduled = self._about(opening * repaid[line], 0.01)
            early = whole(opening * self.rng.uniform(0.0, 0.002)) if line == "ED.120" else 0
            drawn = max(closing[line] - opening + scheduled + early, 0)
            now |= {f"{line}.debut": opening, f"{line}.nouv": drawn, f"{line}.remb": scheduled, f"{line}.ra": early}
            now[f"{line}.fin"] = opening + drawn - scheduled - early
        share_debt(now, profile)

    def _current_cash_flow(self) -> int:
        """QR.900 before it is written: the current income and costs of the year."""
        now = self.now
        spent = sum(now[f"{line}.nr"] for line in (*GENERAL, *MAINTENANCE))
        spent += total(now, "CC", ("190", "310", "410", "420"), "nr")
        return self._cash_income() - self._cash_costs() - spent

    def _invest(self) -> None:
        """The financing table: what resources leave, once working capital reaches its aim, is invested."""
        profile, was, now = self.profile, self.was, self.now
        now["BP.370.n"] = whole(was["BP.370.n"] * max(now["PL.010.n"] / was["PL.010.n"], 0.9) * 1.008)
        now["BP.380.n"] = was["BP.380.n"]
        now["BP.400.n"] = was["BP.400.n"]
        now["BP.420.n"] = was["BP.420.n"] + whole(now["CC.740.nr"] * self.rng.uniform(-0.5, 0.7))
        now["TF.168.n"] = whole(self.rents * 0.0009) if profile.is_spreading_interest else 0
        now["BA.860.brut"] = was["BA.860.brut"] - now["CC.530.nr"] + now["TF.168.n"]
        now["TF.170.n"] = was["AR.080.n"]
        now["TF.030.n"] = self._about(self.before.pace * 0.11, 0.15)
        raised = whole(self.rents * 0.02) // 1000 * 1000 if self.rng.random() < 0.12 else 0
        now["TF.050.n"] = raised
        self.after.pace = self.before.pace * 0.6
        self._plan_operations(self.before.pace)
        potential = profile.potential * self.rng.uniform(0.97, 1.03)
        rise = working_capital_aim(now, profile, potential) - working_capital(was)
        limit = whole(self.rents * 0.12)
        rise = min(max(rise, -limit), limit)
        resources = self._financing_resources() - rise
        spent = max(resources, whole(self.rents * 0.08))
        now["TF.140.n"] = whole(self.rents * self.rng.uniform(-0.0004, 0.001))
        spent -= now["TF.140.n"]
        now["TF.130.n"] = now["CC.520.nr"] + whole(self.rents * 0.004)
        new_share = profile.new_share * self.rng.uniform(0.95, 1.05)
        now["TF.110.n"] = whole(max(spent - now["TF.130.n"], 0) * min(new_share, 0.93))
        now["TF.120.n"] = max(spent - now["TF.130.n"], 0) - now["TF.110.n"]
        self.after.pace += now["TF.110.n"] * 0.4
        self._capitalise()

    def _financing_resources(self) -> int:
        """Resources of the financing table less its uses other than investments."""
        was, now = self.was, self.now
        flow = self._current_cash_flow() + total(now, "CP", ("610", "615", "640"), "n")
        flow -= total(now, "CC", ("810", "815", "840"), "nr")
        impaired = sum(now[f"PR.{line}.dot"] - now[f"PR.{line}.rep"] for line in ("160", "170", "180"))
        debt = sum(now[f"{line}.fin"] - was[f"{line}.fin"] for line in DEBTS)
        deposits = sum(now[f"BP.{line}.n"] - was[f"BP.{line}.n"] for line in ("370", "380", "400", "420"))
        resources = flow - impaired + now["CP.620.n"] + now["TF.030.n"] + now["TF.050.n"] + debt + deposits
        return resources - now["TF.168.n"] - now["TF.170.n"]

    def _plan_operations(self, pace: float) -> None:
        now = self.now
        now["SF.130.n"] = self._about(pace * 1.7, 0.06) + 1
        now["SF.140.n"] = whole(now["SF.130.n"] * self.rng.uniform(0.68, 0.74))
        now["SF.150.n"] = whole(now["SF.130.n"] * self.rng.uniform(0.07, 0.1))

    def _capitalise(self) -> None:
        """Gross values and depreciation of fixed assets, closing included."""
        was, now = self.was, self.now
        for line in (*FIXED, *WORKS, *FINANCIAL):
            now[f"{line}.brut"] = was[f"{line}.brut"]
            now[f"{line}.amort"] = was[f"{line}.amort"]
        for line in ("BA.010", "BA.180", "BA.340", "BA.350", "BA.540", "BA.550", "BA.870", "BA.880"):
            now[f"{line}.brut"] = now[f"{line}.amort"] = 0
        now["BA.310.brut"] += now["TF.140.n"]
        now["BA.310.amort"] = now["PR.150.fin"]
        for line, amount in zip(DEPRECIATED, split(now["TF.130.n"], self._replacement_weights()), strict=True):
            scrapped = now[f"{line}.dot"] // 2
            now[f"{line}.brut"] += amount - scrapped
            now[f"{line}.amort"] += now.pop(f"{line}.dot") - scrapped
        self._deliver()
        out = now["CC.820.nr"] + now["CC.830.nr"]
        gross_out = min(whole(out * 2.1), out + now["BA.140.amort"] // 4)
        now["BA.140.brut"] -= gross_out
        now["BA.140.amort"] -= gross_out - out
        values = [max(now[f"{line}.brut"] - now[f"{line}.amort"], 1) for line in ("BA.140", "BA.150")]
        for line, amount in zip(("BA.140", "BA.150"), split(now["CC.510.nr"], values), strict=True):
            now[f"{line}.amort"] += amount

    def _replacement_weights(self) -> list[float]:
        return [float(self.now[f"{line}.dot"] + 1) for line in DEPRECIATED]

    def _deliver(self) -> None:
        """New spending enters works in progress, finished operations leave them for land and buildings."""
        now = self.now
        now["BA.220.brut"] += now["TF.110.n"]
        kept = self._about(self.after.pace * 1.35, 0.05)
        finished = max(now["BA.220.brut"] - kept, 0)
        now["BA.220.brut"] -= finished
        parts = split(finished, [0.005, 0.11, 0.825, 0.06])
        for line, amount in zip(("BA.110", "BA.120", "BA.140", "BA.150"), parts, strict=True):
            now[f"{line}.brut"] += amount
        now["BA.140.brut"] += now["TF.120.n"]

    def _report_operations(self) -> None:
        """QDIS answers of its own: operations under way, debt structure, plans and surveys."""
        now, rng = self.now, self.rng
        cost = whole(now["SF.130.n"] * rng.uniform(1.9, 2.3))
        now["QG.010.n"], now["QG.020.n"], now["QG.030.n"] = split(cost, [0.1, 0.72, 0.18])
        now["QG.040.n"] = cost - now["SF.130.n"]
        now["QG.060.n"] = whole(cost * rng.uniform(0.74, 0.78))
        now["QG.080.n"] = whole(cost * rng.uniform(0.09, 0.11))
        now["QG.110.n"] = self._about(self.after.pace * 1.4 / (self.profile.unit_cost * price_level(self.year)), 0.1)
        now["QB.130.n"] = whole(now["PL.030.n"] * self.profile.sale_rate * 10)
        now["QB.140.n"] = whole(now["PL.030.n"] * self.profile.demolition_rate * 4)
        now["QC.130.n"] = self._about(self.rents * 0.0035, 0.4)
        now["QC.140.n"] = whole(self.rents * rng.uniform(-0.006, 0.006)) if self.year >= 2018 else 0
        now["QC.150.n"] = whole(10_000 * rent_rise(self.year))
        indexed = rng.randint(6_600, 7_600)
        now["QE.080.n"] = indexed
        now["QE.090.n"] = rng.randint(1_900, 9_900 - indexed)
        now["QE.100.n"] = 0
        now["QE.110.n"] = rng.randint(200, 290)
        now["QE.120.n"] = whole(10_000 * loan_rate(self.profile, self.year))
        now["QE.130.n"] = rng.randint(8_800, 9_900)
        now["QH.120.n"] = self._about(now["PL.010.n"] * 0.0045, 0.4)
        employees = now["EF.080.n"]
        now["QI.070.n"] = self._about(employees * 0.08, 0.4)
        now["QI.080.n"] = self._about(employees * 2.6, 0.2)
        finished = whole(now["CP.020.n"] / 210_000)
        now["QJ.090.n"] = finished
        now["QJ.100.n"] = finished // 6
        now["QJ.110.n"] = finished // 2
        now["QJ.130.n"] = finished // 4

    def _close_equity(self) -> None:
        profile, was, now = self.profile, self.was, self.now
        for line in EQUITY[:-1]:
            now[f"BP.{line}.n"] = was[f"BP.{line}.n"]
        own_line = {"OPH": "080", "ESH": "070", "COOP": "070", "SEM": "095"}[profile.family]
        kept = was["AR.070.n"] // 2
        now[f"BP.{own_line}.n"] += kept
        now["BP.100.n"] += was["AR.070.n"] - kept - was["AR.030.n"]
        now["BP.060.n"] += was["AR.050.n"]
        now["BP.090.n"] += was["AR.060.n"]
        now["BP.110.n"] = was["AR.090.n"]
        now["BP.180.n"] = was["BP.180.n"]
        raised = "BP.180" if profile.has_loan_notes and self.year >= 2020 else "BP.020"
        if raised == "BP.020" and profile.family != "OPH":
            raised = "BP.010"
        now[f"{raised}.n"] += now["TF.050.n"]
        now["BP.140.n"] = was["BP.140.n"] + now["TF.030.n"]
        now["BP.150.n"] = was["BP.150.n"] + now["CP.630.n"]
        for line in ("010", "030", "040", "050", "130", "160", "230", "235", "320"):
            now.setdefault(f"CC.{line}.rec", 0)
        now["BP.120.n"] = result_of(now)
        allocate_result(now, profile, self.rng)

    def _close_working_capital(self) -> None:
        profile, now, rents = self.profile, self.now, self.rents
        for line, share in RECEIVABLES.items():
            now[f"{line}.brut"] = self._about(rents * share, 0.08)
        for line, share in PAYABLES.items():
            now[f"{line}.n"] = self._about(rents * share, 0.06)
        sales = now["CP.020.n"]
        now["BA.720.brut"] = self._about(sales * 0.1, 0.1)
        now["BP.525.n"] = self._about(sales * 0.08, 0.1)
        now["BP.580.n"] = self._about(sales * 0.08, 0.1)
        now["BA.830.brut"] = self._about(rents * 0.0003, 0.3)
        now["BA.840.brut"] = self._about(rents * 0.0025, 0.1)
        now["BP.570.n"] = self._about(rents * 0.004, 0.1)
        interest = total(now, "CC", ("720", "730", "740", "750"), "nr")
        now["BP.410.n"] = whole(interest * 0.42 * profile.habits[60])
        now["BP.430.n"] = now["BP.545.n"] = now["BP.600.n"] = 0
