"""V3: one changed cell, against the full run of V1. Goal: at most a tenth. Prints the ratio, then one line of JSON."""

import json
import sys
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import validation_workload as workload
from formsets.formats import read, read_all
from services.validation.domain.rule_set import compile_rules


def main() -> int:
    """Run, print, return 0 when the goal is met."""
    form_set = workload.form_set()
    cells = workload.raw_cells()
    rules = compile_rules(form_set)
    before = rules.check(read_all(form_set, cells, 2024)[0], "ER")
    address = workload.operands()[500][1]

    def full() -> object:
        return rules.check(read_all(form_set, cells, 2024)[0], "ER")

    def one_cell() -> object:
        reading = read(form_set, address, "1234567", 2024)
        return rules.recheck(before, {address: reading.value})

    changed = rules.recheck(before, {address: Decimal(1234567)})
    assert changed.controls == rules.check({**before.cells, address: Decimal(1234567)}, "ER").controls
    found = workload.medians(7, full=(full, 5), one_cell=(one_cell, 50))
    ratio = found["one_cell"] / found["full"]
    print(f"V3  one cell of {workload.CELLS} changed, {workload.RULES} rules, median of 7 rounds")
    print(f"    full {found['full']:.2f} ms, one cell {found['one_cell']:.3f} ms: {ratio:.3f} of V1 (goal ≤ 0.1)")
    print(json.dumps({"figure": "V3", "ms": found, "ratio": ratio, "is_met": ratio <= 0.1}))
    return 0 if ratio <= 0.1 else 1


if __name__ == "__main__":
    sys.exit(main())
