"""A form set with a rule that is stopped by its budget, and a filing of it judged in a worker process."""

import os
import time
from decimal import Decimal
from typing import NamedTuple

from formsets import FormSet
from formsets.values import Value
from services.validation.domain.evaluator import Budget
from services.validation.domain.rule_set import compile_rules
from tests.support.form_sets import a_control, a_line, one_form

LINES = 300
FIVES: dict[str, Value] = {f"AA.{number:03d}.n": Decimal(5) for number in range(LINES)}


def a_pathological_form_set() -> FormSet:
    """One rule that asks for more steps than its budget has, and one that any filing of fives passes."""
    per_line = Budget().steps // LINES + 50
    costly = f"COUNT(AA.*, {'+'.join(['n'] * per_line)}>0)>=0"
    lines = [a_line(f"AA.{number:03d}", "MS") for number in range(LINES)]
    return one_form(lines, [a_control("C-01", costly), a_control("C-02", "AA.010==5")])


class Judged(NamedTuple):
    """A filing judged so many times over."""

    process: int
    seconds: float
    """Processor time of one judgement: what a filing that waits for this worker waits for, on a machine of its own."""
    outcomes: list[tuple[str, str]]
    """Status and reason of each control."""


def judge_pathological(times: int) -> Judged:
    """Judge a filing in this process; the form set is compiled once for all."""
    rules = compile_rules(a_pathological_form_set())
    began = time.process_time()
    for _ in range(times):
        report = rules.check(FIVES, "ER")
    seconds = (time.process_time() - began) / times
    return Judged(os.getpid(), seconds, [(control.status, control.reason) for control in report.controls])
