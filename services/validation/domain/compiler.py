"""Tree to Python: each bound expression becomes a function over the mapping of filled cells.

Compiled code is the fast path: it assumes that what it reads is filled, and raises where it is not, so that the evaluator
takes over. It reaches nothing but the cells given to it, constants and the functions of the catalogue: no builtins, no
attribute access, no name that the compiler did not bind.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from formsets.reference_lists import ReferenceList
from formsets.values import Value
from services.validation.domain.functions import CATALOGUE, is_listed
from services.validation.domain.past import is_flag, is_own_cell
from services.validation.domain.patterns import matcher
from services.validation.domain.syntax import (
    And,
    Boolean,
    Call,
    Cell,
    Comparison,
    Listed,
    Node,
    Not,
    Number,
    Or,
    OverLines,
    Product,
    Sum,
    Text,
    cells_of,
    children,
)

Cells = Mapping[str, Value]
Predicate = Callable[[Cells], bool]
"""Compiled control: raises KeyError on an empty cell, ArithmeticError or ValueError on an undefined operation."""
Formula = Callable[[Cells], Value | None]
"""Compiled line formula: None when its cell is empty; raises ArithmeticError on an undefined operation."""

UNDEFINED = (KeyError, ArithmeticError, ValueError)
"""What compiled code raises when it cannot decide alone."""

_PIECE = 20_000
"""Characters of source compiled at once; a longer function is compiled alone."""
_INLINE = 40
"""Longer sums and products are folded over a tuple: nested operators would exhaust the host compiler's stack."""


def _total(values: Sequence[Decimal]) -> Decimal:
    total = values[0]
    for value in values[1:]:
        total += value
    return total


def _product(factors: Sequence[tuple[bool, Decimal]]) -> Decimal:
    result = factors[0][1]
    for divided, value in factors[1:]:
        result = result / value if divided else result * value
    return result


def _count(answers: Sequence[bool]) -> Decimal:
    return Decimal(sum(answers))


