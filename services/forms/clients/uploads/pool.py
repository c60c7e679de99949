"""Disposable processes, one a file, with a spare of each form set already loaded and walled in.

A process is used once and then gone, so a file can never touch the next one. Starting one costs more than reading a
file: the next is started while nobody waits. Processes are started afresh, never forked from this one.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Timer
from typing import IO, Any

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


class ReaderProcess:
    """One process; every method waits, and none longer than the process may live."""

    def __init__(self, version: str, seconds: float) -> None:
        self._most = seconds + GRACE_SECONDS
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, nothing of the file
            [sys.executable, "-m", _MODULE, version, str(int(seconds))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    @property
    def id(self) -> int:
        """Of the process, on this machine."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def require_walls(self) -> None:
        """Wait until its walls stand.

        Raises:
            ReaderGone: it ended before.
            ReaderUnwalled: they do not stand on this machine.
        """
        with self._bounded() as (_, answers):
            line = answers.readline()
        if not line:
            raise ReaderGone("It never was ready.")
        if {"namespace", "filter"}.isdisjoint(json.loads(line)["walls"]):
            raise ReaderUnwalled

    def exchange(self, question: Mapping[str, Any], content: bytes) -> dict[str, Any]:
        """Return what it answers about a file.

        Raises:
            ReaderGone: it crashed, or went over its memory or time.
        """
        with self._bounded() as (questions, answers):
            # A process that gave up stops listening; its status is what counts.
            with suppress(BrokenPipeError):
                questions.write(json.dumps(question).encode() + b"\n")
                questions.write(content)
                questions.flush()
            with suppress(BrokenPipeError):
                questions.close()
            # A line that ends is whole: waiting for the process to give its memory back would cost as much as reading.
            said = answers.readline(MOST_ANSWER + 1)
        if not said.endswith(b"\n"):
            is_long = len(said) > MOST_ANSWER
            raise ReaderGone("Its answer is too long." if is_long else "It ended before the end of its answer.")
        answer: dict[str, Any] = json.loads(said)
        return answer

    def end(self) -> None:
        """Kill it, whatever it does."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self._process.wait()

    @contextmanager
    def _bounded(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        alarm = Timer(self._most, self._process.kill)
        alarm.daemon = True
        alarm.start()
        try:
            yield self._process.stdin, self._process.stdout
        finally:
            alarm.cancel()


class ReaderProcesses:
    """Reads each file in a process of its own."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._spares: dict[str, ReaderProcess] = {}
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
            process = self._spares.pop(version, None)
            if process is not None and not process.is_alive:
                process.end()
                process = None
            process = process or await self._start(version)
            try:
                return await asyncio.to_thread(process.exchange, question, content)
            finally:
                process.end()
                self._prepare(version)

    async def warm(self, version: str) -> None:
        """Wait until a spare for this form set stands ready."""
        self._prepare(version)
        if task := self._starting.get(version):
            await task

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        for process in self._spares.values():
            process.end()
        self._spares.clear()

    @property
    def spares(self) -> list[int]:
        """Process ids of the spares, for operators."""
        return [process.id for process in self._spares.values()]

    def _prepare(self, version: str) -> None:
        if version not in self._spares and version not in self._starting and len(self._spares) < MOST_SPARES:
            self._starting[version] = asyncio.create_task(self._keep_spare(version))

    async def _keep_spare(self, version: str) -> None:
        try:
            self._spares[version] = await self._start(version)
        except (OSError, ReaderGone, ReaderUnwalled):
            return  # the next file starts its own, and says what is wrong
        finally:
            self._starting.pop(version, None)

    async def _start(self, version: str) -> ReaderProcess:
        process = await asyncio.to_thread(ReaderProcess, version, self._seconds)
        try:
            await asyncio.to_thread(process.require_walls)
        except BaseException:
            process.end()
            raise
        return process
