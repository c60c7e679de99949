"""Types of the rule language, and the checker that refuses an ill-typed expression before it ever runs."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from formsets.values import NUMERIC_TYPES
from services.validation.domain.errors import MalformedExpression
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
    children,
)

if TYPE_CHECKING:
    from services.validation.domain.functions import Function


class Type(StrEnum):
    """What an expression yields."""

    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"
    DATE = "date"
    ANY = "any"
    """A parameter that takes every type; never the type of an expression."""


def type_of_cell(cell_type: str) -> Type:
    """The type of a cell of a form package."""
    if cell_type in NUMERIC_TYPES:
        return Type.NUMBER
    return {"DATE": Type.DATE, "BOOL": Type.BOOLEAN}.get(cell_type, Type.TEXT)


class TypeChecker:
    """Types bound expressions; asks the form set for the type of a cell."""

    def __init__(self, cell_type: Callable[[str], Type], catalogue: Mapping[str, "Function"]) -> None:
        self._cell_type = cell_type
        self._catalogue = catalogue

    def check(self, node: Node, expected: Type) -> None:
        """Make sure an expression yields this type.

        Raises:
            MalformedExpression: it does not, or an operand inside it has the wrong type.
        """
        found = self.type_of(node)
        if expected not in {found, Type.ANY}:
            raise MalformedExpression(f"A {expected} is expected, not a {found}.")

    def type_of(self, node: Node) -> Type:
        """The type an expression yields.

        Raises:
            MalformedExpression: an operand has the wrong type, or a function is unknown or misused.
        """
        match node:
            case Number():
                return Type.NUMBER
            case Text():
                return Type.TEXT
            case Boolean():
                return Type.BOOLEAN
            case Cell(address):
                return self._cell_type(address)
            case Sum():
                return self._type_of_sum(node)
            case Product():
                return self._all(node, Type.NUMBER, Type.NUMBER)
            case And() | Or() | Not():
                return self._all(node, Type.BOOLEAN, Type.BOOLEAN)
            case OverLines(question):
                return self._all(node, Type.BOOLEAN, Type.NUMBER if question == "COUNT" else Type.BOOLEAN)
            case Comparison():
                return self._type_of_comparison(node)
            case Call():
                return self._type_of_call(node)
            case Listed(_, (code, year)):
                self.check(code, Type.TEXT)
                self.check(year, Type.NUMBER)
                return Type.BOOLEAN
            case _:
                raise MalformedExpression("A reference is not resolved.")

    def _all(self, node: Node, operands: Type, result: Type) -> Type:
        for operand in children(node):
            self.check(operand, operands)
        return result

    def _type_of_sum(self, node: Sum) -> Type:
        first = self.type_of(node.terms[0][1])
        if first is Type.TEXT and not any(subtracted for subtracted, _ in node.terms):
            return self._all(node, Type.TEXT, Type.TEXT)
        return self._all(node, Type.NUMBER, Type.NUMBER)

    def _type_of_comparison(self, node: Comparison) -> Type:
        left = self.type_of(node.left)
        self.check(node.right, left)
        if left is Type.BOOLEAN and node.sign not in {"==", "!="}:
            raise MalformedExpression("Booleans have no order.")
        return Type.BOOLEAN

    def _type_of_call(self, node: Call) -> Type:
        if node.name == "IF":
            self._expect_count(node, 3, 3)
            self.check(node.arguments[0], Type.BOOLEAN)
            result = self.type_of(node.arguments[1])
            self.check(node.arguments[2], result)
            return result
        if node.name == "IFNULL":
            self._expect_count(node, 2, 2)
            if not isinstance(node.arguments[0], Cell):
                raise MalformedExpression("IFNULL asks about one cell.")
            result = self.type_of(node.arguments[0])
            self.check(node.arguments[1], result)
            return result
        if node.name == "REGEX":
            self._expect_count(node, 2, 2)
            self.check(node.arguments[0], Type.TEXT)
            if not isinstance(node.arguments[1], Text):
                raise MalformedExpression("The pattern of REGEX is a quoted constant.")
            return Type.BOOLEAN
        return self._type_of_catalogue_call(node)

    def _type_of_catalogue_call(self, node: Call) -> Type:
        function = self._catalogue.get(node.name)
        if function is None:
            raise MalformedExpression(f"There is no function {node.name}.")
        least = len(function.parameters)
        self._expect_count(node, least, None if function.is_variadic else least)
        if node.name == "ISNULL" and not isinstance(node.arguments[0], Cell):
            raise MalformedExpression("ISNULL asks about one cell.")
        for index, argument in enumerate(node.arguments):
            self.check(argument, function.parameters[min(index, least - 1)])
        return function.result

    def _expect_count(self, node: Call, least: int, most: int | None) -> None:
        count = len(node.arguments)
        if count < least or (most is not None and count > most):
            raise MalformedExpression(f"{node.name} takes {least} operand(s), not {count}.")
