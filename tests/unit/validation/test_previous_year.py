"""Controls that read the filing of the year before: H-01, H-08, H-09, H-12, H-14, H-15."""

import functools
import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import formsets
from formsets.values import Value, parse, written
from services.validation.domain.evaluation import evaluate
from services.validation.domain.evaluator import Evaluation
from services.validation.domain.past import operands_of
from services.validation.domain.rule_set import RuleSet, compile_rules
from services.validation.domain.verdict import ControlResult, Report
from synthetic import FAMILIES, Filing, series
from tests.support.form_sets import a_control, a_form, a_form_set, a_line, one_form

READING_N1 = ("H-01", "H-08", "H-09", "H-12", "H-14", "H-15")


def rules_of(filing: Filing) -> RuleSet:
    return compile_rules(formsets.load(filing.form_set))


def typed(filing: Filing) -> dict[str, Value]:
    form_set = formsets.load(filing.form_set)
    return {address: parse(text, form_set.cell_type(address)) for address, text in filing.cells.items()}


@functools.cache
def two_years() -> tuple[Report, dict[str, Value], RuleSet]:
    """The report of 2023, the typed cells of 2024 and their rules."""
    before, after = series("OPH", 5, (2023, 2024))
    return rules_of(before).check(typed(before), "whole"), typed(after), rules_of(after)


def result(control: str, changes: dict[str, Value | None], restated: tuple[str, ...] = ()) -> ControlResult:
    before, cells, rules = two_years()
    changed = {address: value for address, value in {**cells, **changes}.items() if value is not None}
    report = rules.check(changed, "ER", previous=before.cells, restated=restated)
    return next(r for r in report.controls if r.id == control)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_years_of_a_sound_body_hold_together(family: str) -> None:
    filings = series(family, 9, range(2021, 2028))
    reports = [rules_of(filing).check(typed(filing), "whole") for filing in filings]

    for before, filing in itertools.pairwise(zip(reports, filings, strict=True)):
        report = rules_of(filing[1]).check(typed(filing[1]), "whole", previous=before[0].cells)
        assert report.not_applicable == ()
        assert [r.id for r in report.controls if r.status != "passed"] == []
        assert len(report.controls) == 125


def test_without_a_previous_filing_they_are_not_applicable() -> None:
    _, cells, rules = two_years()

    report = rules.check(cells, "ER")

    assert report.not_applicable == READING_N1
    assert not {r.id for r in report.controls} & set(READING_N1)


def test_h_01_names_the_lines_that_differ_and_no_other() -> None:
    found = result("H-01", {"BA.140.n1": Decimal(1), "CP.130.n1": Decimal(2)})

    assert found.status == "failed"
    assert found.severity == "T"
    assert found.cells == ("BA.140.n1", "CP.130.n1")
    assert {operand for operand, _ in found.operands} >= {"PREV(BA.140.net)", "PREV(CP.130.n)"}


def test_h_01_accepts_what_is_restated_on_purpose() -> None:
    assert result("H-01", {"BA.140.n1": Decimal(1)}, restated=("BA.140.n1",)).status == "passed"
    assert result("H-01", {"BA.140.n1": Decimal(1)}, restated=("BA.150.n1",)).status == "failed"


def test_h_01_reads_the_columns_of_two_years_before() -> None:
    assert result("H-01", {"AF.140.n2": Decimal(1)}).cells == ("AF.140.n2",)
    assert result("H-01", {"AF.190.n": Decimal(1)}).cells == ("AF.190.n",)


@pytest.mark.parametrize(("control", "address"), [("H-08", "BP.110.n"), ("H-09", "BP.090.n"), ("H-12", "PR.120.debut")])
def test_what_was_voted_or_closed_opens_the_next_year(control: str, address: str) -> None:
    _, cells, _ = two_years()
    value = cells[address]
    assert isinstance(value, Decimal)

    assert result(control, {}).status == "passed"
    assert result(control, {address: value + 1}).status == "failed"


def test_h_14_sees_a_line_forgotten_and_a_line_that_appears() -> None:
    forgotten = result("H-14", {"CC.510.nr": Decimal(0)})
    appeared = result("H-14", {"CP.150.n": None, "CP.160.n": Decimal(10**9)})

    assert forgotten.cells == ("CC.510.tot", "CC.900.tot")
    assert "CP.160.n" in appeared.cells


def test_h_15_sees_the_figures_of_the_year_before_typed_again() -> None:
    before, cells, _ = two_years()
    copied = {address: before.cells[address] for address in cells if address[:2] in {"BA", "BP", "CC", "CP"}}

    assert result("H-15", copied).status == "failed"


def test_a_missing_cell_of_the_previous_filing_is_named() -> None:
    before, cells, rules = two_years()
    previous = {address: value for address, value in before.cells.items() if address != "AR.090.n"}

    report = rules.check(cells, "ER", previous=previous)

    found = next(r for r in report.controls if r.id == "H-08")
    assert (found.status, found.missing) == ("not_evaluated", ("PREV(AR.090.n)",))


def test_one_change_is_checked_again_against_the_same_previous_filing() -> None:
    before, cells, rules = two_years()
    report = rules.check(cells, "ER", previous=before.cells)

    again = rules.recheck(report, {"BP.110.n": Decimal(1)})

    full = rules.check({**cells, "BP.110.n": Decimal(1)}, "ER", previous=before.cells)
    assert again.controls == full.controls
    assert rules.judge(again, ()).controls == full.controls


