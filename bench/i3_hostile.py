"""I3: hostile files (security.md A1 to A5) are refused within a second and 256 MB, the sandbox included.

Memory is the peak resident size of a process that reads the file with the same code, started by a small one. Prints the slowest, then one line of JSON.
"""

import asyncio
import json
import shlex
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import imports_workload as workload
from services.forms.clients.uploads.pool import ReaderGone, ReaderProcesses
from tests.corpus.malformed_files import malformed_files
from tests.support.workbooks import parts_of, sheet_xml, zipped

MOST_MS, MOST_MEGABYTES = 1_000, 256


def hostile() -> dict[str, bytes]:
    """The hostile files, by what they try."""
    wanted = {
        *("sparse", "doctype", "bomb", "bomb of strings", "nested", "many parts", "slip", "case", "wide row"),
        *("deep", "false count", "gzip bomb", "xml", "deep json"),
    }
    whole = parts_of({"F": sheet_xml([["code", "colonne", "valeur"]])})
    cells = "".join("<c><v>1</v></c>" for _ in range(100))
    files = {file.kind: file.content for file in malformed_files() if file.kind in wanted}
    files["600 MB in 1.5 MB"] = zipped(whole | {f"xl/media/{i}.bin": b"\0" * 50_000_000 for i in range(12)})
    files["510,000 cells"] = zipped(parts_of({s: _sheet(cells, 1_700) for s in "ABC"}), zipfile.ZIP_STORED)
    files["far dimension"] = zipped(parts_of({"F": sheet_xml([["code"]], '<dimension ref="A1:XFD1048576"/>')}))
    return files


def _sheet(cells: str, rows: int) -> bytes:
    return f"<worksheet><sheetData>{f'<row>{cells}</row>' * rows}</sheetData></worksheet>".encode()


async def refusals() -> dict[str, float]:
    """Milliseconds to refuse each file, a spare ready."""
    readers, found = ReaderProcesses(10), {}
    for kind, content in hostile().items():
        await readers.warm(workload.VERSION)
        answers: list[dict[str, object]] = []

        async def read(content: bytes = content, answers: list[dict[str, object]] = answers) -> None:
            answers.append(await readers.ask(workload.VERSION, workload.QUESTION, content))

        try:
            found[kind] = await workload.timed(read)
            assert answers[0]["refusal"], f"{kind} was not refused"
        except ReaderGone:
            found[kind] = float("inf")
    await readers.close()
    return found


READ = """
import resource, sys
import formsets
from services.forms.clients.flat_file_process import answer
answer(formsets.load("2024.1"), {"siren": "000000018", "year": 2024}, open(sys.argv[1], "rb").read())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def megabytes_of(content: bytes) -> int:
    """Peak resident size of reading a file; a shell starts the reader, since a child inherits its parent's peak."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        command = f"{shlex.join([sys.executable, '-c', READ, file.name])} & wait"
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    return int(done.stdout)


def main() -> int:
    """Run, print, return 0 when the goal is met."""
    found = asyncio.run(refusals())
    megabytes = max(megabytes_of(content) for content in hostile().values())
    slowest = max(found, key=lambda kind: found[kind])
    is_met = found[slowest] <= MOST_MS and megabytes <= MOST_MEGABYTES
    print(f"I3  {len(found)} hostile files refused; slowest “{slowest}” {found[slowest]:.0f} ms (goal ≤ {MOST_MS})")
    print(f"    most memory of a reading process {megabytes:.0f} MB (goal ≤ {MOST_MEGABYTES})")
    print(json.dumps({"figure": "I3", "ms": found, "megabytes": megabytes, "is_met": is_met}))
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
