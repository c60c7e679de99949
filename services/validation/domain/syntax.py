"""Nodes of the rule language. Sums, products and logical operators are flat, however many operands they have."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from formsets.reference_lists import ReferenceList

LinesQuestion = Literal["FORALL", "ANY", "COUNT"]
ComparisonSign = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal constant."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted constant."""

    value: str


@dataclass(frozen=True, slots=True)
class Boolean:
    """TRUE or FALSE."""

    value: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A line, with or without its column, as written: `BA.900.net` or `BA.900`."""

    line: str
    column: str | None


@dataclass(frozen=True, slots=True)
class Column:
    """A bare column, meaning the current line: `amort` in `FORALL(BA.*, amort<=brut)`."""

    name: str


@dataclass(frozen=True, slots=True)
class FormLines:
    """`BA.*` or `BA.010:BA.040`, only as the first operand of FORALL, ANY, COUNT and SUM."""

    form: str
    first: str | None = None
    """First line of a range, None for all the lines of the form."""
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A resolved cell address; references and columns become cells when an expression is bound to a form set."""

    address: str


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms added or, when flagged, subtracted. Also joins texts."""

    terms: tuple[tuple[bool, "Node"], ...]
    """(is subtracted, term)."""


@dataclass(frozen=True, slots=True)
class Product:
    """Factors multiplied or, when flagged, divided by, from left to right. The first is never flagged."""

    factors: tuple[tuple[bool, "Node"], ...]
    """(is divided by, factor)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two operands of the same type compared."""

    sign: ComparisonSign
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """Three-valued conjunction."""

    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Three-valued disjunction."""

    operands: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Three-valued negation."""

    operand: "Node"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the catalogue."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class OverLines:
    """A predicate asked of each line; lines whose operands are all empty are skipped."""

    question: LinesQuestion
    """Whether it holds on each, whether it holds on one, on how many it holds."""
    instances: tuple["Node", ...]
    """The predicate bound to each line in turn."""
    lines: tuple[str, ...]
    """The code of the line of each instance."""


@dataclass(frozen=True, slots=True)
class Listed:
    """Whether a code of a reference list is in force in a year: `LISTED`, bound to the list of its form set."""

    entries: ReferenceList
    operands: tuple["Node", "Node"]
    """The code, the year."""


Node = (
    Number
    | Text
    | Boolean
    | Reference
    | Column
    | FormLines
    | Cell
    | Sum
    | Product
    | Comparison
    | And
    | Or
    | Not
    | Call
    | OverLines
    | Listed
)


def children(node: Node) -> tuple[Node, ...]:
    """Direct operands of a node, in order."""
    match node:
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return tuple(factor for _, factor in factors)
        case Comparison(_, left, right):
            return (left, right)
        case And(operands) | Or(operands) | OverLines(_, operands) | Listed(_, operands):
            return operands
        case Not(operand):
            return (operand,)
        case Call(_, arguments):
            return arguments
        case _:
            return ()


def cells_of(node: Node) -> tuple[str, ...]:
    """Addresses of every cell of a bound expression, in order of appearance, each once."""
    found: dict[str, None] = {}
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Cell):
            found[current.address] = None
        waiting.extend(reversed(children(current)))
    return tuple(found)
