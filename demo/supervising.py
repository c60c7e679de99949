"""Runs one process a server, shows one that dies, starts it again, and stops all of them cleanly."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

from rich.console import Console

from demo.federation import TITLES, Federation, Server

READY_SECONDS = 90.0
STOP_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 30.0
SETTLED_SECONDS = 30.0

OnReady = Callable[[Server], Awaitable[None]]


class NodeDidNotStart(RuntimeError):
    """A node ended, or said nothing, before it was ready; its log says why."""


class Node:
    """One server's process."""

    def __init__(self, federation: Federation, server: Server, console: Console) -> None:
        self._federation, self.server, self._console = federation, server, console
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Process id, 0 when it is not running."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    async def start(self) -> None:
        """Start the process and wait until it says that it is ready.

        What it says goes to a file, not to a pipe: the PostgreSQL of a node that was killed lives on and would hold
        the pipe open.

        Raises:
            NodeDidNotStart: it ended or said nothing for ninety seconds.
        """
        self.server.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        said = self.server.folder / "ready.jsonl"
        with said.open("wb") as output, (self.server.folder / "errors.txt").open("ab") as errors:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "node",
                "serve",
                env=self._federation.environment(self.server),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while self._process.returncode is None:
                    if b'"ready"' in said.read_bytes():
                        return
                    await asyncio.sleep(0.1)
        if self._process.returncode is None:
            self._process.kill()
        raise NodeDidNotStart(f"{self.server.name} ne démarre pas ; voir {self.server.folder}/errors.txt et log.jsonl.")

    async def ended(self) -> int:
        """Wait for the process to end and return its exit code."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask the process to stop, and kill it if it does not."""
        if not self.pid or self._process is None:
            return
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def keep_running(self, on_ready: OnReady) -> None:
        """Start the process again whenever it ends, sooner or later, until cancelled."""
        pause, loop = 1.0, asyncio.get_running_loop()
        while True:
            started = loop.time()
            code = await self.ended()
            self._console.print(
                f"[bold red]✗ {TITLES[self.server.name]}[/] : le processus s'est arrêté (code {code}) ; redémarrage."
            )
            if loop.time() - started > SETTLED_SECONDS:
                pause = 1.0
            while True:
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                try:
                    await self.start()
                    await on_ready(self.server)
                    break
                except Exception as error:
                    self._console.print(f"[red]{self.server.name} : {error}[/]")
            self._console.print(f"[green]✓ {TITLES[self.server.name]}[/] : redémarré.")