def test_the_whole_evaluation_takes_the_previous_filing_in_written_form() -> None:
    before, cells, rules = two_years()
    form_set = rules.form_set
    previous = {a: written(v, form_set.cell_type(a)) for a, v in before.cells.items()} | {"ZZ.999.n": "1"}

    found = evaluate(rules, "ER", {a: written(v) for a, v in cells.items()}, previous=previous)

    assert {f.control: f.status for f in found.findings if f.control in READING_N1} == dict.fromkeys(
        READING_N1, "passed"
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("PREV(AA.010)==7", "passed"),
        ("PREV(AA.020)==7", "not_evaluated"),
        ("IFNULL(PREV(AA.020),3)==3", "passed"),
        ("AA.010==PREV(AA.010.n)-2", "passed"),
        ("RESTATED(AA.010)", "passed"),
        ("RESTATED(AA.020)", "failed"),
        ("COUNT(AA.*, n>0)==1", "passed"),
        ("COUNT(AA.010:AA.010, n>0)==1", "passed"),
        ("COUNT(AA.*, IFNULL(n,0)>0)==1", "passed"),
        ("ANY(AA.*, n==5)", "passed"),
        ("ANY(AA.*, n==6)", "failed"),
        ("ANY(AA.020:AA.020, n==6)", "not_evaluated"),
        ("FORALL(AA.020:AA.020, IFNULL(n,0)==0)", "not_evaluated"),
        ("FORALL(AA.010:AA.020, IFNULL(n,0)<9)", "passed"),
        ("COUNT(AA.020:AA.020, ISNULL(n))==0", "passed"),
        ("SUM(AA.010:AA.020)==5", "not_evaluated"),
        ("SUM(AA.010:AA.010)==5", "passed"),
        ("SUM(AA.*, IFNULL(n,1)*2)==12", "passed"),
        ("IFNULL(AA.010,1)==5 and IFNULL(AA.020,1)==1", "passed"),
    ],
)
def test_the_semantics_of_the_previous_year_and_of_lines(expression: str, expected: str) -> None:
    rules = compile_rules(one_form([a_line("AA.010"), a_line("AA.020")], [a_control("C-1", expression)]))
    cells: dict[str, Value] = {"AA.010.n": Decimal(5)}

    report = rules.check(cells, "ER", previous={"AA.010.n": Decimal(7)}, restated=("AA.010.n",))

    found = report.controls[0].status
    evaluated = rules.run("C-1", cells, {"AA.010.n": Decimal(7)}, ("AA.010.n",)).status
    assert found == evaluated == expected


def test_only_lines_that_fail_are_shown_and_an_empty_line_is_asked_nothing() -> None:
    lines = [a_line("AA.010"), a_line("AA.020"), a_line("AA.030")]
    rules = compile_rules(one_form(lines, [a_control("C-1", "FORALL(AA.*, IFNULL(n,0)>3)")]))

    [found] = rules.check({"AA.010.n": Decimal(5), "AA.020.n": Decimal(2)}, "ER").controls

    assert (found.status, found.cells, found.operands) == ("failed", ("AA.020.n",), (("AA.020.n", Decimal(2)),))


def test_a_sum_over_lines_in_a_formula_reads_empty_lines_as_zero() -> None:
    lines = [a_line("AA.010"), a_line("AA.020"), a_line("AA.090", formula="SUM(AA.010:AA.020)")]

    computed = compile_rules(one_form(lines)).compute({"AA.020.n": Decimal(3)})

    assert computed == {"AA.090.n": Decimal(3)}


def test_a_question_over_lines_leaves_computed_totals_out() -> None:
    form = a_form("AA", [a_line("AA.010"), a_line("AA.090", formula="AA.010*2")], columns=("n", "n1"))
    open_total = a_form_set([form], [a_control("C-1", "COUNT(AA.*, n>0)==1")])

    assert compile_rules(open_total).check({"AA.010.n": Decimal(1)}, "ER").controls[0].status == "passed"


_PREDICATES = st.sampled_from(
    ["n>0", "n==PREV(n)", "IFNULL(n,0)>0", "OR(RESTATED(n), n<1)", "ISNULL(n)", "IFNULL(n,1)==IFNULL(PREV(n),1)"]
)
_QUESTIONS = st.one_of(
    _PREDICATES.map(lambda p: f"FORALL(AA.*, {p})"),
    _PREDICATES.map(lambda p: f"AND(FORALL(AA.010:AA.020, {p}), FORALL(AA.020:AA.030, n<2))"),
    _PREDICATES.map(lambda p: f"ANY(AA.010:AA.020, {p})"),
    _PREDICATES.map(lambda p: f"COUNT(AA.*, {p})>=1"),
    _PREDICATES.map(lambda p: f"NOT(COUNT(AA.*, {p})==2)"),
)
_FILLED = st.dictionaries(
    st.sampled_from(["AA.010.n", "AA.020.n", "AA.030.n"]), st.integers(-1, 2).map(Decimal), max_size=3
)


@settings(deadline=None)  # a busy machine compiles slowly
@given(_QUESTIONS, _FILLED, _FILLED, st.sets(st.sampled_from(["AA.010.n", "AA.020.n"])))
def test_compiled_questions_over_lines_agree_with_the_evaluator(
    expression: str, cells: dict[str, Value], previous: dict[str, Value], restated: set[str]
) -> None:
    form_set = one_form(
        [a_line("AA.010", "MS"), a_line("AA.020", "MS"), a_line("AA.030", "MS")], [a_control("C-1", expression)]
    )
    rules = compile_rules(form_set)

    found = rules.check(cells, "ER", previous=previous, restated=restated).controls[0].status

    operands = {**cells, **operands_of(form_set, previous, restated)}
    value = Evaluation(operands).value(rules._rules["C-1"].node)
    assert found == {True: "passed", False: "failed", None: "not_evaluated"}[value]
    assert (
        rules.run("C-1", cells, previous, restated)
        == rules.check(cells, "ER", previous=previous, restated=restated).controls[0]
    )
