"""Whether a computed cell given from outside agrees with ours (control F-22)."""

from decimal import Decimal

from formsets.formats import Problem
from formsets.package import ControlText, FormSet
from formsets.values import Value, written

COMPARED_TOTAL = "F-22"
_TOLERANCE = {"M": Decimal(1), "MS": Decimal(1)}
"""How far an amount may be from ours; other numbers agree as displayed."""


def agree(given: Value, ours: Value, cell_type: str) -> bool:
    """Whether both are the same, to the euro for amounts, as displayed for other numbers."""
    if isinstance(given, Decimal) and isinstance(ours, Decimal):
        exact = _TOLERANCE.get(cell_type)
        return abs(given - ours) <= exact if exact is not None else written(given) == written(ours, cell_type)
    return given == ours


def disagreement(form_set: FormSet, address: str, given: Value, ours: Value) -> Problem | None:
    """Return F-22 about a computed cell of a file, None when the file agrees. The file's value is compared, never used."""
    cell_type = form_set.cell_type(address)
    if agree(given, ours, cell_type):
        return None
    shown, computed = written(given), written(ours, cell_type)
    label, control = form_set.label(address), form_set.control(COMPARED_TOTAL)
    french, english = control.text("fr"), control.text("en")
    return Problem(
        COMPARED_TOTAL,
        address,
        shown,
        ControlText(
            french.what,
            f"Case {address} ({label}) : le fichier donne {shown}, le calcul {computed}.",
            french.how,
        ),
        ControlText(
            english.what,
            f"Cell {address} ({label}): the file says {shown}, the formula gives {computed}.",
            english.how,
        ),
    )
