"""I1: a workbook of 12,000 cells through the walled process, cold and with a spare, beside its bare reader and openpyxl.

Goal: p50 at most 150 ms cold, at most 60 ms with a spare. Prints the figures, then one line of JSON.
"""

import asyncio
import io
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from bench import imports_workload as workload
from services.forms.clients.uploads.spreadsheet_scan import scan


def read_with_openpyxl(content: bytes) -> list[tuple[object, ...]]:
    """Return every value of the first sheet."""
    workbook = load_workbook(io.BytesIO(content), read_only=True)
    return list(workbook.worksheets[0].iter_rows(values_only=True))


def main() -> int:
    """Run, print, return 0 when both goals are met."""
    content = workload.spreadsheet()
    found = asyncio.run(workload.whole_readings(content))
    scanned = workload.median_of(lambda: scan(content))
    bare = workload.median_of(
        lambda: CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    )
    peer = workload.median_of(lambda: read_with_openpyxl(content))
    is_met = found["cold"] <= 150 and found["warm"] <= 60
    print(f"I1  workbook of {workload.cells()} cells, {len(content)} bytes")
    print(f"    with a spare {found['warm']:.1f} ms (goal ≤ 60), cold {found['cold']:.1f} ms (goal ≤ 150)")
    print(f"    at once after another file {found['no spare']:.1f} ms")
    print(f"    of which the scan {scanned:.1f} ms; the bare reader alone {bare:.1f} ms")
    print(f"    {peer / found['warm']:.1f} × faster than openpyxl, read only and without walls ({peer:.1f} ms)")
    print(f"    from nothing {peer / found['cold']:.1f} ×; the bare reader alone {peer / bare:.1f} ×")
    found |= {"scan": scanned, "calamine": bare, "openpyxl": peer}
    print(json.dumps({"figure": "I1", "ms": found, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
