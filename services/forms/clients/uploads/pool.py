"""Disposable processes, one a file, with a spare of each form set already loaded and walled in.

A process is used once and then gone, so a file can never touch the next one. Starting one costs more than reading a
file: the next is started while nobody waits. Processes are started afresh, never forked from this one.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

GRACE_SECONDS = 5.0
"""Wall clock beyond the processor time, for a machine under load."""
MOST_ANSWER = 64_000_000
"""Bytes a process may answer."""
MOST_AT_ONCE = 4
MOST_SPARES = 2
"""Form sets that have a spare process."""

_MODULE = "services.forms.clients.flat_file_process"


class ReaderGone(Exception):
    """The process ended, or was ended, without an answer."""


class ReaderUnwalled(Exception):
    """This machine lets neither wall against the network stand: nothing is read."""


class ReaderProcesses:
    """Reads each file in a process of its own."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._spares: dict[str, Process] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}

    async def ask(self, version: str, question: Mapping[str, Any], content: bytes) -> dict[str, Any]:
        """Return what a process answers about a file.

        Args:
            version: form set the process has loaded.
            question: what the process needs to know besides the file, JSON.
            content: the file.

        Raises:
            ReaderGone: it crashed, or went over its memory or time.
            ReaderUnwalled: its walls do not stand on this machine.
        """
        async with self._turns:
            process = await self._take(version)
            try:
                async with asyncio.timeout(self._seconds + GRACE_SECONDS):
                    return await _exchange(process, question, content)
            except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
                raise ReaderGone(str(error)) from error
            finally:
                await _end(process)
                self._prepare(version)

    async def warm(self, version: str) -> None:
        """Wait until a spare for this form set stands ready."""
        self._prepare(version)
        if task := self._starting.get(version):
            await task

    async def close(self) -> None:
        """End every process."""
        for task in self._starting.values():
            task.cancel()
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        for process in self._spares.values():
            await _end(process)
        self._spares.clear()
        self._starting.clear()

    async def _take(self, version: str) -> Process:
        spare = self._spares.pop(version, None)
        if spare is not None and spare.returncode is None:
            return spare
        if spare is not None:
            await _end(spare)
        process = await self._start(version)
        try:
            await self._require_walls(process)
        except BaseException:
            await _end(process)
            raise
        return process

    def _prepare(self, version: str) -> None:
        if version not in self._spares and version not in self._starting and len(self._spares) < MOST_SPARES:
            self._starting[version] = asyncio.create_task(self._keep_spare(version))

    async def _keep_spare(self, version: str) -> None:
        try:
            process = await self._start(version)
            try:
                await self._require_walls(process)
            except BaseException:
                await _end(process)
                raise
            self._spares[version] = process
        except (OSError, ReaderGone, ReaderUnwalled):
            return
        finally:
            self._starting.pop(version, None)

    async def _start(self, version: str) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _MODULE,
            version,
            str(int(self._seconds)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    async def _require_walls(self, process: Process) -> None:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(self._seconds + GRACE_SECONDS):
                ready = await process.stdout.readline()
            walls = set(json.loads(ready)["walls"])
        except (TimeoutError, ValueError, KeyError) as error:
            raise ReaderGone("It never was ready.") from error
        if walls.isdisjoint({"namespace", "filter"}):
            raise ReaderUnwalled


async def _exchange(process: Process, question: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    # A process that gave up stops listening; what it said before is what counts.
    with suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(json.dumps(question).encode() + b"\n")
        process.stdin.write(content)
        await process.stdin.drain()
        process.stdin.close()
    parts, size = [], 0
    while part := await process.stdout.read(1 << 20):
        size += len(part)
        if size > MOST_ANSWER:
            raise ReaderGone("Its answer is too long.")
        parts.append(part)
    if await process.wait() != 0:
        raise ReaderGone(f"It ended with {process.returncode}.")
    answer: dict[str, Any] = json.loads(b"".join(parts))
    return answer


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    if process.stdin is not None:
        process.stdin.close()
        with suppress(BrokenPipeError, ConnectionResetError):
            await process.stdin.wait_closed()
    await process.wait()
