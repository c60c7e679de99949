"""M2: five stacks cold to the first accepted filing; and M1: idle memory of each stack. Goal: ≤ 120 s; ≤ 1.5 GB a stack.

Starts the whole demonstration in a fresh folder, imports and signs one ER through the command line's interface, and
prints one JSON line. One cold start a run; the median of several is taken by running it several times (`--runs`).
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from rich.console import Console

from demo.federation import SAMPLE_OPH, YEAR, federation
from demo.story import Teller

IDLE_SECONDS = 5.0


def cold_start(folder: Path, port: int) -> dict[str, object]:
    """Return seconds to ready, to the first signed filing, and memory by stack in MiB (proportional set size)."""
    servers = federation(folder, port)
    began = time.perf_counter()
    environment = {**os.environ, "DEMO_FOLDER": str(folder), "DEMO_PORT": str(port)}
    demo = subprocess.Popen([sys.executable, "-m", "demo"], env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "Ctrl-C" in line:
                break
        ready = time.perf_counter() - began
        teller = Teller(servers, Console(quiet=True), folder)
        accountant = teller.terminal("MIN", "comptable.oph")
        opened = accountant.ask("open", "ER", "--year", str(YEAR), "--body", "000000018")
        filing = opened["filing"]["identity"]["filing_id"]
        accountant.ask("import", filing, str(SAMPLE_OPH), "--confirm")
        accountant.ask("move", filing, "3")
        teller.sign("3", "MIN", "oph", filing)
        filed = time.perf_counter() - began
        time.sleep(IDLE_SECONDS)
        memory = {server.name: round(_memory(server.folder)) for server in servers}
        return {"ready_s": round(ready, 1), "filed_s": round(filed, 1), "memory_mib": memory}
    finally:
        demo.send_signal(signal.SIGINT)
        demo.wait(60)


def _memory(folder: Path) -> float:
    """Return the proportional memory of a stack: its node, its workers, its PostgreSQL and its Valkey, in MiB."""
    total = 0
    for process in psutil.process_iter(["pid"]):
        try:
            text = " ".join(process.cmdline()) + " " + process.environ().get("HARMONIA_DATA_FOLDER", "") + process.cwd()
            if str(folder) in text:
                total += process.memory_full_info().pss
        except (psutil.Error, OSError):
            continue
    return total / 2**20


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--port", type=int, default=8600)
    arguments = parser.parse_args()
    runs = []
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory(prefix="m2-", ignore_cleanup_errors=True) as folder:
            runs.append(cold_start(Path(folder), arguments.port))
    filed = statistics.median(float(str(run["filed_s"])) for run in runs)
    print(json.dumps({"metric": "M2", "median_s": filed, "goal_s": 120, "ratio": round(filed / 120, 2), "runs": runs}))


if __name__ == "__main__":
    main()
