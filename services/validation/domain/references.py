"""Bind an expression to a form set: every reference becomes the address of one cell.

`CODE.column` is that cell. Without a column: the column being computed if the target form has it, else the target form's
default (decisions.md 8). A bare column is that column of the current line.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from formsets import FormSet
from services.validation.domain.errors import MalformedExpression
from services.validation.domain.past import previous_key, restated_key
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
    children,
)

MOST_NODES = 200_000
"""Nodes of an expression once written out over its lines; beyond, it is refused before it is written out."""


def refuse_large(node: Node, form_set: FormSet) -> None:
    """Make sure that an expression stays of a reasonable size once written out over its lines.

    Raises:
        MalformedExpression: it does not.
    """
    size = _written_out(node, {form.code: len(form.lines) for form in form_set.forms})
    if size > MOST_NODES:
        raise MalformedExpression(f"The expression has {size} nodes over its lines; {MOST_NODES} are allowed.")


def _written_out(node: Node, lines: Mapping[str, int]) -> int:
    operands = children(node)
    size = 1 + sum(_written_out(operand, lines) for operand in operands)
    first = operands[0] if operands else None
    return size * lines.get(first.form, 1) if isinstance(first, FormLines) else size


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
                raise MalformedExpression(f"Lines of {form} stand only in FORALL, ANY, COUNT and SUM.")
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
            case Call():
                return self._call(node)
            case _:
                return node

    def _call(self, node: Call) -> Node:
        match node:
            case Call("FORALL" | "ANY" | "COUNT" as question, arguments):
                return self._over_lines(question, arguments)
            case Call("SUM", arguments):
                return self._sum_of_lines(arguments)
            case Call("PREV" | "RESTATED" as name, arguments):
                return self._outside(name, arguments)
            case Call("LISTED", arguments):
                return self._listed(arguments)
            case Call("ISNULL" | "IFNULL" as name, arguments):
                return _known(Call(name, self._bind_all(arguments)), arguments)
            case Call(name, arguments):
                return Call(name, self._bind_all(arguments))

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

    def _outside(self, name: str, arguments: tuple[Node, ...]) -> Node:
        """PREV(cell), the cell in the previous filing, and RESTATED(cell), whether the cell is flagged."""
        if len(arguments) != 1 or not isinstance(arguments[0], Reference | Column):
            raise MalformedExpression(f"{name} asks about one cell.")
        cell = replace(self, reads_closed_as_zero=False).bind(arguments[0])
        assert isinstance(cell, Cell)
        if name == "PREV":
            return Cell(previous_key(cell.address))
        return Not(Call("ISNULL", (Cell(restated_key(cell.address)),)))

    def _listed(self, arguments: tuple[Node, ...]) -> Node:
        """LISTED(code, "list", year), over a list of the package."""
        match arguments:
            case (code, Text(name), year):
                entries = self.form_set.lists.get(name)
            case _:
                raise MalformedExpression("LISTED takes a code, the quoted name of a list, and a year.")
        if entries is None:
            raise MalformedExpression(f"Form set {self.form_set.version} has no list “{name[:40]}”.")
        return Listed(entries, (self.bind(code), self.bind(year)))

    def _over_lines(self, question: Literal["FORALL", "ANY", "COUNT"], arguments: tuple[Node, ...]) -> Node:
        if len(arguments) != 2 or not isinstance(arguments[0], FormLines):
            raise MalformedExpression(
                f"{question} takes the lines of a form and a predicate: {question}(BA.*, amort<=brut)."
            )
        lines = self._lines(arguments[0], _columns(arguments[1]))
        return OverLines(question, tuple(replace(self, line=line).bind(arguments[1]) for line in lines), lines)

    def _sum_of_lines(self, arguments: tuple[Node, ...]) -> Node:
        """SUM(BA.010:BA.040) adds the lines up; SUM(BA.010:BA.040, brut-amort) an expression on each."""
        if len(arguments) > 2 or not isinstance(arguments[0], FormLines):
            raise MalformedExpression("SUM takes numbers, or the lines of a form and at most one expression.")
        if len(arguments) == 1:
            column = self._column_in(arguments[0].form)
            return Sum(tuple((False, self._cell(line, column)) for line in self._lines(arguments[0], (column,))))
        lines = self._lines(arguments[0], _columns(arguments[1]))
        return Sum(tuple((False, replace(self, line=line).bind(arguments[1])) for line in lines))

    def _lines(self, wanted: FormLines, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Lines where a person types: those without a formula, and those whose formula leaves a named column open."""
        if wanted.first and wanted.last and wanted.first[:2] != wanted.last[:2]:
            raise MalformedExpression(f"Range {wanted.first}:{wanted.last} goes from one form to another.")
        form_set = self.form_set
        lines = [line for form in form_set.forms if form.code == wanted.form for line in form.lines]
        codes = [line.code for line in lines]
        for end in (wanted.first, wanted.last):
            if end and end not in codes:
                raise MalformedExpression(f"Form set {form_set.version} has no line {end}.")
        found = tuple(
            line.code
            for line in lines
            if (wanted.first or "") <= line.code <= (wanted.last or "~")
            and (not line.formula or any(self._is_open(line.code, column) for column in columns))
        )
        if not found:
            raise MalformedExpression(f"Form {wanted.form} has no input line there.")
        return found

    def _is_open(self, line: str, column: str) -> bool:
        address = f"{line}.{column}"
        return self.form_set.has_cell(address) and not self.form_set.is_computed(address)


def _columns(node: Node) -> tuple[str, ...]:
    """Bare columns of the current line that an expression names, those of the previous filing left out."""
    found: dict[str, None] = {}
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, Column):
            found[current.name] = None
        elif not isinstance(current, Call) or current.name not in {"PREV", "RESTATED"}:
            waiting.extend(children(current))
    return tuple(found)


def _known(call: Call, written: tuple[Node, ...]) -> Node:
    """ISNULL and IFNULL of a closed cell, which reads as 0 in a control, are known at once."""
    if not written or not isinstance(written[0], Reference | Column) or not isinstance(call.arguments[0], Number):
        return call
    return Boolean(False) if call.name == "ISNULL" else call.arguments[0]
