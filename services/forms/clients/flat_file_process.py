"""The disposable process that reads one uploaded file: bounds itself, reads standard input, prints JSON, ends."""

import ctypes
import json
import resource
import sys

import formsets
from formsets.flat_file import check_subject, read_flat_file

MEMORY_BYTES = 512 * 1024 * 1024
CLONE_NEWUSER_AND_NET = 0x10000000 | 0x40000000


def bound(seconds: int) -> None:
    """Limit processor time, memory, files and processes, and leave the network where the kernel allows it."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER_AND_NET)


def main() -> None:
    """Read `version siren year seconds` from the arguments and the file from standard input."""
    version, siren, year, seconds = sys.argv[1:5]
    form_set = formsets.load(version)
    bound(int(seconds))
    file = read_flat_file(sys.stdin.buffer.read(), form_set)
    fatal = next((p for p in file.problems if p.is_fatal), None) or check_subject(file, siren, int(year))
    answer = {
        "refusal": {"fr": fatal.message_fr, "en": fatal.message_en} if fatal else None,
        "lines": [
            {"line": e.line_number, "address": e.address, "text": e.raw, "extra": dict(e.extra)} for e in file.entries
        ],
        "problems": [
            {
                "line": p.line,
                "column": p.column,
                "code": p.code,
                "control": p.control,
                "fr": p.message_fr,
                "en": p.message_en,
            }
            for p in file.problems
        ],
        "guesses": [{"fr": g.message_fr, "en": g.message_en} for g in file.guesses],
    }
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
