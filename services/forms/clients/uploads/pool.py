"""Disposable processes, one a file, with a spare of each form set already loaded and walled in.

A process is used once and then gone, so a file can never touch the next one. They are forked from a nursery: a process
started afresh, which has form sets loaded and never holds a file, a secret or a connection. This one is never forked.
"""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from fcntl import F_SETPIPE_SZ, fcntl
from functools import partial
from threading import Lock
from typing import IO, Any, TypeVar

GRACE_SECONDS = 5.0
"""Wall clock beyond the processor time, for a machine under load."""
MOST_ANSWER = 64_000_000
"""Bytes a process may answer."""
MOST_AT_ONCE = 4
MOST_SPARES = 2
"""Form sets that have a spare process."""

_MODULE = "services.forms.clients.flat_file_process"
_PIPE_BYTES = 1_048_576
"""So that a file and its answer cross in one piece, where the system lets a pipe be so large."""
_Result = TypeVar("_Result")


class ReaderGone(Exception):
    """The process ended, or was ended, without an answer that makes sense."""


class ReaderUnwalled(Exception):
    """This machine lets neither wall against the network stand: nothing is read."""


class ReaderProcess:
    """One process, for one file."""

    def __init__(self, nursery: "Nursery", identifier: int, handle: int, asks: int, answers: int) -> None:
        """Take over a process just forked.

        Args:
            nursery: what it was forked from.
            identifier: of the process, on this machine.
            handle: descriptor of the process itself (pidfd_open(2)): a number may be given to another process.
            asks: descriptor of the pipe it reads.
            answers: descriptor of the pipe it writes.
        """
        self.nursery, self.id = nursery, identifier
        self._handle = os.fdopen(handle, "rb", buffering=0)
        self._asks: IO[bytes] = os.fdopen(asks, "wb")
        self._answers: IO[bytes] = os.fdopen(answers, "rb", buffering=_PIPE_BYTES)

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        ended = select.poll()
        ended.register(self._handle, select.POLLIN)
        return not ended.poll(0)

    def require_walls(self) -> None:
        """Wait until its walls stand.

        Raises:
            ReaderGone: it ended before.
            ReaderUnwalled: they do not stand on this machine.
        """
        line = self._answers.readline()
        if not line:
            raise ReaderGone("It never was ready.")
        if {"namespace", "filter"}.isdisjoint(json.loads(line)["walls"]):
            raise ReaderUnwalled

    def exchange(self, question: Mapping[str, Any], content: bytes) -> dict[str, Any]:
        """Return what it answers about a file.

        Raises:
            ReaderGone: it crashed, went over its memory or time, or does not answer in JSON.
        """
        # A process that gave up stops listening; its status is what counts.
        with suppress(BrokenPipeError):
            self._asks.write(json.dumps(question).encode() + b"\n")
            self._asks.write(content)
            self._asks.flush()
        with suppress(BrokenPipeError):
            self._asks.close()
        # A line that ends is whole: waiting for the process to give its memory back would cost as much as reading.
        said = self._answers.readline(MOST_ANSWER + 1)
        if not said.endswith(b"\n"):
            is_long = len(said) > MOST_ANSWER
            raise ReaderGone("Its answer is too long." if is_long else "It ended before the end of its answer.")
        try:
            answer: dict[str, Any] = json.loads(said)
        except (ValueError, RecursionError):
            raise ReaderGone("Its answer makes no sense.") from None
        return answer

    def end(self) -> None:
        """Kill it, whatever it does; it is gone by itself soon after."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle.fileno(), signal.SIGKILL)

    def close(self) -> None:
        """End it and give back what it was reached by."""
        self.end()
        for opened in (self._handle, self._asks, self._answers):
            with suppress(BrokenPipeError):
                opened.close()


class Nursery:
    """The process that readers are forked from; they end with it."""

    def __init__(self, seconds: float) -> None:
        """Start it, without waiting for it.

        Args:
            seconds: of processor time for each reader.
        """
        self.readers = 0
        """Those asked for and not closed yet."""
        self._one_fork = Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(seconds + GRACE_SECONDS)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, nothing of the file
                # -S: what `site` would add to the path is given, and costs a tenth of the start.
                [sys.executable, "-S", "-m", _MODULE, str(theirs.fileno()), str(int(seconds))],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )

    @property
    def is_alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def fork(self, version: str, *, is_spare: bool) -> ReaderProcess:
        """Return a reader that has this form set loaded.

        Args:
            version: of the form set.
            is_spare: whether no file waits for it yet, so that it takes the time to be quicker later.

        Raises:
            ReaderGone: the nursery is gone, or gave none.
        """
        with ExitStack() as theirs:
            questions, asks = os.pipe()
            theirs.callback(os.close, questions)
            answers, says = os.pipe()
            theirs.callback(os.close, says)
            for pipe in (asks, says):
                with suppress(OSError):  # the pipes of one user may only be so large together
                    fcntl(pipe, F_SETPIPE_SZ, _PIPE_BYTES)
            try:
                with self._one_fork:
                    socket.send_fds(self._control, [json.dumps([version, is_spare]).encode()], [questions, says])
                    identifier, [handle], *_ = socket.recv_fds(self._control, 20, 1)
            except (OSError, ValueError):
                os.close(asks)
                os.close(answers)
                raise ReaderGone("No reader could be started.") from None
        return ReaderProcess(self, int(identifier), handle, asks, answers)

    def close(self) -> None:
        """End it, once its readers are gone; they have been ended."""
        self._control.close()
        try:
            self._process.wait(1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class ReaderProcesses:
    """Reads each file in a process of its own."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._turns = asyncio.Semaphore(MOST_AT_ONCE)
        self._nursery: Nursery | None = None
        self._spares: dict[str, ReaderProcess] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}

    async def ask(
        self, version: str, question: Mapping[str, Any], content: bytes, *, is_rare: bool = False
    ) -> dict[str, Any]:
        """Return what a process answers about a file.

        Args:
            version: form set the process has loaded, or another word that it knows.
            question: what the process needs to know besides the file, JSON.
            content: the file.
            is_rare: whether no process is kept ready for the next one.

        Raises:
            ReaderGone: it crashed, or went over its memory or time.
            ReaderUnwalled: its walls do not stand on this machine.
        """
        async with self._turns:
            process = self._spares.pop(version, None)
            if process is not None and not process.is_alive:
                self._end(process)
                process = None
            process = process or await self._start(version, is_spare=False)
            try:
                return await self._in_time(process, partial(process.exchange, question, content))
            except ReaderGone:
                # The file may have felt its way in memory: the next reader must not be laid out like this one.
                self._retire(process.nursery)
                raise
            finally:
                self._end(process)
                if not is_rare:
                    self._prepare(version)

    async def warm(self, version: str) -> None:
        """Wait until a spare for this form set stands ready."""
        self._prepare(version)
        if task := self._starting.get(version):
            await task

    async def close(self) -> None:
        """End every process."""
        await asyncio.gather(*self._starting.values(), return_exceptions=True)
        if self._nursery is not None:
            self._retire(self._nursery)

    @property
    def spares(self) -> list[int]:
        """Process ids of the spares, for operators."""
        return [process.id for process in self._spares.values()]

    def _prepare(self, version: str) -> None:
        if version not in self._spares and version not in self._starting and len(self._spares) < MOST_SPARES:
            self._starting[version] = asyncio.create_task(self._keep_spare(version))

    async def _keep_spare(self, version: str) -> None:
        try:
            self._spares[version] = await self._start(version, is_spare=True)
        except (OSError, ReaderGone, ReaderUnwalled):
            return  # the next file starts its own, and says what is wrong
        finally:
            self._starting.pop(version, None)

    async def _start(self, version: str, *, is_spare: bool) -> ReaderProcess:
        if self._nursery is not None and not self._nursery.is_alive:
            self._retire(self._nursery)
        nursery = self._nursery = self._nursery or Nursery(self._seconds)
        nursery.readers += 1
        process = None
        try:
            process = await asyncio.to_thread(partial(nursery.fork, version, is_spare=is_spare))
            await self._in_time(process, process.require_walls)
        except BaseException:
            self._retire(nursery)
            if process is None:
                self._leave(nursery)
            else:
                self._end(process)
            raise
        return process

    async def _in_time(self, process: ReaderProcess, wait: Callable[[], _Result]) -> _Result:
        """Wait in a thread; a process that takes too long is ended, and so is the wait."""
        alarm = asyncio.get_running_loop().call_later(self._seconds + GRACE_SECONDS, process.end)
        try:
            return await asyncio.to_thread(wait)
        finally:
            alarm.cancel()

    def _end(self, process: ReaderProcess) -> None:
        process.close()
        self._leave(process.nursery)

    def _leave(self, nursery: Nursery) -> None:
        nursery.readers -= 1
        if nursery is not self._nursery and not nursery.readers:
            nursery.close()

    def _retire(self, nursery: Nursery) -> None:
        """Fork from this one no more; it ends with the last of its readers."""
        if nursery is not self._nursery:
            return
        self._nursery = None
        nursery.readers += 1
        for version in [version for version, spare in self._spares.items() if spare.nursery is nursery]:
            self._end(self._spares.pop(version))
        self._leave(nursery)
