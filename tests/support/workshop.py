"""Workers as real processes over one database: to kill in the middle, to stop and to wake."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from chassis.database.engine import open_engine
from chassis.settings import DatabaseSettings

LEASE_SECONDS = 4.0


@dataclass
class Workshop:
    """The processes that work off what waits in one database, and the diary that they share."""

    program: str
    """Source of a worker: has its `Shift` from `sys.argv` and works it."""
    url: str
    diary: Path
    open_work: Callable[[], Any]

    @asynccontextmanager
    async def worker(self, name: str, pause: float, *more: str) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run a worker until the context is left."""
        self.diary.touch()
        arguments = [name, self.url, str(self.diary), str(LEASE_SECONDS), str(pause), *more]
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", self.program, *arguments)
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    async def until(self, line: str, seconds: float = 120.0) -> None:
        """Wait until a worker has written a line."""
        async with asyncio.timeout(seconds):
            while line not in self.lines():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.02)

    def lines(self) -> list[str]:
        """What the workers wrote, in order."""
        return self.diary.read_text().splitlines()


class Shift:
    """What a worker process was told when it began: who it is, where it works, and how slowly."""

    def __init__(self, name: str, url: str, diary: str, lease: str, pause: str) -> None:
        self.name, self.url, self.pause = name, url, float(pause)
        self.lease = timedelta(seconds=float(lease))
        self._diary = Path(diary)

    def note(self, what: str) -> None:
        """Write a line into the diary."""
        with self._diary.open("a") as file:
            file.write(f"{self.name} {what}\n")

    async def work(self, turn: Callable[[], Awaitable[object]]) -> None:
        """Take turns until killed, and note whether there was something to do."""
        while True:
            self.note("ended" if await turn() else "idle")
            await asyncio.sleep(0.1)


def an_engine(url: str, service: str) -> AsyncEngine:
    """Return an engine on a service's schema as the service itself opens it."""
    return open_engine(DatabaseSettings(url=SecretStr(url)), service)
