from decimal import Decimal

import formsets
from formsets.values import parse, written
from services.validation.domain.rule_set import compile_rules
from synthetic import FAMILIES, FORM_SET, series
from synthetic.statements import two_decimals

FORMS = formsets.load(FORM_SET)


def test_shares_are_rounded_half_up() -> None:
    assert two_decimals(Decimal("8.125")) == Decimal("8.13")
    assert two_decimals(Decimal("-8.125")) == Decimal("-8.13")


def test_cash_flow_and_position_agree_with_the_engine() -> None:
    for family in FAMILIES:
        before, after = series(family, 21, (2023, 2024))
        values = {address: parse(text, FORMS.cell_type(address)) for address, text in before.cells.items()}
        computed = {**values, **compile_rules(FORMS).compute(values)}
        for form in ("AF", "SF"):
            for line in FORMS.form(form).lines:
                ours = written(computed[f"{line.code}.n"], line.type)
                assert after.cells[f"{line.code}.n1"] == ours, line.code
