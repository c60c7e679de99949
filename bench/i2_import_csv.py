"""I2: a CSV of 12,000 cells, read in this process and through the walled one, beside the csv module.

Goal: at most 15 ms with a spare ready. Prints the figures, then one line of JSON.
"""

import asyncio
import csv
import io
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import formsets
from bench import imports_workload as workload
from formsets.flat_file import read_flat_file


def main() -> int:
    """Run, print, return 0 when the goal is met."""
    content = workload.csv_file()
    form_set = formsets.load(workload.VERSION)
    form_set.has_cell("")
    read = workload.median_of(lambda: read_flat_file(content, form_set))
    floor = workload.median_of(lambda: list(csv.reader(io.StringIO(content.decode()), delimiter=";")))
    found = asyncio.run(workload.whole_readings(content))
    is_met = found["warm"] <= 15
    print(f"I2  CSV of {workload.cells()} cells, {len(content)} bytes")
    print(f"    with a spare {found['warm']:.1f} ms (goal ≤ 15), cold {found['cold']:.1f} ms")
    print(f"    at once after another file {found['no spare']:.1f} ms")
    print(f"    the reading alone {read:.1f} ms, csv module {floor:.1f} ms")
    found |= {"read": read, "csv": floor}
    print(json.dumps({"figure": "I2", "ms": found, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
