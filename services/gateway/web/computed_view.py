"""How a computed cell comes about, as its page shows it: the formula, and the cells it reads with their present values."""

from dataclasses import dataclass

from markupsafe import Markup

import formsets
from chassis.errors import Failure
from services.gateway.clients.answers import FilingCells
from services.gateway.web.figures import shown
from services.gateway.web.form_view import kept_at, label_of, shown_at
from services.gateway.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Operand:
    """A cell that the formula reads, under the address that people of this document know."""

    address: str
    label: Markup
    text: str
    """Its present value; empty when it has none."""


@dataclass(frozen=True, slots=True)
class Computation:
    """What stands on the page of a computed cell."""

    formula: str
    text: str
    """The present value; empty when it has none."""
    operands: tuple[Operand, ...]
    """Empty when they cannot be told now."""
    requires_all: bool
    """Whether the cell stays empty while an operand is."""


async def computation_of(visit: Visit, filing_cells: FilingCells, address: str, kept: str) -> Computation | None:
    """Return how a cell is computed in this filing; None for one that is typed here, or that comes from another server."""
    identity, _ = filing_cells.filing.identity, visit.wording
    form_set, document = formsets.load(identity.form_set), identity.document.code
    if address != kept or form_set.document_of(kept) != document or not form_set.is_computed(kept):
        return None
    try:
        operands = (await visit.services.validations.formula(form_set.version, kept)).operands
    except Failure:
        # The formula is in the form set: the page says what it can while the controls do not answer.
        operands = ()
    values = {cell.address: cell.value for cell in filing_cells.cells}

    def text_of(one: str) -> str:
        line, is_computed = form_set.line_of(one), form_set.is_computed(one)
        value = values.get(kept_at(line, one)) or values.get(one, "")
        return shown(value, line.type, _, is_computed=is_computed)

    known = ((shown_at(form_set, document, one), one) for one in operands)
    rows = tuple(Operand(known_as, label_of(form_set, known_as, _), text_of(one)) for known_as, one in known)
    return Computation(form_set.formula_of(kept), text_of(kept), rows, form_set.line_of(kept).requires_all)
