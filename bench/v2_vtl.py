"""V2: the rules of V1 written as a VTL hierarchical ruleset and run by vtlengine, against the full control run.

Goal: at least 5,000 times faster. Both must find the same rules failing. vtlengine takes about a minute a run: it runs
once (`--rounds` for more), between two series of the candidate. It lives in an environment of its own, made on first
use from requirements/bench.txt under .cache/ (460 MB), so that nothing of it comes near the product. Prints the ratio,
then one line of JSON.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import validation_workload as workload
from bench.peers import peer_python
from formsets.formats import read_all
from services.validation.domain.rule_set import compile_rules

GOAL = 5_000
REPEATS = 20

PEER = """
import json, sys, time
import pandas, vtlengine
asked = json.load(sys.stdin)
structure = {"datasets": [{"name": "DS_1", "DataStructure": [
    {"name": "Id_1", "type": "String", "role": "Identifier", "nullable": False},
    {"name": "Me_1", "type": "Number", "role": "Measure", "nullable": True},
]}]}
cells = pandas.DataFrame({"Id_1": list(asked["cells"]), "Me_1": list(asked["cells"].values())})
began = time.perf_counter()
found = vtlengine.run(script=asked["script"], data_structures=structure, datapoints={"DS_1": cells})
seconds = time.perf_counter() - began
rows = found["DS_r"].data
holds = {rule: bool(is_true) for rule, is_true in zip(rows["ruleid"], rows["bool_var"])}
print(json.dumps({"seconds": seconds, "holds": holds, "version": vtlengine.__version__}))
"""


def vtl_script(rules: int) -> str:
    """The rules as a hierarchical ruleset; a code of VTL has no point in it."""
    lines = [
        f"R{number}: {vtl_code(total)} = {' + '.join(map(vtl_code, terms))}"
        for number, (total, *terms) in enumerate(workload.operands(rules))
    ]
    ruleset = ";\n".join(lines)
    return (
        f"define hierarchical ruleset HR (variable rule Id_1) is\n{ruleset}\nend hierarchical ruleset;\n"
        "DS_r <- check_hierarchy(DS_1, HR rule Id_1 non_null all);\n"
    )


def vtl_code(address: str) -> str:
    """`AA.001.n` as `AA_001`."""
    return address.removesuffix(".n").replace(".", "_")


def main() -> int:
    """Run, print, return 0 when the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--rules", type=int, default=workload.RULES)
    arguments = parser.parse_args()
    python = peer_python()
    form_set, cells = workload.form_set(arguments.rules), workload.raw_cells()
    rules = compile_rules(form_set)
    asked = json.dumps(
        {"script": vtl_script(arguments.rules), "cells": {vtl_code(a): float(v) for a, v in cells.items()}}
    )
    ours, peers = [], []

    def run_ours() -> None:
        for _ in range(REPEATS):
            start = time.perf_counter()
            values, problems = read_all(form_set, cells, 2024)
            report = rules.check(values, "ER", has_refusals=bool(problems))
            ours.append((time.perf_counter() - start) * 1_000)
        outcomes.append({f"R{number}": result.status == "passed" for number, result in enumerate(report.controls)})

    outcomes: list[dict[str, bool]] = []
    for _ in range(arguments.rounds):
        run_ours()
        answer = subprocess.run([str(python), "-c", PEER], input=asked, capture_output=True, text=True, check=True)
        found = json.loads(answer.stdout.splitlines()[-1])
        peers.append(found["seconds"] * 1_000)
        run_ours()
        assert outcomes[-1] == found["holds"], "The two engines do not find the same rules failing."
    candidate, peer = statistics.median(ours), statistics.median(peers)
    ratio = peer / candidate
    print(f"V2  {arguments.rules} rules over {workload.CELLS} cells and format, beside vtlengine {found['version']}")
    print(
        f"    harmonia {candidate:.2f} ms, vtlengine {peer / 1_000:.1f} s ({len(peers)} run): {ratio:,.0f} × faster (goal ≥ {GOAL:,})"
    )
    print(
        json.dumps(
            {"figure": "V2", "ms": {"harmonia": candidate, "vtlengine": peer}, "ratio": ratio, "is_met": ratio >= GOAL}
        )
    )
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
