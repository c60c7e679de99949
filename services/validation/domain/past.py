"""How an expression names what stands outside the filing: cells of the filing of the year before, restatement flags.

They are operands like any other, under a key that no cell has: `PREV(AR.090.n)`, `RESTATED(BA.010.n1)`.
"""

from collections.abc import Collection, Mapping

from formsets import FormSet
from formsets.values import Value, rounded

_PREVIOUS = "PREV("
_RESTATED = "RESTATED("


def previous_key(address: str) -> str:
    """Key of a cell of the previous filing."""
    return f"{_PREVIOUS}{address})"


def restated_key(address: str) -> str:
    """Key of the flag that says that a cell of the previous year was restated on purpose."""
    return f"{_RESTATED}{address})"


def is_own_cell(key: str) -> bool:
    """Whether an operand is a cell of the filing itself."""
    return not key.startswith((_PREVIOUS, _RESTATED))


def is_previous(key: str) -> bool:
    """Whether an operand is a cell of the previous filing."""
    return key.startswith(_PREVIOUS)


def is_flag(key: str) -> bool:
    """Whether an operand is a restatement flag."""
    return key.startswith(_RESTATED)


def address_in(key: str) -> str:
    """The cell that an operand is about."""
    return key if is_own_cell(key) else key[key.index("(") + 1 : -1]


def operands_of(form_set: FormSet, previous: Mapping[str, Value], restated: Collection[str]) -> dict[str, Value]:
    """Cells of the previous filing, as displayed and so as carried, and restatement flags, under their keys."""
    found: dict[str, Value] = {
        previous_key(address): rounded(value, form_set.cell_type(address))
        for address, value in previous.items()
        if form_set.has_cell(address)
    }
    found.update((restated_key(address), True) for address in restated)
    return found