@dataclass(slots=True)
class Compiler:
    """Collects expressions, then compiles them all at once."""

    _source: list[str] = field(default_factory=list)
    _names: dict[str, Any] = field(default_factory=dict)
    _constants: dict[object, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names.update({f"f_{name}": function.apply for name, function in CATALOGUE.items()})
        self._names.update({"total": _total, "product": _product, "count": _count, "__builtins__": {}})

    def add_predicate(self, node: Node, needed: Sequence[str] = ()) -> str:
        """Queue an expression that raises where a cell it reads, or one that is needed anyway, is empty.

        Returns the name of its function.
        """
        reads = "".join(f" {_subscript(address)}\n" for address in needed)
        return self._function("c", f"{reads} return {_Writer(self, _subscript).write(node)}\n")

    def add_lines(self, conditions: Sequence[OverLines]) -> str:
        """Queue what must hold on each line; the function answers for every line, in order, and raises as a predicate.

        Which lines fail is then known without evaluating them again, one by one.
        """
        writer = _Writer(self, _subscript)
        guards = "".join(f" if not ({filled}): {key}\n" for filled, key in map(_when_all_empty, conditions) if filled)
        answers = [writer.on_line(line, "True") for condition in conditions for line in condition.instances]
        return self._function("c", f"{guards} return ({','.join(answers)},)\n")

    def add_formula(self, node: Node, *, requires_all: bool) -> str:
        """Queue an arithmetic expression over possibly empty cells; returns the name of its function.

        An empty operand counts as 0 when at least one is filled, or empties the result when all are required.
        """
        cells = cells_of(node)
        variables = {address: f"v{index}" for index, address in enumerate(cells)}
        lines = [f" {variable}=g({address!r})\n" for address, variable in variables.items()]
        if requires_all:
            lines += [f" if {variable} is None: return None\n" for variable in variables.values()]
        elif cells:
            lines.append(" if " + " is None and ".join(variables.values()) + " is None: return None\n")
            lines += [
                f" if {variable} is None: {variable}={self.constant(Decimal(0))}\n" for variable in variables.values()
            ]
        body = _Writer(self, variables.__getitem__).write(node)
        return self._function("g", "".join(lines) + f" return {body}\n")

    def compile(self) -> Mapping[str, Callable[..., Any]]:
        """Every queued function, by name."""
        names = dict(self._names)
        for source in _pieces(self._source):
            code = compile(source, "<rules>", "exec", dont_inherit=True)
            exec(code, names)  # noqa: S102  # the source is written by _Writer from a parsed tree, never by a person
        return names

    def constant(self, value: object) -> str:
        """The name bound to a constant."""
        key = (type(value), str(value))
        if key not in self._constants:
            self._constants[key] = f"k{len(self._constants)}"
            self._names[self._constants[key]] = value
        return self._constants[key]

    def bound_matcher(self, pattern: str) -> str:
        """The name bound to the predicate of a regular expression."""
        key = ("pattern", pattern)
        if key not in self._constants:
            self._constants[key] = f"m{len(self._constants)}"
            self._names[self._constants[key]] = matcher(pattern)
        return self._constants[key]

    def bound_list(self, entries: ReferenceList) -> str:
        """The name bound to the question whether a code of a list is in force in a year."""
        key = ("list", entries.name)
        if key not in self._constants:
            self._constants[key] = f"l{len(self._constants)}"
            self._names[self._constants[key]] = functools.partial(is_listed, entries)
        return self._constants[key]

    def _function(self, argument: str, body: str) -> str:
        name = f"r{len(self._source)}"
        self._source.append(f"def {name}({argument}):\n{body}")
        return name


def _pieces(sources: Iterable[str]) -> Iterator[str]:
    """The functions, some at a time: all at once the host compiler takes 40 MB that the process never gives back."""
    waiting: list[str] = []
    for source in sources:
        waiting.append(source)
        if sum(map(len, waiting)) > _PIECE:
            yield "".join(waiting)
            waiting.clear()
    yield "".join(waiting)


def is_for_formulas(node: Node) -> bool:
    """Whether a line formula may be this expression: what is asked of each line stands only in a control."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, OverLines) or (isinstance(current, Cell) and not is_own_cell(current.address)):
            return False
        waiting.extend(children(current))
    return True


def is_arithmetic(node: Node) -> bool:
    """Whether an expression is made of numbers only, so that empty cells may be read as 0 everywhere in it."""
    match node:
        case Number() | Cell():
            return True
        case Sum(terms):
            return all(is_arithmetic(term) for _, term in terms)
        case Product(factors):
            return all(is_arithmetic(factor) for _, factor in factors)
        case Call("ABS" | "MAX" | "SAFE" | "INT" | "MOD", arguments):
            return all(is_arithmetic(argument) for argument in arguments)
        case _:
            return False


def _raises_when_empty(node: Node) -> bool:
    """Whether a predicate cannot answer on a line without reading one of its cells: it then raises on an empty line."""
    match node:
        case Cell(address):
            return not is_flag(address)
        case And(operands) | Or(operands) | Call("IMPLIES", operands):
            return _raises_when_empty(operands[0])
        case Call("IF", (condition, then, otherwise)):
            return _raises_when_empty(condition) or (_raises_when_empty(then) and _raises_when_empty(otherwise))
        case Call("IFNULL", (_, otherwise)):
            return _raises_when_empty(otherwise)
        case Call("ISNULL") | OverLines():
            return False
        case _:
            return any(map(_raises_when_empty, children(node)))


def _any_filled(keys: Sequence[str]) -> str:
    return " or ".join(f"{key!r} in c" for key in dict.fromkeys(keys)) or "False"


def _when_all_empty(condition: OverLines) -> tuple[str, str]:
    """Whether a line is filled, and what raises KeyError when none is; empty texts when each line raises by itself."""
    if all(map(_raises_when_empty, condition.instances)):
        return "", ""
    keys = [key for instance in condition.instances for key in cells_of(instance) if not is_flag(key)]
    return _any_filled(keys), _subscript(keys[0] if keys else "")


def _subscript(address: str) -> str:
    return f"c[{address!r}]"


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes one expression as Python; the caller decides how a cell is read."""

    compiler: Compiler
    cell: Callable[[str], str]

    def write(self, node: Node) -> str:
        match node:
            case Number(value) | Text(value) | Boolean(value):
                return self.compiler.constant(value)
            case Cell(address):
                return self.cell(address)
            case Sum(terms):
                return self._sum(terms)
            case Product(factors):
                return self._product(factors)
            case Comparison(sign, left, right):
                return f"({self.write(left)}{sign}{self.write(right)})"
            case OverLines():
                return self._over_lines(node)
            case And(operands):
                return "(" + " and ".join(self.write(operand) for operand in operands) + ")"
            case Or(operands):
                return "(" + " or ".join(self.write(operand) for operand in operands) + ")"
            case Not(operand):
                return f"(not {self.write(operand)})"
            case Call(name, arguments):
                return self._call(name, arguments)
            case Listed(entries, operands):
                return f"{self.compiler.bound_list(entries)}({','.join(map(self.write, operands))})"
            case _:
                raise TypeError(f"{type(node).__name__} has no compiled form.")

    def _over_lines(self, node: OverLines) -> str:
        """The answers of all lines together; an empty line raises KeyError, or is skipped when its predicate may not."""
        question, instances = node.question, node.instances
        skipped = "True" if question == "FORALL" else "False"
        written = [self.on_line(instance, skipped) for instance in instances]
        if question == "COUNT":
            return "count((" + ",".join(written) + ",))"
        answer = (" and " if question == "FORALL" else " or ").join(written)
        filled, key = _when_all_empty(node)
        return f"(({answer}) if ({filled}) else {key})" if filled else f"({answer})"

    def on_line(self, instance: Node, skipped: str) -> str:
        """The predicate on one line; `skipped` when it is empty and might answer all the same."""
        if _raises_when_empty(instance):
            return self.write(instance)
        keys = [key for key in cells_of(instance) if not is_flag(key)]
        return f"({self.write(instance)} if ({_any_filled(keys)}) else {skipped})"

    def _sum(self, terms: tuple[tuple[bool, Node], ...]) -> str:
        if len(terms) > _INLINE:
            return "total((" + ",".join(("-" if s else "") + self.write(term) for s, term in terms) + ",))"
        first = ("-" if terms[0][0] else "") + self.write(terms[0][1])
        return "(" + first + "".join(("-" if s else "+") + self.write(term) for s, term in terms[1:]) + ")"

    def _product(self, factors: tuple[tuple[bool, Node], ...]) -> str:
        if len(factors) > _INLINE:
            return "product((" + ",".join(f"({divided!s},{self.write(f)})" for divided, f in factors) + ",))"
        first = self.write(factors[0][1])
        return "(" + first + "".join(("/" if divided else "*") + self.write(f) for divided, f in factors[1:]) + ")"

    def _call(self, name: str, arguments: tuple[Node, ...]) -> str:
        match name:
            case "IF":
                condition, then, otherwise = map(self.write, arguments)
                return f"({then} if {condition} else {otherwise})"
            case "IMPLIES":
                premise, conclusion = map(self.write, arguments)
                return f"(not {premise} or {conclusion})"
            case "ISNULL":
                assert isinstance(arguments[0], Cell)
                return f"({arguments[0].address!r} not in c)"
            case "IFNULL":
                assert isinstance(arguments[0], Cell)
                cell = arguments[0]
                return f"({self.cell(cell.address)} if {cell.address!r} in c else {self.write(arguments[1])})"
            case "REGEX":
                assert isinstance(arguments[1], Text)
                return f"{self.compiler.bound_matcher(arguments[1].value)}({self.write(arguments[0])})"
            case _:
                return f"f_{name}({','.join(map(self.write, arguments))})"
