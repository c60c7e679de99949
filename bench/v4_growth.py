"""V4: what growth costs. Rules × 10, lines × 10, cells given a thousand times, sums from 2 to 300 terms.

Goal: time grows by no more than 1.2 times the size, and no number of terms compiles in more than 50 ms. Others blew up: Arelle evaluated 1,953,158 times instead of 29 on duplicated facts, Orbeon
took 7 min 46 s for a sum of 30 terms (performance.md V4). Sizes run in turn, so that a noisy machine slows them alike.
Prints the slopes, then one line of JSON.
"""

import argparse
import gc
import hashlib
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harmonia.types.v1 import types_pb2 as types

from bench import validation_workload as workload
from formsets import FormSet
from formsets.flat_file import read_flat_file
from formsets.formats import read_all
from services.validation.domain.rule_set import RuleSet, compile_rules
from services.validation.rpc.mapping import to_cells

GOAL_RATIO, GOAL_MS = 1.2, 50.0
FACTS = 29
"""Cells of the file whose lines are repeated: the evaluations that Arelle should have done."""
ON_EACH_LINE = "FORALL(AA.*, AND(n>=0, n<=m))"

Runs = Mapping[int, tuple[Callable[[], object], int]]
"""Size → what to run, and how often in a round."""


def uncached(form_set: FormSet) -> RuleSet:
    """Compile as if never seen."""
    return compile_rules.__wrapped__(form_set)


def in_turn(rounds: int, runs: Runs) -> dict[int, float]:
    """Median milliseconds of one run of each size."""
    times: dict[int, list[float]] = {size: [] for size in runs}
    for run, _ in runs.values():
        run()
    gc.disable()
    for _ in range(rounds):
        for size, (run, repeats) in runs.items():
            gc.collect()
            start = time.perf_counter()
            for _ in range(repeats):
                run()
            times[size].append((time.perf_counter() - start) * 1_000 / repeats)
    gc.enable()
    return {size: statistics.median(found) for size, found in times.items()}


def slopes(times: Mapping[int, float]) -> list[float]:
    """Growth of time over growth of size, from each size to the next: 1 is straight."""
    return [times[large] / times[small] / (large / small) for small, large in itertools.pairwise(sorted(times))]


def rules_run(sizes: list[int], rounds: int) -> dict[int, float]:
    """So many rules over the same 5,000 cells."""
    cells = read_all(workload.form_set(1), workload.raw_cells(), 2024)[0]
    sets = {count: uncached(workload.form_set(count)) for count in sizes}
    return in_turn(
        rounds, {n: (partial(rules.check, cells, "ER"), max(1, 5_000 // max(n, 100))) for n, rules in sets.items()}
    )


def rules_compiled(sizes: list[int], rounds: int) -> dict[int, float]:
    """So many rules, from nothing."""
    return in_turn(rounds, {count: (partial(uncached, workload.form_set(count)), 1) for count in sizes})


def lines_run(sizes: list[int], rounds: int, *, state: str) -> dict[int, float]:
    """One control asked of so many lines: it holds on each, or on none, or half of the cells are empty."""
    runs = {}
    for count in sizes:
        rules = uncached(one_control(ON_EACH_LINE, lines=count))
        cells = {f"AA.{line:03}.n": Decimal(5) for line in range(count)}
        if state != "empty":
            cells |= {f"AA.{line:03}.m": Decimal(9 if state == "holds" else 1) for line in range(count)}
        runs[count] = (partial(rules.check, cells, "ER"), max(1, 2_000 // count))
    return in_turn(rounds, runs)


def cells_again(sizes: list[int], rounds: int) -> dict[int, float]:
    """A file in which each cell is given so many times, read and judged."""
    form_set = workload.form_set(FACTS // (workload.TERMS + 1))
    rules = uncached(form_set)
    named = sorted({cell for cells in workload.operands(len(form_set.controls)) for cell in cells})
    named += [f"AD.{line:03}.n" for line in range(FACTS - len(named))]
    lines = [f"{cell.removesuffix('.n')};n;7" for cell in named]

    def judge(content: bytes) -> None:
        file = read_flat_file(content, form_set)
        cells = to_cells(types.Cell(address=entry.address, value=entry.raw) for entry in file.entries)
        report = rules.check(read_all(form_set, cells, 2024)[0], "ER")
        assert (len(file.entries), len(report.controls)) == (FACTS, len(form_set.controls))

    files = {count: "\n".join(["code;colonne;valeur", *lines * count]).encode() for count in sizes}
    return in_turn(rounds, {n: (partial(judge, content), max(1, 100 // n)) for n, content in files.items()})


def sums(sizes: list[int], rounds: int) -> tuple[dict[int, float], dict[int, float]]:
    """One control that adds up so many cells: compiled, less what its form set costs without it; and run."""
    sets = {0: workload.form_set(0)}
    for count in sizes:
        terms = "+".join(f"AA.{line:03}.n" for line in range(count))
        sets[count] = one_control(f"EQ(AB.000.n,{terms},1)")
    compiled = in_turn(rounds, {n: (partial(uncached, form_set), 1) for n, form_set in sets.items()})
    cells = read_all(sets[0], workload.raw_cells(), 2024)[0]
    ran = in_turn(rounds, {n: (partial(uncached(sets[n]).run, "G-0000", cells), 50) for n in sizes})
    return {n: max(compiled[n] - compiled[0], 0.0) for n in sizes}, ran


def one_control(expression: str, lines: int = 1_000) -> FormSet:
    """The workload's forms, with one control; the first form has a second column and so many lines."""
    empty = workload.form_set(0)
    first = replace(empty.forms[0], columns=("n", "m"), lines=empty.forms[0].lines[:lines])
    control = replace(workload.control(0, ("AA.000.n", "AA.000.n")), expression=expression)
    digest = hashlib.sha256(f"{expression} {lines}".encode()).hexdigest()
    return replace(empty, forms=(first, *empty.forms[1:]), controls=(control,), digest=digest)


def main() -> int:
    """Run, print, return 0 when every goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--small", action="store_true", help="tiny sizes: to see that it works")
    arguments = parser.parse_args()
    rounds = arguments.rounds
    rules, lines, copies, terms = [100, 1_000, 10_000], [100, 1_000], [1, 1_000], [2, 30, 300]
    if arguments.small:
        rules, lines, copies, terms = [10, 100], [10, 100], [1, 10], [2, 30]
    times = {
        "rules run": rules_run(rules, rounds),
        "rules compiled": rules_compiled(rules, rounds),
        **{f"lines, {state}": lines_run(lines, rounds, state=state) for state in ("holds", "fails", "empty")},
        "each cell again": cells_again(copies, rounds),
    }
    compiled, ran = sums(terms, rounds)
    ratios = {name: slopes(found) for name, found in times.items()}
    is_met = max(map(max, ratios.values())) <= GOAL_RATIO and max(compiled.values()) <= GOAL_MS
    print(f"V4  growth of time over growth of size (goal ≤ {GOAL_RATIO}), median of {rounds} rounds")
    for name, found in times.items():
        told = ", ".join(f"{size:,}: {found[size]:.2f} ms" for size in sorted(found))
        print(f"    {name:16} {', '.join(f'{ratio:.2f}' for ratio in ratios[name])}   ({told})")
    for count in terms:
        print(
            f"    sum of {count:3} terms  compiles in {compiled[count]:.1f} ms (goal ≤ {GOAL_MS:.0f}), runs in {ran[count]:.3f} ms"
        )
    result = {"ms": times, "ratios": ratios, "compiled_ms": compiled, "run_ms": ran}
    print(json.dumps({"figure": "V4", **result, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
