"""The meaning of an expression when operands may be empty.

It is slower than compiled code and used only where a value is missing or a division fails. Empty operands give an empty
result; AND, OR and IMPLIES are three-valued; IF reads one branch only; what was needed and missing is named.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, assert_never

from formsets.values import Value
from services.validation.domain.functions import CATALOGUE, is_listed
from services.validation.domain.past import is_flag
from services.validation.domain.patterns import instructions, matcher
from services.validation.domain.syntax import (
    And,
    Boolean,
    Call,
    Cell,
    Column,
    Comparison,
    FormLines,
    Listed,
    Node,
    Not,
    Number,
    Or,
    OverLines,
    Product,
    Reference,
    Sum,
    Text,
    cells_of,
    children,
)

_ZERO = Decimal(0)
_COMPARING = frozenset({"EQ", "BETWEEN"})
"""Functions that compare: to them, as to `<`, an empty cell is missing, even in a line formula."""

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


class OverBudget(Exception):
    """A rule took more steps or time than a rule may; caught by the rule set, never seen by a caller."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one rule may cost (F16)."""

    steps: int = 50_000
    """Nodes evaluated, what reads a text character by character counting more (`steps_of`)."""
    seconds: float = 0.5
    clock: Callable[[], float] = time.perf_counter
    """Seconds from any origin."""


_STEPS_BETWEEN_LOOKS = 64
"""Steps between two looks at the clock."""
_CHECK_DIGIT_STEPS = 20
"""What the check digit of a text of `MOST_READ` characters is worth: some ten microseconds a step, as a pattern's are."""


def steps_of(node: Node) -> int:
    """Steps that evaluating this node counts as, its operands apart."""
    match node:
        case Call("REGEX", (_, Text(pattern))):
            return 1 + instructions(pattern)
        case Call("LUHN" | "LUHN_SIRET"):
            return _CHECK_DIGIT_STEPS
        case _:
            return 1


def cost_of(node: Node) -> int:
    """Steps that an expression takes at most: nothing in the language repeats."""
    cost = 0
    waiting = [node]
    while waiting:
        current = waiting.pop()
        cost += steps_of(current)
        waiting.extend(children(current))
    return cost


