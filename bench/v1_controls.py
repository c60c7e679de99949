"""V1: a full control run, 5,000 cells × 1,000 rules plus format, against compiled Python and cel-python.

Goal: at most 3 × the hand-written floor, at least 100 × faster than cel-python. Prints ratios, then one line of JSON.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import validation_workload as workload
from formsets.formats import read_all
from services.validation.domain.rule_set import compile_rules


def main() -> int:
    """Run, print, return 0 when both goals are met."""
    form_set = workload.form_set()
    cells = workload.raw_cells()
    rules = compile_rules(form_set)

    def candidate() -> object:
        values, problems = read_all(form_set, cells, 2024)
        return rules.check(values, "ER", has_refusals=bool(problems))

    floor = workload.floor(cells)
    report = rules.check(read_all(form_set, cells, 2024)[0], "ER")
    assert [result.status == "passed" for result in report.controls] == floor()
    found = workload.medians(7, harmonia=(candidate, 5), floor=(floor, 5), cel=(workload.cel(cells), 1))
    of_floor = found["harmonia"] / found["floor"]
    over_cel = found["cel"] / found["harmonia"]
    failed = len(report.with_status("failed"))
    print(f"V1  {workload.CELLS} cells, {workload.RULES} rules and format, {failed} failing, median of 7 rounds")
    for name, value in found.items():
        print(f"    {name:9} {value:9.2f} ms")
    print(f"    {of_floor:.2f} × the floor (goal ≤ 3), {over_cel:.0f} × faster than cel-python (goal ≥ 100)")
    is_met = of_floor <= 3 and over_cel >= 100
    print(json.dumps({"figure": "V1", "ms": found, "of_floor": of_floor, "over_cel": over_cel, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
