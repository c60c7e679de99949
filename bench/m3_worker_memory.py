"""M3: idle memory of the validation service run alone, and of its worker process, once both have judged filings.

Goal: at most 120 MB each (resident). The real service is started as in a cluster: alone, its database elsewhere and
migrated. It judges the example twenty times under each form set shipped, so that all rules are compiled; then it is
left alone. The proportional share, where what processes share is divided among them, is shown beside. Prints the
figures, then one line of JSON.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psutil
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb
from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

import formsets
from chassis.peers import Peers
from formsets.values import written
from node.embedded import socket_folder
from tests.support.form_sets import sample_cells
from tests.support.postgres import test_database

GOAL_MB = 120.0
EVALUATIONS = 20
IDLE_SECONDS = 5.0


async def judge(socket: Path) -> None:
    """Have filings judged under every form set."""
    cells = [types.Cell(address=address, value=written(value)) for address, value in sample_cells("saisie").items()]
    async with Peers("forms", f"unix:{socket}") as peers:
        stub: pb_grpc.ValidationServiceAsyncStub = pb_grpc.ValidationServiceStub(peers.channel("validation"))
        for version in formsets.available():
            form_set = formsets.load(version)
            own = [cell for cell in cells if form_set.has_cell(cell.address) and cell.address[0] != "Q"]
            for _ in range(EVALUATIONS):
                asked = pb.EvaluateFilingRequest(form_set=version, document=types.DOCUMENT_ER, cells=own)
                await stub.EvaluateFiling(asked)


def memory_of(process: psutil.Process) -> dict[str, float]:
    """Resident and proportional megabytes."""
    found = process.memory_full_info()
    return {"resident": round(found.rss / 1e6, 1), "proportional": round(found.pss / 1e6, 1)}


def measured(folder: Path, database_url: str) -> dict[str, dict[str, float]]:
    """Memory of the service and of each of its workers, idle."""
    environment = {
        **os.environ,
        "HARMONIA_DATA_FOLDER": str(folder),
        "HARMONIA_REDIS_URL": "redis://127.0.0.1:1",  # which validation never calls
        "VALIDATION_DATABASE__URL": database_url,
    }
    command = [sys.executable, "-m", "services.validation"]
    service = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout is not None
        if "ready" not in service.stdout.readline():
            raise SystemExit("The validation service did not start.")
        started = psutil.Process(service.pid)
        found = {"service, just started": memory_of(started)}
        asyncio.run(judge(socket_folder(folder) / "validation.sock"))
        time.sleep(IDLE_SECONDS)
        found["service"] = memory_of(started)
        workers = [child for child in started.children() if "spawn_main" in " ".join(child.cmdline())]
        for number, worker in enumerate(workers, start=1):
            found[f"worker {number}"] = memory_of(worker)
        assert workers, "No worker is there."
        return found
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(60)


async def beside_a_database() -> dict[str, dict[str, float]]:
    """Have a migrated database somewhere, and measure."""
    with tempfile.TemporaryDirectory(prefix="m3-", ignore_cleanup_errors=True) as folder:
        async with test_database(Path(folder)) as database:
            url = await asyncio.to_thread(database.fresh, "validation")
            (Path(folder) / "service").mkdir()
            return await asyncio.to_thread(measured, Path(folder) / "service", url)


def main() -> int:
    """Run, print, return 0 when the goal is met."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    found = asyncio.run(beside_a_database())
    is_met = all(memory["resident"] <= GOAL_MB for memory in found.values())
    print(
        f"M3  idle memory of the validation service, {len(formsets.available())} form sets compiled (goal ≤ {GOAL_MB:.0f} MB)"
    )
    for name, memory in found.items():
        print(f"    {name:21} resident {memory['resident']:6.1f} MB, proportional {memory['proportional']:6.1f} MB")
    print(json.dumps({"figure": "M3", "mb": found, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
