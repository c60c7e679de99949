"""The disposable process, really started: its walls stand, a file can take nothing but itself down."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import formsets
from services.forms.clients.flat_files import SandboxedFlatFiles
from services.forms.clients.uploads.pool import ReaderGone, ReaderProcesses
from services.forms.domain.attachment import PdfFlaw
from services.forms.domain.errors import ImportRefused
from tests.corpus.malformed_files import malformed_files
from tests.support.form_sets import SAMPLE
from tests.support.forms import a_filing
from tests.support.pdfs import a_compressed_pdf, a_pdf
from tests.support.workbooks import a_sparse_workbook, a_workbook

QUESTION = {"siren": "000000018", "year": 2024}
ATTEMPTS = """
import json, os, socket, sys, threading
from services.forms.clients.uploads.walls import leave, raise_walls
walls = raise_walls(2)
def tried(attempt):
    try:
        attempt()
    except (OSError, MemoryError, RuntimeError) as error:
        return type(error).__name__
    return "done"
found = {
    "walls": walls,
    "interfaces": tried(socket.if_nameindex),
    "socket": tried(lambda: socket.create_connection(("127.0.0.1", 9), 1)),
    "open": tried(lambda: open("/etc/passwd")),
    "write": tried(lambda: open("/tmp/forms-sandbox-escape", "w")),
    "fork": tried(os.fork),
    "run": tried(lambda: os.execv("/bin/true", ["true"])),
    "kill": tried(lambda: os.kill(os.getppid(), 0)),
    "thread": tried(lambda: threading.Thread(target=print).start()),
    "memory": tried(lambda: bytearray(600_000_000)),
}
print(json.dumps(found))
leave()
"""


@pytest.fixture(scope="module")
def attempts():
    done = subprocess.run([sys.executable, "-c", ATTEMPTS], capture_output=True, timeout=30, check=True)
    return json.loads(done.stdout)


def test_a_wall_against_the_network_stands(attempts):
    assert {"namespace", "filter"} & set(attempts["walls"])


@pytest.mark.parametrize("attempt", ["socket", "open", "write", "fork", "memory"])
def test_what_a_reader_may_not_do_fails(attempts, attempt):
    assert attempts[attempt] != "done"


@pytest.mark.parametrize("attempt", ["interfaces", "run", "kill", "thread"])
def test_the_filter_lets_no_other_call_through(attempts, attempt):
    if "filter" not in attempts["walls"]:
        pytest.skip("this kernel or processor has no filter of system calls")
    assert attempts[attempt] != "done"


async def test_a_csv_and_a_workbook_are_read_through_the_walls():
    files = SandboxedFlatFiles(20_000_000, 10)
    rows = [line.split(";") for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    form_set = formsets.load("2024.1")
    try:
        flat = await files.read(form_set, a_filing(), "a.csv", SAMPLE.read_bytes())
        latin = await files.read(form_set, a_filing(), "a.csv", SAMPLE.read_text(encoding="utf-8").encode("cp1252"))
        book = await files.read(form_set, a_filing(), "a.xlsx", a_workbook({"F": rows}))
    finally:
        await files.close()

    assert len(flat.lines) == len(latin.lines) == len(book.lines) == 1190
    assert flat.lines[0].extra == {"nature": "saisie"}
    assert book.lines[0].extra == {"feuille": "F", "nature": "saisie"}


async def test_two_cells_that_ask_for_512_gib_are_refused_within_a_second_and_the_service_goes_on():
    files = SandboxedFlatFiles(20_000_000, 10)
    form_set = formsets.load("2024.1")
    try:
        await files.warm("2024.1")
        began = time.perf_counter()
        with pytest.raises(ImportRefused) as refusal:
            await files.read(form_set, a_filing(), "creux.xlsx", a_sparse_workbook())
        assert "1048576" in refusal.value.violations[0].description
        assert time.perf_counter() - began < 1
        assert (await files.read(form_set, a_filing(), "a.csv", SAMPLE.read_bytes())).lines
    finally:
        await files.close()


async def test_a_process_reads_one_file_and_a_spare_stands_ready_for_the_next():
    readers = ReaderProcesses(10)
    try:
        await readers.warm("2024.1")
        first = readers.spares
        await readers.ask("2024.1", QUESTION, SAMPLE.read_bytes())
        await readers.warm("2024.1")
        assert len(first) == len(readers.spares) == 1
        assert first != readers.spares
    finally:
        await readers.close()
    assert readers.spares == []


async def test_a_spare_that_died_costs_nothing():
    readers = ReaderProcesses(10)
    try:
        await readers.warm("2024.1")
        os.kill(readers.spares[0], signal.SIGKILL)
        await asyncio.sleep(0.1)
        assert (await readers.ask("2024.1", QUESTION, SAMPLE.read_bytes()))["lines"]
    finally:
        await readers.close()


async def test_files_read_at_once_do_not_mix():
    readers = ReaderProcesses(10)
    try:
        contents = [f"code;colonne;valeur\nBA.010;brut;{i}\n".encode() for i in range(6)]
        answers = await asyncio.gather(*(readers.ask("2024.1", QUESTION, content) for content in contents))
    finally:
        await readers.close()

    assert [answer["lines"][0][2] for answer in answers] == [str(i) for i in range(6)]


async def test_a_file_over_the_size_is_refused_before_any_process():
    files = SandboxedFlatFiles(10, 10)
    with pytest.raises(ImportRefused) as refusal:
        await files.read(formsets.load("2024.1"), a_filing(), "a.csv", b"x" * 11)
    assert "dépasse" in refusal.value.violations[0].description


async def test_malformed_files_get_their_answer_through_the_walls_and_nothing_is_left_running():
    files = SandboxedFlatFiles(20_000_000, 10)
    corpus = list(malformed_files())
    chosen = [file for file in corpus if "," not in file.kind][::3] + corpus[::60]
    answers = 0
    try:
        for file in chosen:
            began = time.perf_counter()
            with contextlib.suppress(ImportRefused):
                await files.read(formsets.load("2024.1"), a_filing(), file.name, file.content)
            answers += 1
            assert time.perf_counter() - began < 10, file.kind
    finally:
        await files.close()

    assert answers == len(chosen) > 30


async def test_after_a_reader_was_ended_by_its_file_the_next_ones_are_not_laid_out_in_memory_like_it():
    readers = ReaderProcesses(10)
    try:
        await readers.warm("2024.1")
        nursery = _parent_of(readers.spares[0])
        await readers.ask("2024.1", QUESTION, SAMPLE.read_bytes())
        await readers.warm("2024.1")
        assert _parent_of(readers.spares[0]) == nursery
        [spare] = readers.spares
        os.kill(spare, signal.SIGSTOP)
        reading = asyncio.create_task(readers.ask("2024.1", QUESTION, SAMPLE.read_bytes()))
        await asyncio.sleep(0.1)
        os.kill(spare, signal.SIGKILL)
        with pytest.raises(ReaderGone):
            await reading
        await readers.warm("2024.1")
        assert _parent_of(readers.spares[0]) != nursery
        assert not _runs(nursery)
    finally:
        await readers.close()


async def test_readers_end_with_what_they_are_forked_from():
    readers = ReaderProcesses(10)
    try:
        await readers.warm("2024.1")
        [spare] = readers.spares
        os.kill(_parent_of(spare), signal.SIGKILL)
        await asyncio.sleep(0.2)
        assert not _runs(spare)
        assert (await readers.ask("2024.1", QUESTION, SAMPLE.read_bytes()))["lines"]
    finally:
        await readers.close()


def _runs(process: int) -> bool:
    """Whether it does; a dead one that nobody waited for does not."""
    return Path(f"/proc/{process}").exists() and _status_of(process)[0] != "Z"


def _parent_of(process: int) -> int:
    return int(_status_of(process)[1])


def _status_of(process: int) -> list[str]:
    """State, parent and more (proc(5))."""
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


@pytest.mark.parametrize(
    ("content", "flaws"),
    [
        (a_pdf(), set()),
        (a_compressed_pdf(), set()),
        (a_pdf(b"<</T(\xfe\xff\x00a\x26\x03)/U(\\351)/V<feff2603>>>"), set()),
        (a_pdf(b"<</S/JavaScript/JS(x)>>"), {PdfFlaw.SCRIPT}),
        (a_pdf(b"<</Filter/Standard/V 1/R 2>>", trailer=b"/Encrypt 4 0 R"), {PdfFlaw.ENCRYPTED}),
        (b"%PDF-1.7\nnothing\n%%EOF", {PdfFlaw.DAMAGED}),
        (a_pdf(b"[" * 400_000), {PdfFlaw.DAMAGED}),
    ],
    ids=["plain", "compressed", "texts", "script", "encrypted", "nothing", "deep"],
)
async def test_a_pdf_is_looked_into_behind_the_same_walls(content, flaws):
    files = SandboxedFlatFiles(20_000_000, 10)
    try:
        assert await files.pdfs.flaws(content) == flaws
    finally:
        await files.close()


async def test_a_pdf_that_takes_too_long_costs_its_process_and_nothing_else():
    loop = b"".join(b"%d 0 obj<</Length %d 0 R>>stream\nx\nendstream endobj\n" % (n, n + 1) for n in range(4, 60_000))
    files = SandboxedFlatFiles(20_000_000, 1)
    try:
        found = await files.pdfs.flaws(b"%PDF-1.7\n" + loop + b"startxref\n0\n%%EOF\n")
        assert found <= {PdfFlaw.TOO_HEAVY, PdfFlaw.DAMAGED}
        assert found
        assert await files.pdfs.flaws(a_pdf()) == set()
    finally:
        await files.close()
