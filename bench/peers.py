"""Engines that figures are taken beside, each in an environment of its own under .cache/, so that nothing of it comes near the product."""

import hashlib
import json
import subprocess
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent


def peer_python(requirements: str = "bench.txt") -> Path:
    """The interpreter of a peer's environment, made when it is not there or its requirements changed."""
    listed = ROOT / "requirements" / requirements
    folder = ROOT / ".cache" / f"bench-{hashlib.sha256(listed.read_bytes()).hexdigest()[:12]}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, clear=True, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        subprocess.run([*command, "-r", str(listed)], check=True)
        (folder / "ready").touch()
    return python


class Peer:
    """A process that is given its work once, then asked again and again: it answers with milliseconds that it measured itself."""

    def __init__(self, command: Sequence[str], work: Mapping[str, Any]) -> None:
        """Start the process and wait until it is ready.

        Args:
            command: a program that reads its work as a line of JSON and writes what it finds as one, then writes a number for
                each empty line that it reads.
            work: what to prepare.
        """
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.found: Any = json.loads(self._ask(json.dumps(work)))

    def __enter__(self) -> Self:
        """Nothing more to prepare."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """End the process."""
        self._process.communicate()

    def milliseconds(self) -> float:
        """Run once more."""
        return float(self._ask(""))

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(line + "\n")
        return self._process.stdout.readline()
