"""Canonical JSON (RFC 8785) for values without fractions: the only writer of bytes that get signed or hashed here.

Amounts are strings in written form, so numbers are whole; text is brought to Unicode NFC first, so that the same
words typed on two machines give the same bytes.
"""

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence

Canonical = str | bool | int | Sequence["Canonical"] | Mapping[str, "Canonical"] | None
"""A value that has exactly one written form. A float is none: it is refused."""

LARGEST_INTEGER = 2**53 - 1
"""RFC 8785 §3.2.2.3: beyond this, a reader that uses doubles would see another number."""

_CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_ESCAPES |= {chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in _ESCAPES}
_ESCAPE_TABLE = str.maketrans(_ESCAPES)


def canonical_bytes(value: Canonical) -> bytes:
    """Return the one UTF-8 form of the value: keys in UTF-16 order, no space, text in NFC.

    Raises:
        TypeError: the value holds something else than text, boolean, whole number, null, list and object.
        ValueError: a number is too large for RFC 8785, a text holds half a surrogate pair, or two keys become equal.
    """
    return _written(value).encode("utf-8")


def digest_of(content: bytes) -> str:
    """Return the SHA-256 of the bytes as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def readable_code(digest: str) -> str:
    """Return eight characters for the first 40 bits of a hexadecimal digest, such as ``K7QF-29XD``.

    Crockford's alphabet leaves out I, L, O and U, so that the code survives being read aloud.
    """
    number = int(digest[:10], 16)
    letters = "".join(_CODE_ALPHABET[number >> shift & 31] for shift in range(35, -5, -5))
    return f"{letters[:4]}-{letters[4:]}"


def _written(value: Canonical) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case int():
            return _whole(value)
        case Mapping():
            return _object(value)
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return "[" + ",".join(_written(item) for item in value) + "]"
        case _:
            raise TypeError(f"{type(value).__name__} has no canonical form")


def _whole(value: int) -> str:
    if abs(value) > LARGEST_INTEGER:
        raise ValueError(f"{value} is beyond ±(2^53 - 1)")
    return str(value)


def _text(value: str) -> str:
    return '"' + unicodedata.normalize("NFC", value).translate(_ESCAPE_TABLE) + '"'


def _object(members: Mapping[str, Canonical]) -> str:
    normal: dict[str, Canonical] = {}
    for name, member in members.items():
        if not isinstance(name, str):
            raise TypeError(f"{type(name).__name__} cannot name a member")
        normal[unicodedata.normalize("NFC", name)] = member
    if len(normal) != len(members):
        raise ValueError("two names are the same text in NFC")
    order = sorted(normal, key=lambda name: name.encode("utf-16-be"))
    return "{" + ",".join(f"{_text(name)}:{_written(normal[name])}" for name in order) + "}"
