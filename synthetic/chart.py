"""What the books are kept with: the lines of the forms by block, the shares of small items, yearly prices and rates.

Shares are fractions of yearly rents, in the proportions of `sample_oph.csv`; yearly rises and rates are invented,
of the size seen in the period.
"""

from synthetic.profile import Profile

HISTORY_OPENS = 2011
"""Closing of the invented opening balance sheet; filings start five years later, when N-4 exists."""
FIRST_YEAR = HISTORY_OPENS + 5
LAST_YEAR = 2035
"""Beyond, euros of 2024 would have drifted out of the plausible ranges."""

_RENT_RISE = {2012: 1.9, 2013: 2.1, 2014: 0.9, 2015: 0.5, 2016: 0.2, 2017: 0.3, 2018: 0.8, 2019: 1.3, 2020: 1.5}
_RENT_RISE_LATER = {2021: 0.7, 2022: 0.5, 2023: 3.4, 2024: 3.4, 2025: 3.2}
_LOAN_RATE = {2022: 2.1, 2023: 2.35, 2024: 2.5, 2025: 2.4, 2026: 2.25}
_RLS = {2018: 0.018, 2019: 0.024}

FIXED = ("BA.020", "BA.030", "BA.110", "BA.120", "BA.130", "BA.140", "BA.150", "BA.160", "BA.170")
WORKS = ("BA.210", "BA.220", "BA.230")
FINANCIAL = ("BA.310", "BA.320", "BA.330", "BA.360")
LENDERS = ("BP.310", "BP.320", "BP.330", "BP.340", "BP.350", "BP.360", "BP.390")
DEBTS = ("ED.110", "ED.120", "ED.130", "ED.140", "ED.150", "ED.160", "ED.170")

DEPRECIATED = {"BA.020": 30.0, "BA.030": 4.0, "BA.130": 15.0, "BA.160": 22.0, "BA.170": 6.0}
"""Lines of CC.520 and their remaining life in years."""

RECEIVABLES = {"BA.610": 0.0004, "BA.730": 0.005, "BA.750": 0.003, "BA.760": 0.055, "BA.770": 0.036, "BA.780": 0.015}
PAYABLES = {"BP.510": 0.012, "BP.515": 0.0006, "BP.520": 0.105, "BP.530": 0.078, "BP.540": 0.1, "BP.550": 0.01}

GENERAL = {
    "CC.020": 60.0,
    "CC.060": 420.0,
    "CC.110": 180.0,
    "CC.170": 520.0,
    "CC.180": 560.0,
    "CC.200": 520.0,
    "CC.210": 130.0,
    "CC.220": 95.0,
    "CC.240": 880.0,
    "CC.330": 260.0,
    "CC.620": 90.0,
}
RECOVERABLE = {
    "CC.020": 40.0,
    "CC.060": 1380.0,
    "CC.110": 90.0,
    "CC.120": 900.0,
    "CC.140": 2300.0,
    "CC.150": 160.0,
    "CC.170": 60.0,
    "CC.190": 60.0,
    "CC.240": 210.0,
    "CC.310": 120.0,
    "CC.330": 980.0,
    "CC.410": 1010.0,
    "CC.420": 460.0,
}
MAINTENANCE = {"CC.120": 2650.0, "CC.130": 2700.0, "CC.140": 520.0, "CC.150": 240.0}

CHARGES = (
    [
        "010",
        "020",
        "030",
        "040",
        "050",
        "060",
        "110",
        "120",
        "130",
        "140",
        "150",
        "160",
        "170",
        "180",
        "190",
        "200",
        "210",
        "220",
        "230",
        "235",
        "240",
    ],
    ["310", "320", "330"],
    ["410", "420"],
    ["510", "520", "530", "540", "550", "560", "570", "580"],
    ["610", "620", "630"],
    ["710", "720", "730", "740", "750", "760", "770", "780"],
    ["810", "815", "820", "830", "840", "850"],
    ["870", "880"],
)
"""Lines of CC by block: third parties, taxes, staff, allowances, other running, financial, exceptional, profit."""

INCOME = (
    ["010", "020", "210", "220", "230", "240", "250"],
    ["110", "120", "130", "140", "150", "160", "170"],
    ["310", "320", "330", "340", "350", "360", "370", "380", "390", "400"],
    ["510", "520", "530", "540", "550", "560", "570"],
    ["610", "615", "620", "630", "640", "650", "660"],
)
"""Lines of CP by block: activities, gross rents, other running, financial, exceptional."""

EQUITY = ["010", "020", "030", "040", "050", "060", "070", "080", "090", "095", "100", "110", "120"]


def price_level(year: int) -> float:
    """Prices of the year against 2024, a straight line."""
    return 1 + 0.017 * (year - 2024)


def rent_rise(year: int) -> float:
    """Rise of rents on 1 January, as a fraction."""
    return _RENT_RISE.get(year, _RENT_RISE_LATER.get(year, 1.5)) / 100


def rls(year: int) -> float:
    """RLS as a fraction of the rents of dwellings; it starts in 2018."""
    return 0.0 if year < 2018 else _RLS.get(year, 0.042)


def loan_rate(profile: Profile, year: int) -> float:
    """Average rate of the rental debt, as a fraction."""
    return _LOAN_RATE.get(year, 2.0 if year < 2022 else 2.1) / 100 * (0.9 + 0.2 * (profile.habits[0] - 0.8) / 0.4)
