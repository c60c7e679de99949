"""How a cell is computed, told to who looks at it."""

import pytest

import formsets
from services.validation.domain.errors import FormSetUnknown
from services.validation.domain.rule_set import compile_rules
from services.validation.usecases.get_formula import CellFormula, GetFormula
from tests.support.validation_fakes import InlineEngine

tell = GetFormula(InlineEngine())


@pytest.mark.parametrize(
    ("address", "text", "operands"),
    [
        ("BA.010.net", "brut-amort", ("BA.010.brut", "BA.010.amort")),
        ("VA.110.n", "100*VA.080/VA.100", ("VA.080.n", "VA.100.n")),
        ("QR.050.n", "QD.040/QB.050", ("QD.040.n", "QB.050.n")),
        ("BA.010.brut", "", ()),
        ("ZZ.999.n", "", ()),
    ],
)
async def test_a_computed_cell_is_told_with_its_formula_and_the_cells_it_reads(address, text, operands):
    assert await tell("2024.1", address) == CellFormula(text, operands)


async def test_every_computed_cell_of_a_form_set_has_a_formula_that_reads_cells_it_has():
    form_set = formsets.load("2024.1")
    rules = compile_rules(form_set)
    for address in form_set.computed_cells():
        assert form_set.formula_of(address), address
        assert all(map(form_set.has_cell, rules.operands_of_formula(address))), address
        assert rules.operands_of_formula(address), address


async def test_a_form_set_that_is_not_shipped_is_not_found():
    with pytest.raises(FormSetUnknown):
        await tell("1999.1", "BA.010.net")
