"""The files of I1 to I3: the worked example with seven columns of the user's own, 1,190 lines of ten cells."""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable

from services.forms.clients.uploads.pool import ReaderProcesses
from tests.support.form_sets import SAMPLE
from tests.support.workbooks import a_workbook

VERSION = "2024.1"
QUESTION = {"siren": "000000018", "year": 2024, "file_name": "er"}
ROUNDS, COLD_ROUNDS = 15, 7


def rows() -> list[list[str]]:
    """Header and lines."""
    lines = [line.split(";")[:3] for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    own = [[f"cle {number}-{column}" for column in range(7)] for number in range(len(lines))]
    return [[*line, *extra] for line, extra in zip(lines, own, strict=True)]


def csv_file() -> bytes:
    """As CSV."""
    return "\n".join(";".join(row) for row in rows()).encode()


def spreadsheet() -> bytes:
    """As a workbook, numbers as numbers."""
    header, *lines = rows()
    return a_workbook({"Données": [header, *([*row[:2], _number(row[2]), *row[3:]] for row in lines)]})


def cells() -> int:
    """Cells of either file."""
    return sum(len(row) for row in rows())


async def whole_readings(content: bytes) -> dict[str, float]:
    """Median milliseconds of whole readings, sandbox included.

    `cold`: everything is started for this file, as never since the service has it ready when it opens. `no spare`: the
    file comes at once after another, and a reader is forked for it. `warm`: a spare stands ready.
    """
    times: dict[str, list[float]] = {"cold": [], "no spare": [], "warm": []}
    for _ in range(COLD_ROUNDS):
        readers = ReaderProcesses(10)
        times["cold"].append(await timed(lambda readers=readers: readers.ask(VERSION, QUESTION, content)))
        times["no spare"].append(await timed(lambda readers=readers: readers.ask(VERSION, QUESTION, content)))
        await readers.close()
    readers = ReaderProcesses(10)
    for _ in range(ROUNDS):
        await readers.warm(VERSION)
        await asyncio.sleep(0.05)
        times["warm"].append(await timed(lambda: readers.ask(VERSION, QUESTION, content)))
    await readers.close()
    return {name: statistics.median(found) for name, found in times.items()}


async def timed(read: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds of one reading."""
    began = time.perf_counter()
    await read()
    return (time.perf_counter() - began) * 1_000


def median_of(call: Callable[[], object]) -> float:
    """Median milliseconds of a call in this process."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1_000)
    return statistics.median(times)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text