@dataclass(slots=True)
class Evaluation:
    """One evaluation over one set of cells; remembers what was missing."""

    cells: Mapping[str, Value]
    zero_filled: frozenset[str] = frozenset()
    """Cells that count as 0 in arithmetic when empty (line formulas only, and not in a comparison)."""
    missing: dict[str, None] = field(default_factory=dict)
    """Cells that were needed and empty, in order."""
    is_undefined: bool = False
    """A division by zero, or a text that is not a date, was met."""
    budget: Budget | None = None
    """What the evaluation may cost, None without bound."""
    steps: int = 0
    deadline: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        if self.budget is not None:
            self.deadline = self.budget.clock() + self.budget.seconds

    def value(self, node: Node) -> Any:
        """The value of an expression, None when it cannot be known.

        Raises:
            OverBudget: it costs more than the budget.
        """
        if self.budget is not None:
            self._spend(self.budget, steps_of(node))
        match node:
            case Number(value) | Text(value) | Boolean(value):
                return value
            case Cell(address):
                return self._cell(address)
            case And() | Or() | Not() | OverLines():
                return self._truth(node)
            case Sum() | Product():
                return self._arithmetic(node)
            case Comparison(sign, left, right):
                return self._comparison(sign, left, right)
            case Call(name, arguments):
                return self._call(name, arguments)
            case Listed(entries, (code, year)):
                found, asked = self._operand(code), self._operand(year)
                return None if found is None or asked is None else is_listed(entries, found, asked)
            case Reference() | Column() | FormLines():
                raise TypeError("Expressions are bound before they are evaluated.")
            case _:
                assert_never(node)

    def fails_on(self, line: Node) -> bool:
        """Whether what must hold on each line does not hold on this one; nothing is asked of a line that is empty."""
        return self._reads_something(line) and self.value(line) is False

    def _truth(self, node: And | Or | Not | OverLines) -> Any:
        match node:
            case And(operands):
                return self._until(False, operands)
            case Or(operands):
                return self._until(True, operands)
            case Not(operand):
                value = self.value(operand)
                return None if value is None else not value
            case OverLines(question, instances):
                return self._over_lines(question, instances)

    def _spend(self, budget: Budget, steps: int) -> None:
        looks = self.steps // _STEPS_BETWEEN_LOOKS
        self.steps += steps
        if self.steps > budget.steps:
            raise OverBudget
        if self.steps // _STEPS_BETWEEN_LOOKS > looks and budget.clock() > self.deadline:
            raise OverBudget

    def _cell(self, address: str) -> Value | None:
        value = self.cells.get(address)
        if value is None:
            self.missing[address] = None
        return value

    def _operand(self, node: Node) -> Any:
        """An operand of arithmetic, where a line formula reads an empty cell as 0."""
        if isinstance(node, Cell) and node.address in self.zero_filled:
            return self.cells.get(node.address, _ZERO)
        return self.value(node)

    def _arithmetic(self, node: Sum | Product) -> Any:
        try:
            return self._sum(node.terms) if isinstance(node, Sum) else self._product(node.factors)
        except ArithmeticError:  # beyond the largest number there is
            self.is_undefined = True
            return None

    def _sum(self, terms: tuple[tuple[bool, Node], ...]) -> Any:
        values = [self._operand(term) for _, term in terms]
        if any(value is None for value in values):
            return None
        if isinstance(values[0], str):
            return "".join(values)
        total = -values[0] if terms[0][0] else values[0]
        for (subtracted, _), value in zip(terms[1:], values[1:], strict=True):
            total = total - value if subtracted else total + value
        return total

    def _product(self, factors: tuple[tuple[bool, Node], ...]) -> Any:
        values = [self._operand(factor) for _, factor in factors]
        if any(value is None for value in values):
            return None
        result = values[0]
        for (divided, _), value in zip(factors[1:], values[1:], strict=True):
            if divided and not value:
                self.is_undefined = True
                return None
            result = result / value if divided else result * value
        return result

    def _comparison(self, sign: str, left: Node, right: Node) -> bool | None:
        first, second = self.value(left), self.value(right)
        if first is None or second is None:
            return None
        result: bool = COMPARE[sign](first, second)
        return result

    def _until(self, decisive: bool, operands: tuple[Node, ...]) -> bool | None:
        """AND (decisive False) and OR (decisive True): a decisive operand wins over missing ones."""
        before = len(self.missing)
        undefined = self.is_undefined
        result: bool | None = not decisive
        for operand in operands:
            value = self.value(operand)
            if value is decisive:
                self._forget(before, undefined)
                return bool(decisive)
            if value is None:
                result = None
        if result is not None:
            self._forget(before, undefined)
        return result

    def _forget(self, missing: int, is_undefined: bool) -> None:
        """Go back to so many missing cells: what was met since did not matter."""
        while len(self.missing) > missing:
            self.missing.popitem()
        self.is_undefined = is_undefined

    def _over_lines(self, question: str, instances: tuple[Node, ...]) -> Any:
        filled = tuple(filter(self._reads_something, instances))
        if question == "COUNT":
            answers = [self.value(node) for node in filled]
            return None if None in answers else Decimal(sum(answers))
        if not filled:
            self.missing.update((key, None) for node in instances for key in cells_of(node) if not is_flag(key))
            return None
        return self._until(question == "ANY", filled)

    def _reads_something(self, node: Node) -> bool:
        """Whether a cell that the expression reads is filled."""
        waiting = [node]
        while waiting:
            current = waiting.pop()
            if not isinstance(current, Cell):
                waiting.extend(children(current))
            elif current.address in self.cells and not is_flag(current.address):
                return True
        return False

    def _call(self, name: str, arguments: tuple[Node, ...]) -> Any:
        match name:
            case "IF":
                condition = self.value(arguments[0])
                return None if condition is None else self._operand(arguments[1 if condition else 2])
            case "IMPLIES":
                return self._until(True, (Not(arguments[0]), arguments[1]))
            case "ISNULL":
                assert isinstance(arguments[0], Cell)
                return self.cells.get(arguments[0].address) is None
            case "IFNULL":
                assert isinstance(arguments[0], Cell)
                value = self.cells.get(arguments[0].address)
                return self._operand(arguments[1]) if value is None else value
            case "REGEX":
                assert isinstance(arguments[1], Text)
                return self._applied(matcher(arguments[1].value), [self.value(arguments[0])])
            case _:
                return self._catalogue_call(name, arguments)

    def _catalogue_call(self, name: str, arguments: tuple[Node, ...]) -> Any:
        read = self.value if name in _COMPARING else self._operand
        return self._applied(CATALOGUE[name].apply, [read(argument) for argument in arguments])

    def _applied(self, function: Callable[..., Any], values: list[Any]) -> Any:
        if any(value is None for value in values):
            return None
        try:
            return function(*values)
        except (ArithmeticError, ValueError):
            self.is_undefined = True
            return None
