"""Random expressions over the whole language: the compiled rules against the slow reference evaluator."""

import datetime as dt
import functools
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import given, note, settings
from hypothesis import strategies as st

from formsets import Control, FormSet, Line
from formsets.values import Value
from services.validation.domain.rule_set import compile_rules
from tests.support.form_sets import a_control, a_form, a_form_set, a_line
from tests.support.reference_evaluator import ReferenceEvaluator

Expressions = st.SearchStrategy[str]


def a_package(controls: list[Control], computed: list[Line]) -> FormSet:
    """Four forms: amounts with a total that leaves column b open, other columns, other types, and what is computed."""
    amounts = [a_line(code, "MS") for code in ("AA.010", "AA.020", "AA.030")]
    others = [a_line("DD.010", "TEXT"), a_line("DD.020", "DATE"), a_line("DD.030", "BOOL")]
    forms = [
        replace(
            a_form("AA", [*amounts, a_line("AA.090", "MS", "SUM(AA.010:AA.030)")], columns=("n", "b")),
            formula_columns=("n",),
        ),
        a_form("BB", [a_line("BB.010", "D2"), a_line("BB.020", "D2")], columns=("tot", "n1")),
        a_form("CC", computed, columns=("n", "n1")) if computed else a_form("CC", [a_line("CC.010")]),
        a_form("DD", others, columns=("v",)),
    ]
    return a_form_set(forms, controls, closed=["AA.020.b"])


NUMBERS = (
    *(f"AA.{line}.{column}" for line in ("010", "020", "030") for column in "nb"),
    *("AA.090.b", "BB.010.tot", "BB.010.n1", "BB.020.tot", "BB.020.n1"),
)
AMOUNTS = st.sampled_from([Decimal(text) for text in ("0", "1", "2", "-1", "2.5", "-0.5", "1.255")])
VALUES: dict[str, st.SearchStrategy[Value]] = {
    **dict.fromkeys(NUMBERS, AMOUNTS),
    "DD.010.v": st.sampled_from(["", "12", "97411", "21999", "2024-02-29", "20240229", "abc", "000000018"]),
    "DD.020.v": st.sampled_from([dt.date(2024, 2, 29), dt.date(2023, 12, 31)]),
    "DD.030.v": st.booleans(),
}
CELLS = st.one_of(st.fixed_dictionaries(VALUES), st.fixed_dictionaries({}, optional=VALUES))
"""Every cell filled, or only some."""
RESTATED = st.sets(st.sampled_from(["AA.010.n", "AA.030.b", "BB.010.tot"]))


@dataclass(frozen=True)
class Where:
    """What may be written at a place."""

    in_formula: bool = False
    on_line: bool = False


def joined(pattern: str, *operands: Expressions) -> Expressions:
    """The pattern with an operand drawn for each `{}`."""
    return st.tuples(*operands).map(lambda parts: pattern.format(*parts))


def number_cells(where: Where) -> Expressions:
    written = ["AA.010", "AA.020", "AA.030.b", "AA.090", "BB.010", "BB.010.n1", "BB.020"]
    if not where.in_formula:
        written += ["AA.020.b", "PREV(AA.010)", "PREV(AA.020.b)", "PREV(BB.010)", "PREV(AA.090)"]
    if where.on_line:
        written += ["n", "n", "b", "b"] if where.in_formula else ["n", "n", "b", "b", "PREV(n)", "PREV(b)"]
    return st.sampled_from(written)


LINES = st.sampled_from(["AA.*", "AA.*", "AA.010:AA.020", "AA.020:AA.090"])


@functools.cache
def numbers(depth: int, where: Where) -> Expressions:
    leaves = number_cells(where) | st.sampled_from(["0", "1", "2.5"])
    if depth == 0:
        return leaves
    inner, condition = numbers(depth - 1, where), booleans(depth - 1, where)
    text, date = texts(depth - 1, where), dates(depth - 1, where)
    choices = [
        leaves,
        st.sampled_from("+-*/").flatmap(lambda sign: joined("({}" + sign + "{})", inner, inner)),
        joined("({}-{}+{})", inner, inner, inner),
        joined("({}/{}*{})", inner, inner, inner),
        joined("SUM({},{},{})", inner, inner, inner),
        joined("MAX({},{})", inner, inner),
        joined("SAFE({},{})", inner, inner),
        joined("MOD({},{})", inner, inner),
        joined("{}({})", st.sampled_from(["ABS", "INT", "-"]), inner),
        joined("IF({},{},{})", condition, inner, inner),
        joined("IFNULL({},{})", number_cells(where), inner),
        joined("LEN({})", text),
        joined("YEAR({})", date),
        joined("{}({},{})", st.sampled_from(["DAYS", "MONTHS"]), date, date),
    ]
    if not where.on_line:
        each = replace(where, on_line=True)
        choices += [joined("SUM({})", LINES), joined("SUM({},{})", LINES, numbers(depth - 1, each))]
        if not where.in_formula:
            choices.append(joined("COUNT({},{})", LINES, booleans(depth - 1, each)))
    return st.one_of(choices)


