"""The scanner of attachments against a clamd of the test, over a real socket: what is sent, and what each answer means."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.forms.clients.clamd import ClamdScanner
from services.forms.domain.attachment import Scan, ScanAnswer

SILENT = Scan(ScanAnswer.SILENT)


@dataclass
class FakeClamd:
    """Reads a stream as clamd does, then answers; keeps what it was sent."""

    answer: bytes = b"stream: OK\0"
    pieces: list[bytes] = field(default_factory=list)
    commands: list[bytes] = field(default_factory=list)
    after: int | None = None
    """Pieces after which it answers and closes, None for all of them."""
    seconds: float = 0.0
    """How long it takes to answer."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.commands.append(await reader.readuntil(b"\0"))
        while size := struct.unpack("!I", await reader.readexactly(4))[0]:
            self.pieces.append(await reader.readexactly(size))
            if self.after is not None and len(self.pieces) >= self.after:
                break
        await asyncio.sleep(self.seconds)
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(clamd: FakeClamd, path: Path | None = None) -> AsyncIterator[str]:
    """Serve on a port, or on a socket file, and give its address."""
    if path is not None:
        server = await asyncio.start_unix_server(clamd.serve, path)
        address = f"unix:{path}"
    else:
        server = await asyncio.start_server(clamd.serve, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield address
    finally:
        server.close()


async def asked(clamd: FakeClamd, content: bytes = b"%PDF-1.7", seconds: float = 5.0) -> Scan:
    async with listening(clamd) as address:
        return await ClamdScanner(address, seconds).scan(content)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 200_000])
async def test_a_file_goes_in_pieces_each_with_its_length(size: int) -> None:
    clamd, content = FakeClamd(), bytes(range(256)) * (size // 256 + 1)

    assert await asked(clamd, content[:size]) == Scan(ScanAnswer.CLEAN)

    assert clamd.commands == [b"zINSTREAM\0"]
    assert b"".join(clamd.pieces) == content[:size]
    assert all(len(piece) <= 65_536 for piece in clamd.pieces)


async def test_it_may_listen_on_a_socket_of_the_machine(tmp_path: Path) -> None:
    async with listening(FakeClamd(), tmp_path / "clamd.sock") as address:
        assert await ClamdScanner(address, 5.0).scan(b"x") == Scan(ScanAnswer.CLEAN)


async def test_what_was_found_is_named() -> None:
    assert await asked(FakeClamd(b"stream: Eicar Test FOUND\0")) == Scan(ScanAnswer.INFECTED, "Eicar Test")


@pytest.mark.parametrize(
    "answer",
    [
        b"stream: Can't open file ERROR\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"stream: OK",
        b"stream: OK and more\0",
        b"",
        b"\0",
        b"\xff\xfe\0",
        b"x" * 100_000,
        b"x" * 100_000 + b"\0",
    ],
)
async def test_any_other_answer_is_no_answer(answer: bytes) -> None:
    assert await asked(FakeClamd(answer)) == SILENT


async def test_a_scanner_that_stops_listening_is_heard_all_the_same() -> None:
    clamd = FakeClamd(b"INSTREAM size limit exceeded. ERROR\0", after=1)

    assert await asked(clamd, b"x" * 20_000_000) == SILENT


async def test_a_cut_connection_is_no_answer() -> None:
    clamd = FakeClamd(b"", after=1)

    assert await asked(clamd, b"x" * 20_000_000) == SILENT


async def test_a_slow_scanner_is_not_waited_for_beyond_its_time() -> None:
    started = asyncio.get_running_loop().time()

    assert await asked(FakeClamd(seconds=30.0), seconds=0.2) == SILENT

    assert asyncio.get_running_loop().time() - started < 5.0


@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "unix:/nowhere/clamd.sock", "127.0.0.1:99999", "no.such.host.invalid:3310"]
)
async def test_nobody_there_is_no_answer(address: str) -> None:
    assert await ClamdScanner(address, 5.0).scan(b"x") == SILENT


async def test_two_files_at_once_have_each_their_answer() -> None:
    clean, infected = FakeClamd(seconds=0.1), FakeClamd(b"stream: Eicar FOUND\0")
    async with listening(clean) as one, listening(infected) as other:
        answers = await asyncio.gather(ClamdScanner(one, 5.0).scan(b"a"), ClamdScanner(other, 5.0).scan(b"b"))

    assert answers == [Scan(ScanAnswer.CLEAN), Scan(ScanAnswer.INFECTED, "Eicar")]
