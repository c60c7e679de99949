"""The rules of one form package, compiled once: compute a filing's cells, check it, check again what one change touches."""

import datetime as dt
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext
from types import MappingProxyType
from typing import Any

from formsets import Control, FormSet
from formsets.values import Value
from services.validation.domain.compiler import UNDEFINED, Compiler, is_arithmetic, is_for_formulas
from services.validation.domain.errors import MalformedExpression
from services.validation.domain.evaluator import Budget, Evaluation, OverBudget, cost_of
from services.validation.domain.functions import CATALOGUE
from services.validation.domain.grammar import parse
from services.validation.domain.graph import reached_from, readers_of, topological_order
from services.validation.domain.past import address_in, is_flag, is_own_cell, is_previous, operands_of
from services.validation.domain.references import Binding, refuse_large
from services.validation.domain.syntax import (
    And,
    Call,
    Cell,
    Comparison,
    ComparisonSign,
    Node,
    Number,
    OverLines,
    Product,
    Text,
    cells_of,
)
from services.validation.domain.types import Type, TypeChecker, type_of_cell
from services.validation.domain.verdict import CheckedDocument, ControlResult, LineRead, Report, verdict_of

PRECISION = 60
"""Digits of every operation (decisions.md 7): enough for no amount to be rounded on the way."""
LARGEST_EXPONENT = 1_000
"""Numbers beyond are undefined, so that no operation is long."""
CLOSING_DATE = "ID.170.v"
"""Cell that tells whether a control is in force, shared by both documents."""
_NOTHING_GIVEN: Mapping[str, Value | None] = MappingProxyType({})
MOST_COMPILED = 10_000
"""Steps of a formula or control above which it runs one by one, so that it can be stopped (F16). No step takes more than some
ten microseconds, so that what is compiled ends in a fifth of the time a rule may take (`tests/unit/validation/test_budget.py`)."""


@dataclass(frozen=True, slots=True)
class _Formula:
    """The formula of one computed cell."""

    address: str
    node: Node
    operands: tuple[str, ...]
    zero_filled: frozenset[str]
    requires_all: bool
    is_arithmetic: bool
    name: str | None
    """Of its compiled function, None when only the evaluator runs it."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One control ready to run."""

    control: Control
    node: Node
    operands: tuple[str, ...]
    name: str | None
    """Of its compiled function, None when only the evaluator runs it."""
    lines: tuple[LineRead, ...]
    """Operands of each line of a control that must hold on each; its function then answers for every line."""
    passed: ControlResult
    """The result when it passes, built once."""
    required: frozenset[str]
    """Required cells it reads, directly or through formulas (B and T only)."""
    needs_previous: bool
    """Whether it reads the previous filing."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What runs for one document, in order."""

    formulas: tuple[_Formula, ...]
    formula_functions: tuple[Callable[..., Any], ...]
    rules: tuple[_Rule, ...]
    """Those of the document that apply with, or without, a previous filing."""
    not_applicable: tuple[str, ...]
    rule_functions: tuple[Callable[..., Any] | None, ...]
    ignored: frozenset[str]
    """Given cells that are dropped: computed here, or closed."""
    aliases: Mapping[str, str]
    """Alias that may be typed in the QDIS → the ER cell it shows."""
    required: tuple[str, ...]
    readers: Mapping[str, list[str]]
    formula_index: Mapping[str, int]
    rule_index: Mapping[str, list[int]]
    """Cell → the rules that read it directly."""


