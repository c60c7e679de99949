"""Who depends on whom: the order in which computed cells are computed, and what one changed cell touches."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from services.validation.domain.errors import CyclicFormulas


def topological_order(operands: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Computed cells in an order where each comes after the computed cells it reads.

    Args:
        operands: computed cell → the cells its formula reads.

    Raises:
        CyclicFormulas: some cells depend on themselves; the message names one circle.
    """
    waiting_for = {cell: sum(operand in operands for operand in set(reads)) for cell, reads in operands.items()}
    readers = readers_of(operands)
    ready = deque(cell for cell, count in waiting_for.items() if not count)
    order: list[str] = []
    while ready:
        cell = ready.popleft()
        order.append(cell)
        for reader in readers.get(cell, ()):
            waiting_for[reader] -= 1
            if not waiting_for[reader]:
                ready.append(reader)
    if len(order) < len(operands):
        circle = _circle(operands, {cell for cell, count in waiting_for.items() if count})
        raise CyclicFormulas(f"Formulas in a circle: {' → '.join(circle)}.")
    return tuple(order)


def readers_of(operands: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The graph reversed: cell → what reads it directly, each reader once."""
    readers: dict[str, list[str]] = {}
    for reader, reads in operands.items():
        for operand in dict.fromkeys(reads):
            readers.setdefault(operand, []).append(reader)
    return readers


def reached_from(starts: Iterable[str], edges: Mapping[str, Sequence[str]]) -> set[str]:
    """Everything reached from these nodes by following edges, the starts included."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for following in edges.get(waiting.pop(), ()):
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return seen


def _circle(operands: Mapping[str, Sequence[str]], stuck: set[str]) -> list[str]:
    path: list[str] = []
    cell = min(stuck)
    while cell not in path:
        path.append(cell)
        cell = next(operand for operand in operands[cell] if operand in stuck)
    return [*path[path.index(cell) :], cell]
