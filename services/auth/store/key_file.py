"""Private keys kept in a file that only the owner may read."""

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


class KeyFileExposed(PermissionError):
    """Others than the owner may read a private key file."""


def open_or_make(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the JWK set kept in the file, made and kept first if there is none.

    Two processes that start together end with the same keys: the file appears whole, and the first one wins.

    Raises:
        KeyFileExposed: the group or others may read the file.
    """
    if not path.exists():
        _write_once(path, json.dumps(make()))
    return read(path)


def read(path: Path) -> dict[str, Any]:
    """Return the JWK set kept in the file.

    Raises:
        KeyFileExposed: others may read the file.
    """
    if path.stat().st_mode & 0o007:
        raise KeyFileExposed(f"{path} may be read by others: chmod o-rwx")
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


def _write_once(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    try:
        Path(path).hardlink_to(name)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