class RuleSet:
    """Compiled formulas and controls. Immutable and safe to share between threads and processes' workers."""

    def __init__(
        self,
        form_set: FormSet,
        formulas: Mapping[str, _Formula],
        rules: tuple[_Rule, ...],
        code: Any,
        budget: Budget,
    ) -> None:
        self.form_set = form_set
        self.digest = form_set.digest
        self._budget = budget
        self._rules = {rule.control.id: rule for rule in rules}
        self._plans: dict[tuple[str, bool], _Plan] = {
            (document, has_previous): _plan(form_set, document, formulas, rules, code, has_previous=has_previous)
            for document in ("ER", "QDIS", "whole")
            for has_previous in (False, True)
        }
        self._touched: dict[tuple[str, bool, str], tuple[tuple[int, ...], tuple[int, ...]]] = {}

    def compute(self, cells: Mapping[str, Value], document: CheckedDocument = "whole") -> dict[str, Value]:
        """Every computed cell of the document, unrounded; empty ones are absent.

        For the QDIS, computed ER cells are taken as given: a federation does not hold the ER (decisions.md 1).
        """
        plan = self._plans[document, False]
        filled = _inputs(plan, cells)
        with localcontext(_context()):
            _fill(plan, filled, range(len(plan.formulas)), self._budget, set())
        return {formula.address: filled[formula.address] for formula in plan.formulas if formula.address in filled}

    def check(
        self,
        cells: Mapping[str, Value],
        document: CheckedDocument,
        justified: Collection[str] = (),
        *,
        has_refusals: bool = False,
        previous: Mapping[str, Value] | None = None,
        restated: Collection[str] = (),
        given: Mapping[str, Value | None] = _NOTHING_GIVEN,
    ) -> Report:
        """Compute, then run every control of the document.

        Args:
            cells: filled cells, typed; computed ones among them are ignored and computed anew.
            document: whose controls count; `whole` runs them all, over a file that holds both documents.
            justified: ids of A controls that carry a justification.
            has_refusals: whether a cell was refused by format, which blocks (it counts as empty here).
            previous: every cell of the filing of the year before, computed ones included; None when there is none, and
                then the controls that read it are not applicable.
            restated: cells of the previous year's columns that differ on purpose, with a comment (H-01).
            given: computed cells that are not computed, since what they are computed from is not at hand; None: empty.
        """
        plan = self._plans[document, previous is not None]
        filled = _inputs(plan, cells)
        filled.update(operands_of(self.form_set, previous or {}, restated))
        filled.update((address, value) for address, value in given.items() if value is not None)
        stopped: set[str] = set()
        formulas = (i for i, formula in enumerate(plan.formulas) if formula.address not in given)
        with localcontext(_context()):
            _fill(plan, filled, formulas, self._budget, stopped)
            results = _run(plan, filled, range(len(plan.rules)), self._budget, stopped)
        return self._report(
            document,
            filled,
            tuple(results),
            frozenset(justified),
            has_refusals,
            has_previous=previous is not None,
            given=frozenset(given),
            stopped=frozenset(stopped),
        )

    def from_elsewhere(self, document: CheckedDocument) -> frozenset[str]:
        """Computed cells that read a cell which no line of the document shows: the document alone cannot give them."""
        shown = {concept.cell for concept in self.form_set.concepts if concept.aliases}
        shown.update(self.form_set.cells(document))
        formulas = self._plans[document, False].formulas
        return frozenset(formula.address for formula in formulas if not shown.issuperset(formula.operands))

    def run(
        self,
        control: str,
        cells: Mapping[str, Value],
        previous: Mapping[str, Value] | None = None,
        restated: Collection[str] = (),
    ) -> ControlResult:
        """Run one control on its operands as they are given, computing nothing (the examples of a package).

        Raises:
            KeyError: the control has no expression.
        """
        rule = self._rules[control]
        filled = {**cells, **operands_of(self.form_set, previous or {}, restated)}
        with localcontext(_context()):
            return _explained(rule, filled, self._budget)

    @property
    def is_light(self) -> bool:
        """Whether every control is compiled: none may run step by step to the end of its budget."""
        return all(rule.name for rule in self._rules.values())

    @property
    def cells_read(self) -> frozenset[str]:
        """Every cell that a formula or a control reads, in this filing or in the previous one."""
        read = {operand for formula in self._plans["whole", True].formulas for operand in formula.operands}
        return frozenset(read | {address_in(key) for rule in self._rules.values() for key in rule.operands})

    def operands(self, control: str) -> tuple[str, ...]:
        """What a control reads, in order of appearance: cells, and `PREV(…)` and `RESTATED(…)`.

        Raises:
            KeyError: the control has no expression.
        """
        return self._rules[control].operands

    def operands_of_formula(self, address: str) -> tuple[str, ...]:
        """The cells that the formula of a computed cell reads, in order of appearance.

        Raises:
            KeyError: no formula fills the cell.
        """
        plan = self._plans["whole", False]
        return plan.formulas[plan.formula_index[address]].operands

    def judge(self, report: Report, justified: Collection[str]) -> Report:
        """The same results under other justifications; nothing runs again.

        Raises:
            ValueError: the report comes from other rules.
        """
        self._require_own(report)
        return self._report(
            report.document,
            report.cells,
            report.controls,
            frozenset(justified),
            report.has_refusals,
            has_previous=_has_previous(report),
            given=report.given,
            stopped=report.stopped,
        )

    def recheck(self, previous: Report, changed: Mapping[str, Value | None]) -> Report:
        """The report after some typed cells changed, running only what they touch.

        Args:
            previous: a report of this rule set.
            changed: cell → its new value, None when emptied.

        Raises:
            ValueError: the report comes from other rules.
        """
        self._require_own(previous)
        has_previous = _has_previous(previous)
        plan = self._plans[previous.document, has_previous]
        filled = dict(previous.cells)
        formula_indices: set[int] = set()
        rule_indices: set[int] = set()
        for given, value in changed.items():
            address = plan.aliases.get(given, given)
            if address in plan.ignored:
                continue
            filled.pop(address, None)
            if value is not None:
                filled[address] = value
            formulas, rules = self._touched_by(previous.document, has_previous, address)
            formula_indices.update(formulas)
            rule_indices.update(rules)
        results = list(previous.controls)
        again = sorted(i for i in formula_indices if plan.formulas[i].address not in previous.given)
        stopped = set(previous.stopped).difference(plan.formulas[i].address for i in again)
        with localcontext(_context()):
            _fill(plan, filled, again, self._budget, stopped)
            run = _run(plan, filled, rule_indices, self._budget, stopped)
            for index, result in zip(rule_indices, run, strict=True):
                results[index] = result
        return self._report(
            previous.document,
            filled,
            tuple(results),
            previous.justified,
            previous.has_refusals,
            has_previous=has_previous,
            given=previous.given,
            stopped=frozenset(stopped),
        )

    def _require_own(self, report: Report) -> None:
        if report.rule_set != self.digest:
            raise ValueError("The report comes from another rule set.")

    def _touched_by(self, document: str, has_previous: bool, address: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        key = (document, has_previous, address)
        if key not in self._touched:
            plan = self._plans[document, has_previous]
            reached = reached_from((address,), plan.readers)
            formulas = tuple(sorted(plan.formula_index[cell] for cell in reached if cell in plan.formula_index))
            rules = {index for cell in reached for index in plan.rule_index.get(cell, ())}
            self._touched[key] = (formulas, tuple(sorted(rules)))
        return self._touched[key]

    def _report(
        self,
        document: CheckedDocument,
        filled: Mapping[str, Value],
        results: tuple[ControlResult, ...],
        justified: frozenset[str],
        has_refusals: bool,
        *,
        has_previous: bool,
        given: frozenset[str],
        stopped: frozenset[str],
    ) -> Report:
        plan = self._plans[document, has_previous]
        empty = tuple(address for address in plan.required if address not in filled)
        verdict = verdict_of(
            results,
            blocked_by_missing={rule.control.id for rule in plan.rules if not rule.required.isdisjoint(empty)}
            if empty
            else (),
            justified=justified,
            has_refusals=has_refusals,
            has_required_missing=bool(empty),
        )
        return Report(
            verdict,
            self.digest,
            document,
            results,
            filled,
            empty,
            justified,
            has_refusals,
            plan.not_applicable,
            given,
            stopped,
        )


def malformed_expressions(form_set: FormSet) -> dict[str, str]:
    """Computed cell or control → what is wrong with its expression; every one of the package, not only the first."""
    compiler = Compiler()
    checker = TypeChecker(functools.partial(_type_of_operand, form_set), CATALOGUE)
    wrong: dict[str, str] = {}
    for address in filter(form_set.is_computed, form_set.cells()):
        try:
            _formula_of(form_set, address, {}, checker, compiler)
        except MalformedExpression as error:
            wrong[address] = error.message
    for control in form_set.controls:
        try:
            if control.expression is not None:
                _rule(form_set, control, {}, checker, compiler)
        except MalformedExpression as error:
            wrong[control.id] = error.message
    return wrong


def _has_previous(report: Report) -> bool:
    return not report.not_applicable


DEFAULT_BUDGET = Budget()


@functools.lru_cache(maxsize=16)
def compile_rules(form_set: FormSet, budget: Budget = DEFAULT_BUDGET) -> RuleSet:
    """The compiled rules of a package; packages of equal digest share one.

    Args:
        form_set: the package.
        budget: what one control may cost; one that costs more is not evaluated, the others are.

    Raises:
        MalformedExpression: a formula or control is not in the language; the message names it.
        CyclicFormulas: formulas depend on each other in a circle.
    """
    compiler = Compiler()
    checker = TypeChecker(functools.partial(_type_of_operand, form_set), CATALOGUE)
    formulas = _formulas(form_set, checker, compiler)
    ordered = {
        address: formulas[address] for address in topological_order({a: f.operands for a, f in formulas.items()})
    }
    rules = tuple(
        _named(control.id, functools.partial(_rule, form_set, control, formulas, checker, compiler))
        for control in form_set.controls
        if control.expression is not None
    )
    return RuleSet(form_set, ordered, rules, compiler.compile(), budget)


def _type_of_operand(form_set: FormSet, key: str) -> Type:
    return Type.BOOLEAN if is_flag(key) else type_of_cell(form_set.cell_type(address_in(key)))


def _context() -> Context:
    return Context(
        prec=PRECISION,
        Emin=-LARGEST_EXPONENT,
        Emax=LARGEST_EXPONENT,
        traps=[DivisionByZero, InvalidOperation, Overflow],
    )


def _named(what: str, build: Callable[[], Any]) -> Any:
    """Build, naming the culprit when its expression is malformed."""
    try:
        return build()
    except MalformedExpression as error:
        raise MalformedExpression(f"{what}: {error.message}") from error


def _formulas(form_set: FormSet, checker: TypeChecker, compiler: Compiler) -> dict[str, _Formula]:
    formulas: dict[str, _Formula] = {}
    trees: dict[str, Node] = {}
    for address in filter(form_set.is_computed, form_set.cells()):
        formulas[address] = _named(address, functools.partial(_formula_of, form_set, address, trees, checker, compiler))
    return formulas


def _formula_of(
    form_set: FormSet, address: str, trees: dict[str, Node], checker: TypeChecker, compiler: Compiler
) -> _Formula:
    line, _, column = address.rpartition(".")
    return _formula(address, form_set.formula_of(address), trees, Binding(form_set, line, column), checker, compiler)


def _formula(
    address: str, text: str, trees: dict[str, Node], binding: Binding, checker: TypeChecker, compiler: Compiler
) -> _Formula:
    if text not in trees:
        trees[text] = parse(text)
        refuse_large(trees[text], binding.form_set)
    node = _open(binding.bind(trees[text]), binding)
    form_set = binding.form_set
    line = form_set.line_of(address)
    checker.check(node, type_of_cell(line.type))
    operands = cells_of(node)
    numeric = frozenset(a for a in operands if type_of_cell(form_set.cell_type(a)) is Type.NUMBER)
    arithmetic = isinstance(node, Cell) or (is_arithmetic(node) and len(numeric) == len(operands))
    if not is_for_formulas(node):
        raise MalformedExpression("FORALL, ANY, COUNT, PREV and RESTATED stand only in a control.")
    name: str | None = None
    if cost_of(node) <= MOST_COMPILED:
        add = functools.partial(compiler.add_formula, requires_all=line.requires_all) if arithmetic else None
        name = add(node) if add else compiler.add_predicate(node, operands if line.requires_all else ())
    return _Formula(address, node, operands, numeric, line.requires_all, arithmetic and name is not None, name)


def _open(node: Node, binding: Binding) -> Node:
    """A total of closed cells only is 0 as soon as the same total is filled in an open column, empty otherwise.

    Example: CC.590.rec, where every operand is closed, is 0 when CC.590.nr is filled.
    """
    form_set, line = binding.form_set, binding.line
    operands = cells_of(node)
    if line is None or not operands or not all(form_set.is_closed(address) for address in operands):
        return node
    form = form_set.form(line[:2])
    column = next(column for column in form.formula_columns if column != binding.column)
    return Product(((False, Number(Decimal(0))), (False, Cell(f"{line}.{column}"))))


def _rule(
    form_set: FormSet, control: Control, formulas: Mapping[str, _Formula], checker: TypeChecker, compiler: Compiler
) -> _Rule:
    tree = parse(control.expression or "")
    refuse_large(tree, form_set)
    node = _in_force(form_set, control, Binding(form_set, reads_closed_as_zero=True).bind(tree))
    checker.check(node, Type.BOOLEAN)
    operands = cells_of(node)
    own = tuple(operand for operand in operands if is_own_cell(operand))
    conditions = _on_each_line(node)
    name: str | None = None
    if cost_of(node) <= MOST_COMPILED:
        name = compiler.add_lines(conditions) if conditions else compiler.add_predicate(node)
    return _Rule(
        control,
        node,
        operands,
        name,
        tuple(read for condition in conditions for read in _lines_of(condition)),
        ControlResult(control.id, control.severity, "passed", "", own),
        _required_behind(form_set, own, formulas) if control.severity in "BT" else frozenset(),
        any(map(is_previous, operands)),
    )


def _on_each_line(node: Node) -> tuple[OverLines, ...]:
    """What a control asks of each line, () of a control that asks something else as well."""
    conditions = node.operands if isinstance(node, And) else (node,)
    asked = [one for one in conditions if isinstance(one, OverLines) and one.question == "FORALL"]
    return tuple(asked) if len(asked) == len(conditions) else ()


def _lines_of(condition: OverLines) -> Iterable[LineRead]:
    for line, instance in zip(condition.lines, condition.instances, strict=True):
        yield LineRead(line, _without_flags(cells_of(instance)))


def _without_flags(operands: Iterable[str]) -> tuple[str, ...]:
    return tuple(operand for operand in operands if not is_flag(operand))


def _in_force(form_set: FormSet, control: Control, node: Node) -> Node:
    """The expression, asked only of the exercices for which the control is in force."""
    dates: tuple[tuple[ComparisonSign, dt.date | None], ...] = (
        (">=", control.in_force_from),
        ("<=", control.in_force_until),
    )
    bounds = tuple(
        Comparison(sign, Cell(CLOSING_DATE), Call("DATE", (Text(date.isoformat()),)))
        for sign, date in dates
        if date is not None
    )
    if bounds and not form_set.has_cell(CLOSING_DATE):
        raise MalformedExpression(f"Dates in force need the cell {CLOSING_DATE}, which is not in this form set.")
    return Call("IMPLIES", (And(bounds), node)) if bounds else node


def _required_behind(form_set: FormSet, operands: tuple[str, ...], formulas: Mapping[str, _Formula]) -> frozenset[str]:
    reads = {address: formula.operands for address, formula in formulas.items()}
    return frozenset(address for address in reached_from(operands, reads) if form_set.is_required(address))


def _plan(
    form_set: FormSet,
    document: str,
    formulas: Mapping[str, _Formula],
    rules: tuple[_Rule, ...],
    code: Any,
    *,
    has_previous: bool,
) -> _Plan:
    own = set(form_set.cells(document))
    kept = tuple(formula for formula in formulas.values() if formula.address in own)
    its_own = tuple(rule for rule in rules if document in {"whole", rule.control.document})
    run = tuple(rule for rule in its_own if has_previous or not rule.needs_previous)
    rule_index: dict[str, list[int]] = {}
    for index, rule in enumerate(run):
        for address in rule.operands:
            rule_index.setdefault(address, []).append(index)
    return _Plan(
        formulas=kept,
        formula_functions=tuple(code[formula.name] if formula.name else _step_by_step for formula in kept),
        rules=run,
        not_applicable=tuple(rule.control.id for rule in its_own if rule.needs_previous and not has_previous),
        rule_functions=tuple(code[rule.name] if rule.name else None for rule in run),
        ignored=frozenset(formula.address for formula in kept) | form_set.closed_cells,
        aliases={} if document == "ER" else _typed_aliases(form_set),
        required=tuple(address for address in form_set.cells(document) if form_set.is_required(address)),
        readers=readers_of({formula.address: formula.operands for formula in kept}),
        formula_index={formula.address: index for index, formula in enumerate(kept)},
        rule_index=rule_index,
    )


def _typed_aliases(form_set: FormSet) -> dict[str, str]:
    return {
        alias: concept.cell for concept in form_set.concepts if concept.direction == "both" for alias in concept.aliases
    }


def _inputs(plan: _Plan, cells: Mapping[str, Value]) -> dict[str, Value]:
    """Given cells that count; an alias typed in the QDIS stands for the ER cell it shows, unless that is given too."""
    ignored = plan.ignored
    filled = {address: value for address, value in cells.items() if address not in ignored}
    for alias, cell in plan.aliases.items():
        if alias in cells and cell not in filled:
            filled[cell] = cells[alias]
    return filled


def _step_by_step(_: object) -> None:
    """Stand for a formula too large to be compiled: not known here, ask the evaluator."""
    raise ValueError


def _fill(plan: _Plan, filled: dict[str, Value], indices: Iterable[int], budget: Budget, stopped: set[str]) -> None:
    """Compute these formulas, in order, into the filled cells.

    A formula that costs too much, or reads one that did, is stopped: its cell is empty and is told apart from one that
    has no value, so that nothing is added up without it.
    """
    formulas, functions = plan.formulas, plan.formula_functions
    get = filled.get
    for index in indices:
        formula = formulas[index]
        if stopped and not stopped.isdisjoint(formula.operands):
            stopped.add(formula.address)
            filled.pop(formula.address, None)
            continue
        try:
            value = functions[index](get if formula.is_arithmetic else filled)
        except UNDEFINED:
            value = None if formula.is_arithmetic else _evaluated(formula, filled, budget, stopped)
        if value is None:
            filled.pop(formula.address, None)
        else:
            filled[formula.address] = value


def _evaluated(formula: _Formula, filled: Mapping[str, Value], budget: Budget, stopped: set[str]) -> Value | None:
    """A formula with an empty operand that is not plain arithmetic, or that is too large to be compiled."""
    present = [address in filled for address in formula.operands]
    if formula.requires_all and not all(present):
        return None
    zero_filled = formula.zero_filled if any(present) else frozenset[str]()
    try:
        value: Value | None = Evaluation(filled, zero_filled, budget=budget).value(formula.node)
    except OverBudget:
        stopped.add(formula.address)
        return None
    return value


def _run(
    plan: _Plan, filled: Mapping[str, Value], indices: Iterable[int], budget: Budget, stopped: Collection[str]
) -> list[ControlResult]:
    rules, functions = plan.rules, plan.rule_functions
    results: list[ControlResult] = []
    add = results.append
    for index in indices:
        function = functions[index]
        lost = tuple(operand for operand in rules[index].operands if operand in stopped) if stopped else ()
        if lost:
            add(rules[index].passed._replace(status="not_evaluated", reason="budget", missing=lost))
            continue
        try:
            if function is None:
                add(_explained(rules[index], filled, budget))
                continue
            answer = function(filled)
            if answer is True:
                add(rules[index].passed)
            elif rules[index].lines:
                add(_on_lines(rules[index], answer, filled))
            else:
                add(rules[index].passed if answer else _failed(rules[index], filled))
        except UNDEFINED:
            add(_explained(rules[index], filled, budget))
    return results


def _on_lines(rule: _Rule, answers: tuple[bool, ...], filled: Mapping[str, Value]) -> ControlResult:
    if all(answers):
        return rule.passed
    return _failed(rule, filled, [line for line, holds in zip(rule.lines, answers, strict=True) if not holds])


def _failed(rule: _Rule, filled: Mapping[str, Value], failing: Sequence[LineRead] | None = None) -> ControlResult:
    """The result of a control that fails, with what it read: of the lines that fail when it must hold on each."""
    control = rule.control
    lines = tuple(_failing_lines(rule, filled) if failing is None else failing)
    read = (key for line in lines for key in line.operands) if lines else _without_flags(rule.operands)
    operands = tuple(dict.fromkeys(read))
    return ControlResult(
        control.id,
        control.severity,
        "failed",
        control.message,
        tuple(operand for operand in operands if is_own_cell(operand)),
        tuple((operand, filled.get(operand)) for operand in operands),
        lines=lines,
    )


def _failing_lines(rule: _Rule, filled: Mapping[str, Value]) -> list[LineRead]:
    """What a control that must hold on each line read on those where it does not; nothing of another control."""
    instances = (one for condition in _on_each_line(rule.node) for one in condition.instances)
    return [read for read, one in zip(rule.lines, instances, strict=True) if Evaluation(filled).fails_on(one)]


def _explained(rule: _Rule, filled: Mapping[str, Value], budget: Budget) -> ControlResult:
    """The result of a control that compiled code cannot decide alone, worked out by the evaluator."""
    evaluation = Evaluation(filled, budget=budget)
    try:
        value = evaluation.value(rule.node)
    except OverBudget:
        return rule.passed._replace(status="not_evaluated", reason="budget")
    if value is True:
        return rule.passed
    if value is False:
        return _failed(rule, filled)
    return rule.passed._replace(
        status="not_evaluated",
        operands=tuple((key, filled.get(key)) for key in rule.operands if not is_flag(key)),
        missing=tuple(evaluation.missing),
        reason="missing" if evaluation.missing else "undefined",
    )
