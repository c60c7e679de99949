"""Whether a computed cell given from outside agrees with ours (control F-22)."""

from decimal import Decimal

from formsets.values import Value, written

_TOLERANCE = {"M": Decimal(1), "MS": Decimal(1)}
"""How far an amount may be from ours; other numbers agree as displayed."""


def agree(given: Value, ours: Value, cell_type: str) -> bool:
    """Whether both are the same, to the euro for amounts, as displayed for other numbers."""
    if isinstance(given, Decimal) and isinstance(ours, Decimal):
        exact = _TOLERANCE.get(cell_type)
        return abs(given - ours) <= exact if exact is not None else written(given) == written(ours, cell_type)
    return given == ours