@functools.cache
def booleans(depth: int, where: Where) -> Expressions:
    leaves = [
        st.sampled_from(["TRUE", "FALSE", "DD.030"]),
        joined("ISNULL({})", number_cells(where) | st.sampled_from(["DD.010", "DD.020", "DD.030"])),
        joined("{}{}{}", number_cells(where), st.sampled_from(["<", ">=", "=="]), st.sampled_from(["1", "2.5", "3"])),
    ]
    if not where.in_formula:
        flagged = ["AA.010", "BB.010", "n", "b"] if where.on_line else ["AA.010", "AA.030.b", "BB.010"]
        leaves.append(joined("RESTATED({})", st.sampled_from(flagged)))
    if depth == 0:
        return st.one_of(leaves)
    inner, number = booleans(depth - 1, where), numbers(depth - 1, where)
    text, date = texts(depth - 1, where), dates(depth - 1, where)
    signs = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
    choices = [
        *leaves,
        joined("({}{}{})", number, signs, number),
        joined("({}{}{})", text, signs, text),
        joined("({}{}{})", date, signs, date),
        joined("({}{}{})", joined("({})", inner), st.sampled_from(["==", "!="]), joined("({})", inner)),
        joined("EQ({},{},{})", number, number, number),
        joined("BETWEEN({},{},{})", number, number, number),
        joined("{}({},{},{})", st.sampled_from(["AND", "OR"]), inner, inner, inner),
        joined("({} {} {})", inner, st.sampled_from(["and", "or"]), inner),
        joined("{}({})", st.sampled_from(["NOT", "not "]), inner),
        joined("IMPLIES({},{})", inner, inner),
        joined("IF({},{},{})", inner, inner, inner),
        joined("IFNULL(DD.030,{})", inner),
        joined('REGEX({},"[0-9]+")', text),
        joined("LUHN({})", text),
        joined('LISTED({},"places",{})', text, number | st.sampled_from(["2021", "2022.9", "2023", "2024", "2030"])),
    ]
    if not where.on_line and not where.in_formula:
        each = booleans(depth - 1, replace(where, on_line=True))
        questions = joined("{}({},{})", st.sampled_from(["FORALL", "ANY"]), LINES, each)
        choices += [questions, questions, joined("AND({},{})", questions, questions)]
    return st.one_of(choices)


@functools.cache
def texts(depth: int, where: Where) -> Expressions:
    leaves = st.sampled_from(["DD.010", "DD.010", '"97411"', '"2024-02-30"', '"20240301"', '"2024-03-01"'])
    if depth == 0:
        return leaves
    inner, number = texts(depth - 1, where), numbers(depth - 1, where)
    return st.one_of(
        leaves,
        joined("({}+{})", inner, inner),
        joined("STR({})", number | dates(depth - 1, where) | booleans(depth - 1, where)),
        joined("LEFT({},{})", inner, number),
        joined("DEPT({})", inner),
        joined("IF({},{},{})", booleans(depth - 1, where), inner, inner),
        joined("IFNULL(DD.010,{})", inner),
    )


@functools.cache
def dates(depth: int, where: Where) -> Expressions:
    leaves = st.sampled_from(["DD.020", "DD.020", 'DATE("2024-01-15")', "DATE(DD.010)"])
    if depth == 0:
        return leaves
    inner = dates(depth - 1, where)
    return st.one_of(
        leaves,
        joined("DATE({})", texts(depth - 1, where)),
        joined("IF({},{},{})", booleans(depth - 1, where), inner, inner),
        joined("IFNULL(DD.020,{})", inner),
    )


ON_LINE = Where(on_line=True)
CONTROLS = st.one_of(
    booleans(3, Where()),
    joined("{}({},{})", st.sampled_from(["FORALL", "ANY"]), LINES, booleans(1, ON_LINE)),
    joined("COUNT({},{})>={}", LINES, booleans(1, ON_LINE), numbers(0, Where())),
    joined("SUM({},{})<={}", LINES, numbers(1, ON_LINE), numbers(0, Where())),
    joined("PREV({})=={}", st.sampled_from(["AA.010", "AA.030.b", "BB.010"]), st.sampled_from(["0", "3", "1.26"])),
)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(CONTROLS, CELLS, CELLS, RESTATED)
def test_controls_agree_with_the_reference(
    expression: str, cells: dict[str, Value], previous: dict[str, Value], restated: set[str]
) -> None:
    form_set = a_package([a_control("C-1", expression)], [])

    [found] = compile_rules(form_set).check(cells, "ER", previous=previous, restated=restated).controls

    expected = ReferenceEvaluator(form_set, cells, previous, restated).control(expression)
    note(str(expected))
    assert found.status == {True: "passed", False: "failed", None: "not_evaluated"}[expected.value]
    assert set(found.missing) == expected.missing
    assert (found.reason == "undefined") == (expected.value is None and not expected.missing)


FORMULA = Where(in_formula=True)
FORMULAS = st.one_of(
    st.tuples(st.just("MS"), numbers(1, FORMULA)),
    st.tuples(st.just("MS"), numbers(3, FORMULA)),
    st.tuples(
        st.just("MS"), joined("{}({},{})", st.sampled_from(["DAYS", "MONTHS"]), dates(1, FORMULA), dates(1, FORMULA))
    ),
    st.tuples(st.just("BOOL"), booleans(3, FORMULA)),
    st.tuples(st.just("TEXT"), texts(3, FORMULA)),
    st.tuples(st.just("DATE"), dates(3, FORMULA)),
)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(FORMULAS, CELLS, st.booleans())
def test_line_formulas_agree_with_the_reference(
    formula: tuple[str, str], cells: dict[str, Value], requires_all: bool
) -> None:
    form_set = a_package([], [a_line("CC.010", *formula, requires_all=requires_all)])

    found = compile_rules(form_set).compute(cells)

    reference = ReferenceEvaluator(form_set, cells, {})
    for address in ("CC.010.n", "CC.010.n1", "AA.090.n"):
        assert found.get(address) == reference.computed(address)
