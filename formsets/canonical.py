"""Canonical bytes and digest of a form package (RFC 8785 restricted to strings, integers, booleans and null)."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

FILES = (
    "formset.json",
    "forms.json",
    "concepts.json",
    "controls.json",
    "messages.json",
    "accounts.json",
    "examples.json",
    "quartiles.json",
    "lists.json",
)
"""The files a package is made of; their union is what the digest covers."""

DIGEST_FILE = "DIGEST"


def canonical_bytes(value: object) -> bytes:
    """Serialise as RFC 8785 does: sorted keys, no blanks, UTF-8.

    Raises:
        TypeError: a float was found; packages carry decimals as strings, so that the bytes are the same everywhere.
    """
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest_of(contents: Mapping[str, object]) -> str:
    """Hexadecimal SHA-256 of a package given as file name → parsed JSON."""
    return hashlib.sha256(canonical_bytes(dict(contents))).hexdigest()


def read_contents(folder: Path) -> dict[str, object]:
    """Parse every file of a package folder."""
    return {name: json.loads((folder / name).read_text(encoding="utf-8")) for name in FILES}


def _refuse_floats(value: object) -> None:
    match value:
        case float():
            raise TypeError("A form package carries decimals as strings, never as floats.")
        case dict():
            for item in value.values():
                _refuse_floats(item)
        case list():
            for item in value:
                _refuse_floats(item)
        case _:
            return
