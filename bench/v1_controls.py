"""V1: a full control run, 5,000 cells × 1,000 rules plus format, beside compiled Python, two engines of CEL and Arelle's formulas.

Goals: at most 3 × the hand-written floor, at least 100 × faster than cel-python, 1.5 × than CEL in Rust and 350 × than the formula
phase of Arelle. The peers are given numbers: no format to check, no message to build. CEL in Rust and Arelle run in processes of
their own and measure themselves. `--peers floor cel` leaves the others out. Prints ratios, then one line of JSON.
"""

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import validation_workload as workload
from bench.peers import Peer, peer_python
from formsets.formats import read_all
from services.validation.domain.rule_set import compile_rules

GOALS = {"cel": 100.0, "cel_rust": 1.5, "arelle": 350.0}
"""Peer → how many times faster a run is to be; the floor is the other way round."""
MOST_OF_FLOOR = 3.0
NAMES = {"cel": "cel-python", "cel_rust": "CEL in Rust", "arelle": "Arelle's formula phase"}

CEL_RUST = """
import json, sys, time
import cel
work = json.loads(sys.stdin.readline())
programs = [cel.compile(text) for text in work["texts"]]
contexts = work["contexts"]
def run():
    return [program.execute(context) for program, context in zip(programs, contexts)]
print(json.dumps(run()), flush=True)
for _ in sys.stdin:
    began = time.perf_counter()
    run()
    print((time.perf_counter() - began) * 1000, flush=True)
"""


def main() -> int:
    """Run, print, return 0 when every goal that was asked about is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", nargs="*", choices=["floor", *GOALS], default=["floor", *GOALS])
    arguments = parser.parse_args()
    form_set, cells = workload.form_set(), workload.raw_cells()
    rules = compile_rules(form_set)

    def candidate() -> object:
        values, problems = read_all(form_set, cells, 2024)
        return rules.check(values, "ER", has_refusals=bool(problems))

    report = rules.check(read_all(form_set, cells, 2024)[0], "ER")
    holds = [result.status == "passed" for result in report.controls]
    runs: dict[str, tuple[Callable[[], object], int]] = {"harmonia": (candidate, 5)}
    timed: dict[str, Callable[[], float]] = {}
    with ExitStack() as processes:
        if "floor" in arguments.peers:
            floor = workload.floor(cells)
            assert floor() == holds
            runs["floor"] = (floor, 5)
        if "cel" in arguments.peers:
            runs["cel"] = (workload.cel(cells), 1)
        if "cel_rust" in arguments.peers:
            command = [str(peer_python("bench-cel.txt")), "-c", CEL_RUST]
            rust = processes.enter_context(Peer(command, workload.cel_rust(cells)))
            assert rust.found == holds, "CEL in Rust does not find the same rules failing."
            timed["cel_rust"] = rust.milliseconds
        if "arelle" in arguments.peers:
            command = [sys.executable, str(Path(__file__).with_name("arelle_formulas.py"))]
            work = {"rules": workload.operands(), "cells": cells}
            arelle = processes.enter_context(Peer(command, work))
            assert arelle.found == holds, "Arelle does not find the same rules failing."
            timed["arelle"] = arelle.milliseconds
        found = workload.medians(arguments.rounds, timed, **runs)
    return told(found, failed=holds.count(False), rounds=arguments.rounds)


def told(found: dict[str, float], failed: int, rounds: int) -> int:
    """Print the figures; return 0 when every goal is met."""
    print(f"V1  {workload.CELLS} cells, {workload.RULES} rules and format, {failed} failing, median of {rounds} rounds")
    for name, value in found.items():
        print(f"    {name:9} {value:9.2f} ms")
    are_met = []
    ratios = {}
    if "floor" in found:
        ratios["floor"] = found["harmonia"] / found["floor"]
        are_met.append(ratios["floor"] <= MOST_OF_FLOOR)
        print(f"    {ratios['floor']:.2f} × the floor (goal ≤ {MOST_OF_FLOOR:g})")
    for name in (name for name in GOALS if name in found):
        ratios[name] = found[name] / found["harmonia"]
        are_met.append(ratios[name] >= GOALS[name])
        print(f"    {ratios[name]:.1f} × faster than {NAMES[name]} (goal ≥ {GOALS[name]:g})")
    is_met = all(are_met)
    print(json.dumps({"figure": "V1", "ms": found, "ratios": ratios, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
