"""What docs/rule-language.md says that an expression means, written out as slowly and plainly as it reads.

It is the oracle of the engine and shares nothing with it but the parsed tree: it resolves references itself, reads a
computed cell by computing it anew each time, and returns what is missing instead of noting it.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from functools import reduce
from typing import Any

from formsets import FormSet
from formsets.reference_lists import ReferenceList
from formsets.values import NUMERIC_TYPES, Value
from services.validation.domain.grammar import parse
from services.validation.domain.syntax import (
    And,
    Boolean,
    Call,
    Column,
    Comparison,
    FormLines,
    Node,
    Not,
    Number,
    Or,
    Product,
    Reference,
    Sum,
    Text,
    children,
)

DIGITS = 60


@dataclass(frozen=True)
class Outcome:
    """A value, or None when it is unknown, and then the cells that were needed and empty."""

    value: Any
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Place:
    """Where an expression stands."""

    line: str = ""
    column: str = ""
    is_formula: bool = False
    counts_zero: bool = False
    """Whether an empty number counts as 0 in arithmetic."""


class ReferenceEvaluator:
    """One filing, with that of the year before."""

    def __init__(
        self,
        form_set: FormSet,
        cells: Mapping[str, Value],
        previous: Mapping[str, Value],
        restated: Collection[str] = (),
    ) -> None:
        self._form_set, self._cells, self._previous, self._restated = form_set, cells, previous, restated

    def control(self, expression: str) -> Outcome:
        """The outcome of a control."""
        with localcontext(prec=DIGITS):
            return self._outcome(parse(expression), Place())

    def computed(self, address: str) -> Any:
        """The value of a computed cell, None when it is empty."""
        line, _, column = address.rpartition(".")
        form = self._form_set.form(address[:2])
        node = parse(form.derived_columns.get(column) or self._form_set.line_of(address).formula)
        place = Place(line, column, is_formula=True)
        filled = [self._read(key, place).value is not None for key in self._operands(node, place)]
        if self._form_set.line_of(address).requires_all and not all(filled):
            return None
        with localcontext(prec=DIGITS):
            return self._arithmetic_operand(node, replace(place, counts_zero=any(filled))).value

    def _read(self, key: str, place: Place) -> Outcome:
        if key.startswith("PREV("):
            address = key[5:-1]
            value = _displayed(self._previous.get(address), self._form_set.cell_type(address))
        elif self._form_set.is_closed(key):
            value = None if place.is_formula else Decimal(0)
        elif self._form_set.is_computed(key):
            value = self.computed(key)
        else:
            value = self._cells.get(key)
        return Outcome(value) if value is not None else Outcome(None, frozenset({key}))

    def _key(self, node: Node, place: Place) -> str:
        match node:
            case Call("PREV", (cell,)):
                return f"PREV({self._key(cell, place)})"
            case Column(name):
                return f"{place.line}.{name}"
            case Reference(line, column):
                form = self._form_set.form(line[:2])
                default = place.column if place.column in form.columns else form.default_column
                return f"{line}.{column or default}"
        raise TypeError(node)

    def _operands(self, node: Node, place: Place) -> Iterator[str]:
        """What is read, neither flags nor cells that a control reads as 0 for being closed, nor what stands in for them."""
        match node:
            case Call("RESTATED"):
                return
            case Call("SUM", (FormLines() as lines, *expression)):
                for at, term in self._terms(lines, expression, place):
                    yield from self._operands(term, at)
            case Reference() | Column() | Call("PREV"):
                if not self._is_zero(node, place):
                    yield self._key(node, place)
            case Call("IFNULL", (cell, _)) if self._is_zero(cell, place):
                return
            case _:
                for child in children(node):
                    yield from self._operands(child, place)

    def _is_zero(self, cell: Node, place: Place) -> bool:
        key = self._key(cell, place)
        return not place.is_formula and not key.startswith("PREV(") and self._form_set.is_closed(key)

    def _lines(self, wanted: FormLines, named: set[str]) -> list[str]:
        def is_typed(code: str, formula: str) -> bool:
            return not formula or any(not self._form_set.is_computed(f"{code}.{column}") for column in named)

        lines = self._form_set.form(wanted.form).lines
        chosen = [line for line in lines if wanted.first is None or wanted.first <= line.code <= str(wanted.last)]
        return [line.code for line in chosen if is_typed(line.code, line.formula)]

    def _terms(self, lines: FormLines, expression: list[Node], place: Place) -> list[tuple[Place, Node]]:
        form = self._form_set.form(lines.form)
        column = place.column if place.column in form.columns else form.default_column
        term = expression[0] if expression else Column(column)
        return [(replace(place, line=line), term) for line in self._lines(lines, set(_columns(term)))]

    def _outcome(self, node: Node, place: Place) -> Outcome:
        match node:
            case Number(value) | Text(value) | Boolean(value):
                return Outcome(value)
            case Reference() | Column() | Call("PREV"):
                return self._read(self._key(node, place), place)
            case Sum(terms):
                signs = [subtracted for subtracted, _ in terms]
                return _strict(lambda *values: _total(signs, values), self._arithmetic(children(node), place))
            case Product(factors):
                signs = [divided for divided, _ in factors]
                return _strict(lambda *values: _product(signs, values), self._arithmetic(children(node), place))
            case Comparison(sign, left, right):
                return _strict(COMPARISONS[sign], [self._outcome(left, place), self._outcome(right, place)])
            case And(operands):
                return _decided(False, [self._outcome(operand, place) for operand in operands])
            case Or(operands):
                return _decided(True, [self._outcome(operand, place) for operand in operands])
            case Not(operand):
                return _strict(lambda value: not value, [self._outcome(operand, place)])
            case Call(name, (FormLines() as lines, *rest)):
                return self._over_lines(name, lines, rest, place)
            case Call(name, arguments):
                return self._call(name, arguments, place)
        raise TypeError(node)

    def _arithmetic(self, nodes: Iterable[Node], place: Place) -> list[Outcome]:
        return [self._arithmetic_operand(node, place) for node in nodes]

    def _arithmetic_operand(self, node: Node, place: Place) -> Outcome:
        outcome = self._outcome(node, place)
        if not place.counts_zero or outcome.value is not None or not isinstance(node, Reference | Column):
            return outcome
        is_number = self._form_set.cell_type(self._key(node, place)) in NUMERIC_TYPES
        return Outcome(Decimal(0)) if is_number else outcome

    def _over_lines(self, name: str, lines: FormLines, rest: list[Node], place: Place) -> Outcome:
        terms = self._terms(lines, rest, place)
        if name == "SUM":
            added = [self._arithmetic_operand(node, at) for at, node in terms]
            return _strict(lambda *values: sum(values), added)
        operands = {at: list(self._operands(node, at)) for at, node in terms}
        asked = [
            self._outcome(node, at)
            for at, node in terms
            if any(self._read(key, at).value is not None for key in operands[at])
        ]
        if name == "COUNT":
            return _strict(lambda *values: Decimal(values.count(True)), asked)
        if not asked:
            return Outcome(None, frozenset(key for keys in operands.values() for key in keys))
        return _decided(name == "ANY", asked)

    def _call(self, name: str, arguments: tuple[Node, ...], place: Place) -> Outcome:
        match name:
            case "IF":
                condition = self._outcome(arguments[0], place)
                if condition.value is None:
                    return condition
                return self._arithmetic_operand(arguments[1 if condition.value else 2], place)
            case "IMPLIES":
                premise, conclusion = (self._outcome(argument, place) for argument in arguments)
                return _decided(True, [_strict(lambda value: not value, [premise]), conclusion])
            case "ISNULL":
                return Outcome(self._outcome(arguments[0], place).value is None)
            case "IFNULL":
                cell = self._outcome(arguments[0], place)
                return cell if cell.value is not None else self._arithmetic_operand(arguments[1], place)
            case "RESTATED":
                return Outcome(self._key(arguments[0], place) in self._restated)
            case "LISTED":
                code, named, year = arguments
                assert isinstance(named, Text)
                entries = self._form_set.lists[named.value]
                return _strict(lambda *asked: _is_listed(entries, *asked), self._arithmetic((code, year), place))
            case "EQ" | "BETWEEN":
                return _strict(FUNCTIONS[name], [self._outcome(argument, place) for argument in arguments])
            case _:
                return _strict(_reading(name), self._arithmetic(arguments, place))


def _columns(node: Node) -> Iterator[str]:
    """Columns of the current line that are named; what PREV and RESTATED ask about is no line to type in."""
    if isinstance(node, Column):
        yield node.name
    elif not (isinstance(node, Call) and node.name in {"PREV", "RESTATED"}):
        for child in children(node):
            yield from _columns(child)


def _reading(name: str) -> Callable[..., Any]:
    """A function, which has no result on a text of more than 1,000 characters; `STR` gives a text back as it is."""

    def meaning(*values: Any) -> Any:
        if name != "STR" and any(isinstance(value, str) and len(value) > 1_000 for value in values):
            raise ValueError(name)
        return FUNCTIONS[name](*values)

    return meaning


def _strict(meaning: Callable[..., Any], operands: list[Outcome]) -> Outcome:
    """Unknown as soon as one operand is, or when the operation has no result."""
    if any(operand.value is None for operand in operands):
        return Outcome(None, frozenset().union(*(operand.missing for operand in operands)))
    try:
        return Outcome(meaning(*(operand.value for operand in operands)))
    except (ArithmeticError, ValueError):
        return Outcome(None)


def _decided(by: bool, operands: list[Outcome]) -> Outcome:
    """AND is decided by a FALSE, OR by a TRUE, whatever is unknown beside it."""
    if any(operand.value is by for operand in operands):
        return Outcome(by)
    return _strict(lambda *values: not by, operands)


def _displayed(value: Value | None, cell_type: str) -> Value | None:
    if not isinstance(value, Decimal):
        return value
    unit = Decimal(1) if cell_type in {"M", "MS", "N", "NS", "D0"} else Decimal("0.01")
    return value.quantize(unit, rounding=ROUND_HALF_UP)


def _total(subtracted: list[bool], values: tuple[Any, ...]) -> Any:
    if isinstance(values[0], str):
        return "".join(values)
    return sum(-value if minus else value for minus, value in zip(subtracted, values, strict=True))


def _product(divided: list[bool], values: tuple[Decimal, ...]) -> Decimal:
    pairs = zip(divided, values, strict=True)
    return reduce(lambda result, pair: result / pair[1] if pair[0] else result * pair[1], pairs, Decimal(1))


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, Decimal):
        return str(value)
    return f"{value:f}" if value % 1 else f"{int(value)}"


def _date(text: str) -> dt.date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    year, month, day = map(int, text.split("-"))
    return dt.date(year, month, day)


def _luhn(text: str) -> bool:
    if not re.fullmatch("[0-9]+", text):
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(text))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _is_listed(entries: ReferenceList, code: str, year: Decimal) -> bool:
    """In the list of 1 January of the year, or in that of the next; years beyond the list are its nearest ones."""
    years = [
        each
        for each in range(entries.first_year, entries.last_year + 1)
        if entries.since.get(code, 0) <= each <= entries.until.get(code, 9999)
    ]
    asked = [max(entries.first_year, min(entries.last_year, int(each))) for each in (year, int(year) + 1)]
    return code in set(entries) and any(each in years for each in asked)


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: not b < a,
    ">": lambda a, b: b < a,
    ">=": lambda a, b: not a < b,
}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "EQ": lambda a, b, t: not (a - b > t or b - a > t),
    "BETWEEN": lambda x, low, high: not (x < low or high < x),
    "SAFE": lambda a, b: Decimal(0) if b == 0 else a / b,
    "ABS": lambda a: -a if a < 0 else a,
    "MAX": lambda *values: max(values),
    "INT": lambda a: Decimal(int(a)),
    "MOD": lambda a, b: a - b * (a / b).to_integral_value(rounding=ROUND_FLOOR),
    "YEAR": lambda d: Decimal(d.year),
    "DATE": _date,
    "DAYS": lambda a, b: Decimal(b.toordinal() - a.toordinal()),
    "MONTHS": lambda a, b: Decimal((b.year - a.year) * 12 + b.month - a.month + 1),
    "STR": _text,
    "LEFT": lambda t, n: "".join(c for i, c in enumerate(t, 1) if i <= n),
    "LEN": lambda t: Decimal(len(t)),
    "DEPT": lambda t: t[:3] if t.startswith(("97", "98")) else t[:2],
    "REGEX": lambda t, pattern: re.fullmatch(pattern, t) is not None,
    "LUHN": _luhn,
}
