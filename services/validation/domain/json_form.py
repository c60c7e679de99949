"""The JSON form of an expression, for programs that read the open catalogue; `formsets/expression.schema.json` describes it.

An expression and its JSON form say exactly the same: each is made from the same tree, before references are resolved.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, get_args

from services.validation.domain.errors import MalformedExpression
from services.validation.domain.grammar import Limits, parse
from services.validation.domain.syntax import (
    And,
    Boolean,
    Call,
    Column,
    Comparison,
    ComparisonSign,
    FormLines,
    Node,
    Not,
    Number,
    Or,
    Product,
    Reference,
    Sum,
    Text,
)

Json = Mapping[str, Any]
_SIGNS = frozenset(get_args(ComparisonSign))


def to_json(node: Node) -> dict[str, Any]:
    """The JSON form of a parsed expression.

    Raises:
        TypeError: the expression is bound to a form set; only what is written has a JSON form.
    """
    match node:
        case Number(value):
            return {"number": f"{value:f}"}
        case Text(value):
            return {"text": value}
        case Boolean(value):
            return {"boolean": value}
        case Reference(line, column):
            return {"reference": f"{line}.{column}" if column else line}
        case Column(name):
            return {"column": name}
        case FormLines(form, first, last):
            return {"lines": f"{first}:{last}" if first else f"{form}.*"}
        case _:
            return _operation(node)


def _operation(node: Node) -> dict[str, Any]:
    match node:
        case Sum(terms):
            return {"sum": [{"minus" if subtracted else "plus": to_json(term)} for subtracted, term in terms]}
        case Product(factors):
            return {"product": [{"over" if divided else "times": to_json(factor)} for divided, factor in factors]}
        case Comparison(sign, left, right):
            return {"compare": sign, "left": to_json(left), "right": to_json(right)}
        case And(operands):
            return {"and": [to_json(operand) for operand in operands]}
        case Or(operands):
            return {"or": [to_json(operand) for operand in operands]}
        case Not(operand):
            return {"not": to_json(operand)}
        case Call(name, arguments):
            return {"call": name, "arguments": [to_json(argument) for argument in arguments]}
        case _:
            raise TypeError(f"{type(node).__name__} has no JSON form.")


def from_json(value: object, limits: Limits | None = None) -> Node:
    """The expression of a JSON form.

    Raises:
        MalformedExpression: the value is not the JSON form of an expression, or exceeds a limit.
    """
    return _Reader(limits or Limits()).node(value, 1)


class _Reader:
    """Reads one JSON form, counting what it costs."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._nodes = 0

    def node(self, value: object, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > self._limits.nodes or depth > self._limits.depth:
            raise MalformedExpression("The expression is too large or too deep.")
        if not isinstance(value, Mapping):
            raise MalformedExpression("An object is expected.")
        keys = frozenset(value)
        reader = self._readers().get(keys)
        if reader is None:
            raise MalformedExpression(f"{sorted(map(str, keys))} is not an operation of the rule language.")
        return reader(value, depth)

    def _readers(self) -> Mapping[frozenset[str], Callable[[Json, int], Node]]:
        return {
            frozenset({"number"}): lambda v, _: Number(_decimal(v["number"])),
            frozenset({"text"}): lambda v, _: Text(_quotable(v["text"])),
            frozenset({"boolean"}): lambda v, _: Boolean(_typed(v["boolean"], bool)),
            frozenset({"reference"}): lambda v, _: _written(v["reference"], Reference),
            frozenset({"column"}): lambda v, _: _written(v["column"], Column),
            frozenset({"lines"}): lambda v, _: _written(v["lines"], FormLines),
            frozenset({"sum"}): lambda v, depth: Sum(self._signed(v["sum"], "plus", "minus", depth)),
            frozenset({"product"}): self._product,
            frozenset({"compare", "left", "right"}): self._comparison,
            frozenset({"and"}): lambda v, depth: And(self._nodes_of(v["and"], depth)),
            frozenset({"or"}): lambda v, depth: Or(self._nodes_of(v["or"], depth)),
            frozenset({"not"}): lambda v, depth: Not(self.node(v["not"], depth + 1)),
            frozenset({"call", "arguments"}): self._call,
        }

    def _product(self, value: Json, depth: int) -> Node:
        factors = self._signed(value["product"], "times", "over", depth)
        if factors[0][0]:
            raise MalformedExpression("The first factor of a product is not divided by.")
        return Product(factors)

    def _comparison(self, value: Json, depth: int) -> Node:
        sign = value["compare"]
        if sign not in _SIGNS:
            raise MalformedExpression(f"{sign!r} does not compare.")
        return Comparison(sign, self.node(value["left"], depth + 1), self.node(value["right"], depth + 1))

    def _call(self, value: Json, depth: int) -> Node:
        name = _typed(value["call"], str)
        if not name.isascii() or not name.replace("_", "").isalnum() or not name.isupper():
            raise MalformedExpression(f"{name[:40]!r} is not the name of a function.")
        arguments = _typed(value["arguments"], list)
        return Call(name, tuple(self.node(argument, depth + 1) for argument in arguments))

    def _nodes_of(self, value: object, depth: int) -> tuple[Node, ...]:
        found = tuple(self.node(item, depth + 1) for item in _typed(value, list))
        if not found:
            raise MalformedExpression("An operand is missing.")
        return found

    def _signed(self, value: object, positive: str, negative: str, depth: int) -> tuple[tuple[bool, Node], ...]:
        found = []
        for item in _typed(value, list):
            if not isinstance(item, Mapping) or len(item) != 1 or not item.keys() <= {positive, negative}:
                raise MalformedExpression(f"{positive} or {negative} is expected.")
            found.append((negative in item, self.node(next(iter(item.values())), depth + 1)))
        if not found:
            raise MalformedExpression("An operand is missing.")
        return tuple(found)


def _typed(value: object, kind: type) -> Any:
    if type(value) is not kind:
        raise MalformedExpression(f"A {kind.__name__} is expected.")
    return value


def _decimal(value: object) -> Decimal:
    text = _typed(value, str)
    try:
        number = parse(text)
    except MalformedExpression:
        number = None
    if not isinstance(number, Number):
        raise MalformedExpression(f"{text[:40]!r} is not a number.")
    return number.value


def _quotable(value: object) -> str:
    text: str = _typed(value, str)
    if '"' in text or "\n" in text:
        raise MalformedExpression("A text holds neither quotes nor line feeds.")
    return text


def _written(value: object, kind: type) -> Node:
    """A reference, a column or lines, in their written form."""
    text = _typed(value, str)
    node = parse(text)
    if not isinstance(node, kind):
        raise MalformedExpression(f"{text[:40]!r} is not a {kind.__name__.lower()}.")
    return node
