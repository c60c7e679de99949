"""Bind an expression to a form set: every reference becomes the address of one cell.

`CODE.column` is that cell. Without a column: the column being computed if the target form has it, else the target form's
default (decisions.md 8). A bare column is that column of the current line.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from formsets import FormSet
from services.validation.domain.errors import MalformedExpression
from services.validation.domain.syntax import (
    And,
    Call,
    Cell,
    Column,
    Comparison,
    ForAll,
    FormLines,
    Node,
    Not,
    Number,
    Or,
    Product,
    Reference,
    Sum,
)


@dataclass(frozen=True, slots=True)
class Binding:
    """Where an expression stands: the package, and the line and column being computed, if any."""

    form_set: FormSet
    line: str | None = None
    column: str | None = None
    reads_closed_as_zero: bool = False
    """Controls read a closed cell as 0; line formulas find it empty (decisions.md 9)."""

    def bind(self, node: Node) -> Node:
        """The same expression over cells.

        Raises:
            MalformedExpression: a line, a column or a form is not in the package, or a bare column has no line.
        """
        match node:
            case Reference(line, column):
                return self._cell(line, column or self._column_in(line))
            case Column(name):
                if self.line is None:
                    raise MalformedExpression(f"Column {name} has no line here.")
                return self._cell(self.line, name)
            case FormLines(form):
                raise MalformedExpression(f"{form}.* stands only in FORALL.")
            case Sum(terms):
                return Sum(tuple((subtracted, self.bind(term)) for subtracted, term in terms))
            case Product(factors):
                return Product(tuple((divided, self.bind(factor)) for divided, factor in factors))
            case Comparison(sign, left, right):
                return Comparison(sign, self.bind(left), self.bind(right))
            case And(operands) | Or(operands):
                return type(node)(self._bind_all(operands))
            case Not(operand):
                return Not(self.bind(operand))
            case Call("FORALL", arguments):
                return self._for_all(arguments)
            case Call(name, arguments):
                return Call(name, self._bind_all(arguments))
            case _:
                return node

    def _bind_all(self, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
        return tuple(self.bind(node) for node in nodes)

    def _cell(self, line: str, column: str) -> Node:
        address = f"{line}.{column}"
        if not self.form_set.has_cell(address):
            raise MalformedExpression(f"Form set {self.form_set.version} has no cell {address}.")
        if self.reads_closed_as_zero and self.form_set.is_closed(address):
            return Number(Decimal(0))
        return Cell(address)

    def _column_in(self, line: str) -> str:
        forms = {form.code: form for form in self.form_set.forms}
        form = forms.get(line[:2])
        if form is None:
            raise MalformedExpression(f"Form set {self.form_set.version} has no form {line[:2]}.")
        return self.column if self.column in form.columns else form.default_column

    def _for_all(self, arguments: tuple[Node, ...]) -> Node:
        if len(arguments) != 2 or not isinstance(arguments[0], FormLines):
            raise MalformedExpression("FORALL takes the lines of a form and a predicate: FORALL(BA.*, amort<=brut).")
        wanted = arguments[0].form
        lines = [
            line.code for form in self.form_set.forms if form.code == wanted for line in form.lines if not line.formula
        ]
        if not lines:
            raise MalformedExpression(f"Form {wanted} has no input line.")
        return ForAll(tuple(replace(self, line=line).bind(arguments[1]) for line in lines))
