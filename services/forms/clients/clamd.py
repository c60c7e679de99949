"""Asks clamd, the daemon of ClamAV, whether a file holds a virus (clamd(8), command INSTREAM).

The file goes over a socket of the same machine, or of the same network without encryption; nothing of it is written here.
No answer, a late one, or one that says neither is the same to the caller: the file was not looked at.
"""

import asyncio
import re
import struct
from contextlib import suppress

from chassis.logging import log
from services.forms.domain.attachment import Scan, ScanAnswer

_PIECE = 65_536
"""Bytes sent at a time."""
_LONGEST_ANSWER = 4_096
_FOUND = re.compile(r"stream: (.+) FOUND", re.DOTALL)
_UNIX = "unix:"


class ClamdScanner:
    """One connection a file; clamd itself limits how many it looks at together."""

    def __init__(self, address: str, seconds: float) -> None:
        """Take where clamd listens and how long one file may take.

        Args:
            address: `host:port`, or `unix:` and the path of a socket.
            seconds: from the connection to the answer.
        """
        self._address, self._seconds = address, seconds

    async def scan(self, content: bytes) -> Scan:
        """Return what clamd says of a file."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(content)
        except (OSError, EOFError, asyncio.LimitOverrunError, ValueError, OverflowError) as error:
            log("forms").warning("the virus scanner does not answer", scanner=self._address, error=repr(error)[:200])
            return Scan(ScanAnswer.SILENT)
        if answer == "stream: OK":
            return Scan(ScanAnswer.CLEAN)
        if found := _FOUND.fullmatch(answer):
            log("forms").warning("a virus was found in an attachment", virus=found[1][:200])
            return Scan(ScanAnswer.INFECTED, found[1])
        log("forms").warning("the virus scanner could not look", scanner=self._address, answer=answer[:200])
        return Scan(ScanAnswer.SILENT)

    async def _ask(self, content: bytes) -> str:
        if self._address.startswith(_UNIX):
            path = self._address.removeprefix(_UNIX)
            reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST_ANSWER)
        else:
            host, _, port = self._address.rpartition(":")
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port), limit=_LONGEST_ANSWER)
        try:
            # A scanner that stops listening has said why: its answer is read all the same.
            with suppress(ConnectionError):
                await _send(writer, content)
            return (await reader.readuntil(b"\0"))[:-1].decode("utf-8", "replace").strip()
        finally:
            writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
    writer.write(b"zINSTREAM\0")
    for start in range(0, len(content), _PIECE):
        piece = memoryview(content)[start : start + _PIECE]
        writer.write(struct.pack("!I", len(piece)))
        writer.write(piece)
        await writer.drain()
    writer.write(struct.pack("!I", 0))
    await writer.drain()
