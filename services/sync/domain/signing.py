"""The two ports through which the exchange signs and checks signatures, and the text form of what is signed."""

from collections.abc import Iterable
from typing import Protocol


class Signer(Protocol):
    """Signs with this server's own exchange key."""

    def sign(self, content: bytes) -> bytes:
        """Return the signature of ``content``."""
        ...


class Verifier(Protocol):
    """Knows the exchange keys of the peers."""

    def verify(self, server: str, content: bytes, signature: bytes) -> bool:
        """Tell whether ``server`` signed exactly ``content``; False for a server without a known key."""
        ...


def signed_text(kind: str, lines: Iterable[str]) -> bytes:
    """Return one line per field under a title, as C2SP signed notes do: no two statements share their bytes.

    Raises:
        ValueError: a field holds a line break.
    """
    fields = [f"harmonia.sync/1/{kind}", *lines]
    if any("\n" in field for field in fields):
        raise ValueError("a signed field holds a line break")
    return ("\n".join(fields) + "\n").encode()


def read_signed_text(kind: str, content: bytes, count: int) -> list[str]:
    """Read back the ``count`` fields that ``signed_text`` wrote under this title.

    Raises:
        ValueError: it is another statement, or not the one written form.
    """
    title, *fields = content.decode().split("\n")[:-1]
    if len(fields) != count or signed_text(kind, fields) != content or title != f"harmonia.sync/1/{kind}":
        raise ValueError(f"not a {kind}")
    return fields


def is_statement(kind: str, content: bytes) -> bool:
    """Tell whether the bytes claim to be a statement of this kind."""
    return content.startswith(f"harmonia.sync/1/{kind}\n".encode())
