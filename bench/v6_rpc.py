"""V6: one filing of 100 kB judged through gRPC, twenty a second, beside an echo of the same size on the same channel.

Goal: at most 20 ms at the median, 60 ms at the 99th percentile. The filing is the example OPH; its
cells are repeated until the request weighs 100 kB (the last of an address counts). One worker process, as by default.
Times run from when a call was due, so that a queue is seen.
The same with the year before beside it is shown, without a goal of its own. Prints the figures, then one line of JSON.
"""

import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import grpc
from harmonia.types.v1 import types_pb2 as types
from harmonia.validation.v1 import validation_pb2 as pb

import formsets
from formsets.values import written
from services.validation.clients.pooled_engine import PooledEngine
from services.validation.rpc.servicer import ValidationServicer
from services.validation.service import wire
from services.validation.usecases.recent_reports import RecentReports
from tests.support.form_sets import sample_cells
from tests.support.hosting import a_stack
from tests.support.validation_fakes import InMemoryJustifications, Transmitted

SIZE = 100_000
PER_SECOND = 20
SECONDS = 10
GOAL_MS = {"p50": 20.0, "p99": 60.0}


def er_cells(nature: str) -> list[types.Cell]:
    """Those of the example's ER that are typed, or computed."""
    form_set = formsets.load("2024.1")
    return [
        types.Cell(address=address, value=written(value))
        for address, value in sample_cells(nature).items()
        if form_set.document_of(address) == "ER"
    ]


def a_request(*, has_previous: bool = False) -> pb.EvaluateFilingRequest:
    """The ER of the example, brought to a hundred thousand bytes."""
    cells = er_cells("saisie")
    request = pb.EvaluateFilingRequest(
        form_set="2024.1", document=types.DOCUMENT_ER, cells=cells, has_previous=has_previous
    )
    if has_previous:
        request.previous.extend(cells)
        # A filing of the year before comes with its computed cells.
        request.previous.extend(er_cells("calcul"))
    while request.ByteSize() < SIZE:
        request.cells.extend(cells)
    del request.cells[len(request.cells) - (request.ByteSize() - SIZE) // (request.ByteSize() // len(request.cells)) :]
    return request


async def paced(call: Callable[[], Awaitable[Any]]) -> list[float]:
    """Call at a fixed pace whatever the answers take, and return milliseconds from when each was due."""
    started = time.perf_counter()

    async def one(number: int) -> float:
        due = started + number / PER_SECOND
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        await call()
        return (time.perf_counter() - due) * 1_000

    return await asyncio.gather(*(one(number) for number in range(PER_SECOND * SECONDS)))


def echoing() -> grpc.GenericRpcHandler:
    """A method that gives its bytes back."""

    async def echo(request: bytes, context: Any) -> bytes:
        return request

    return grpc.method_handlers_generic_handler("bench.Echo", {"Echo": grpc.unary_unary_rpc_method_handler(echo)})


async def measured() -> dict[str, dict[str, float]]:
    """Milliseconds of both calls, in turn."""
    from harmonia.validation.v1 import validation_pb2_grpc as pb_grpc

    engine = PooledEngine(1, 20.0)
    use = wire(InMemoryJustifications(), engine, Transmitted(), formsets, a_stack(), RecentReports(8))
    server = grpc.aio.server()
    pb_grpc.add_ValidationServiceServicer_to_server(ValidationServicer(use), server)
    server.add_generic_rpc_handlers((echoing(),))
    request = a_request()
    with_previous = a_request(has_previous=True)
    raw = request.SerializeToString()
    with tempfile.TemporaryDirectory(prefix="h-") as folder:
        address = f"unix:{folder}/bench.sock"
        server.add_insecure_port(address)
        await server.start()
        async with grpc.aio.insecure_channel(address) as channel:
            stub = pb_grpc.ValidationServiceStub(channel)
            echo: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/bench.Echo/Echo")
            for _ in range(20):
                await stub.EvaluateFiling(request)
                await echo(raw)
            gc.collect()
            gc.freeze()  # as a node does once it is ready
            found = {
                "echo": quantiles(await paced(lambda: echo(raw))),
                "harmonia": quantiles(await paced(lambda: stub.EvaluateFiling(request))),
                "with N-1": quantiles(await paced(lambda: stub.EvaluateFiling(with_previous))),
            }
        await server.stop(0)
    await asyncio.to_thread(engine.close)
    return found


def quantiles(times: list[float]) -> dict[str, float]:
    """The two that the goal is about."""
    return {"p50": statistics.median(times), "p99": statistics.quantiles(times, n=100)[98]}


def main() -> int:
    """Run, print, return 0 when both goals are met."""
    found = asyncio.run(measured())
    print(f"V6  {SIZE // 1_000} kB through gRPC, {PER_SECOND}/s for {SECONDS} s")
    for name, times in found.items():
        print(f"    {name:9} p50 {times['p50']:6.1f} ms, p99 {times['p99']:6.1f} ms")
    is_met = all(found["harmonia"][name] <= goal for name, goal in GOAL_MS.items())
    of_echo = found["harmonia"]["p50"] / found["echo"]["p50"]
    print(f"    {of_echo:.1f} × the echo at the median (goals: p50 ≤ 20 ms, p99 ≤ 60 ms)")
    print(json.dumps({"figure": "V6", "ms": found, "of_echo": of_echo, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
