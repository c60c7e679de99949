"""Says how a cell is computed: by which formula, from which cells."""

from dataclasses import dataclass

from services.validation.usecases.ports import Engine


@dataclass(frozen=True, slots=True)
class CellFormula:
    """The formula of one cell, as the form set writes it, and what it reads."""

    text: str
    """Empty for a cell that no formula fills."""
    operands: tuple[str, ...] = ()
    """Addresses, in the order in which the formula names them."""


class GetFormula:
    """Tells which cells stand behind a computed one; the binding of names to cells is the rule language's, said once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def __call__(self, form_set: str, address: str) -> CellFormula:
        """Return the formula of a cell; an empty one when nothing computes it.

        Raises:
            FormSetUnknown: this server ships no such version.
        """
        rules = await self._engine.rules(form_set, ())
        text = rules.form_set.formula_of(address) if rules.form_set.has_cell(address) else ""
        return CellFormula(text, rules.operands_of_formula(address) if text else ())
