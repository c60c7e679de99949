import re
from decimal import Decimal

import pytest

import formsets
from formsets.accounts import AccountFilling, AccountRule, fill

FORMS = formsets.load("2024.1")


def balance(*rows: tuple[str, str]) -> list[tuple[str, Decimal, Decimal]]:
    """Rows of account and balance, positive on the debit side."""
    amounts = [(account, Decimal(amount)) for account, amount in rows]
    return [(account, max(amount, Decimal(0)), max(-amount, Decimal(0))) for account, amount in amounts]


def filled(*rows: tuple[str, str], own: tuple[AccountRule, ...] = (), version: str = "2024.1") -> AccountFilling:
    return fill(formsets.load(version), balance(*rows), own)


def test_a_small_trial_balance_fills_the_lines_of_its_accounts() -> None:
    found = filled(
        ("1021", "-500000"),
        ("1641000", "-900000.40"),
        ("213110", "1500000.30"),
        ("281311", "-200000"),
        ("411000", "30000"),
        ("512000", "12000"),
        ("6151", "40000"),
        ("7043", "-80000"),
    )

    assert found.cells == {
        "BA.140.brut": 1_500_000,
        "BA.140.amort": 200_000,
        "BA.710.brut": 30_000,
        "BA.820.brut": 12_000,
        "BP.020.n": 500_000,
        "BP.330.n": 900_000,
        "CC.120.nr": 40_000,
        "CP.130.n": 80_000,
    }
    assert found.unmapped == ()
    assert {d.account: (d.cell, d.prefix) for d in found.decisions}["281311"] == ("BA.140.amort", "2813")


@pytest.mark.parametrize(
    ("account", "amount", "cell"),
    [
        ("21315", "5", "BA.160.brut"),
        ("281315", "-5", "BA.160.amort"),
        ("2131", "5", "BA.140.brut"),
        ("2741", "5", "BA.340.brut"),
        ("2748", "5", "BA.360.brut"),
        ("1649", "-5", "BP.360.n"),
        ("1643", "-5", "BP.350.n"),
        ("1671", "-5", "BP.180.n"),
        ("1672", "-5", "BP.390.n"),
        ("16883", "-5", "BP.420.n"),
        ("169", "5", "BA.870.brut"),
        ("139", "5", "BP.150.n"),
        ("1391", "5", "BP.150.n"),
        ("4195", "-5", "BP.510.n"),
        ("4198", "-5", "BP.515.n"),
        ("4451", "5", "BA.770.brut"),
        ("4451", "-5", "BP.530.n"),
        ("467", "5", "BA.780.brut"),
        ("467", "-5", "BP.550.n"),
        ("512", "-5", "BP.430.n"),
        ("4911", "-5", "BA.710.amort"),
        ("491", "-5", "BA.740.amort"),
        ("63512", "5", "CC.320.nr"),
        ("63511", "5", "CC.330.nr"),
        ("78157", "-5", "CP.350.n"),
        ("7811", "-5", "CP.370.n"),
        ("7723", "-5", "CP.615.n"),
        ("7721", "-5", "CP.610.n"),
    ],
)
def test_the_longest_prefix_wins_and_the_balance_tells_the_side(account: str, amount: str, cell: str) -> None:
    assert filled((account, amount)).cells == {cell: 5}


def test_retained_earnings_keep_their_sign() -> None:
    assert filled(("110", "-10"), ("119", "25")).cells == {"BP.110.n": -15}


def test_an_account_that_no_line_takes_is_listed() -> None:
    found = filled(("890", "5"), ("7044", "-7"))

    assert found.cells == {}
    assert [(u.account, u.balance, u.alternatives) for u in found.unmapped] == [
        ("7044", Decimal(-7), ("CP.140.n", "CP.180.n")),
        ("890", Decimal(5), ()),
    ]


def test_an_account_whose_subdivision_is_not_named_is_filled_and_told() -> None:
    found = filled(("6281", "5"))

    assert found.cells == {"CC.240.nr": 5}
    assert found.decisions[0].alternatives == ("CC.230.nr", "CC.235.nr")


def test_the_mapping_of_the_body_wins() -> None:
    own = (
        AccountRule("CC.230", "nr", "debit", include=("6281",)),
        AccountRule("CP.330", "n", "credit", include=("72",)),
        AccountRule("CC.120", "rec", "debit", include=("61519",)),
    )

    found = filled(("6281", "5"), ("6288", "7"), ("722", "-9"), ("61519", "3"), own=own)

    assert found.cells == {"CC.120.rec": 3, "CC.230.nr": 5, "CC.240.nr": 7, "CP.330.n": 9}
    assert [(d.cell, d.is_own, d.alternatives) for d in found.decisions if d.is_own] == [
        ("CC.120.rec", True, ()),
        ("CC.230.nr", True, ()),
        ("CP.330.n", True, ()),
    ]


def test_cents_are_added_before_the_cell_is_rounded() -> None:
    assert filled(("6061", "0.30"), ("6063", "0.30")).cells == {"CC.060.nr": 1}


def test_an_account_given_twice_is_added_up_and_a_settled_one_is_left_out() -> None:
    assert filled(("411", "5"), ("411", "-2")).cells == {"BA.710.brut": 3}
    assert filled(("411", "5"), ("411", "-5")) == AccountFilling({}, (), ())


def test_from_2025_disposals_are_in_757_and_subsidies_in_747() -> None:
    rows = (("757", "-5"), ("747", "-7"), ("741", "-11"), ("657", "13"), ("791", "-17"))

    found = filled(*rows, version="2025.1")

    assert found.cells == {"CC.820.nr": 13, "CP.340.n": 11, "CP.620.n": 5, "CP.630.n": 7}
    assert [u.account for u in found.unmapped] == ["791"]


@pytest.mark.parametrize("version", formsets.available())
def test_every_account_of_a_typed_line_is_decided_or_listed_as_undecided(version: str) -> None:
    form_set = formsets.load(version)
    rules = {(rule.line, rule.column): rule for rule in form_set.accounts}
    for form in form_set.forms:
        if form.code not in {"BA", "BP", "CC", "CP"}:
            continue
        for line in form.lines:
            if line.formula or not line.accounts:
                continue
            rule = next(rule for (code, _), rule in rules.items() if code == line.code)
            prefixes = (*rule.include, *rule.exclude, *rule.rest, *rule.conditional)
            for account in re.findall(r"(?<![0-9])[0-9]{2,6}(?![0-9])", re.sub(r"20[0-9]{2}", "", line.accounts)):
                is_known = any(account.startswith(prefix) for prefix in prefixes)
                assert is_known or any(account in text for text in rule.undecided), (line.code, account)


def test_every_rule_fills_a_cell_that_may_be_typed() -> None:
    for version in formsets.available():
        form_set = formsets.load(version)
        assert all(form_set.accepts_input(rule.cell) for rule in form_set.accounts)


def test_no_prefix_is_claimed_twice_without_a_way_to_tell() -> None:
    for version in formsets.available():
        claimed = [prefix for rule in formsets.load(version).accounts for prefix in (*rule.include, *rule.rest)]
        assert len(claimed) == len(set(claimed))
