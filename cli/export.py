"""`harmonia export`: save a filing in one of the published formats, as it is now or as a version was signed."""

import sys
from pathlib import Path
from typing import Protocol

FORMATS = ("csv", "xlsx", "json", "xbrl-json", "xbrl-csv", "taxonomy")
STANDARD_OUTPUT = Path("-")

WRITTEN = 0
"""Exit code: the file is written."""
REFUSED = 2
"""Exit code: an argument is wrong, or the file cannot be written."""


class Downloads(Protocol):
    """What gives a file of a server: `cli.servers.ServerClient`."""

    def download(self, path: str, **options: object) -> tuple[bytes, str]:
        """Return the bytes and the name the server gives them."""
        ...


def export_command(
    client: Downloads, filing: str, chosen: str = "csv", version: int = 0, output: Path | None = None
) -> int:
    """Save one filing and print where; return the exit code (0 or 2).

    Args:
        client: the server, as the signed-in person; what it raises goes to the caller.
        filing: identifier of the filing.
        chosen: one of `FORMATS`.
        version: a signed version, 0 for the filing as it is now.
        output: a file, a folder, or `-` for the standard output; the server's name in the current folder when None.
    """
    if chosen not in FORMATS:
        print(f"Format inconnu : {chosen}. Formats : {', '.join(FORMATS)}.", file=sys.stderr)
        return REFUSED
    content, name = client.download(f"/filings/{filing}/export/{chosen}", params={"version": version})
    return save(content, name or f"{filing}.{chosen}", output)


def save(content: bytes, name: str, output: Path | None) -> int:
    """Write what a server gave, and print where; return the exit code (0 or 2)."""
    if output == STANDARD_OUTPUT:
        sys.stdout.buffer.write(content)
        return WRITTEN
    # The name comes from a server: only its last part, so that it cannot point elsewhere.
    safe_name = Path(name).name
    path = output or Path(safe_name)
    path = path / safe_name if path.is_dir() else path
    try:
        path.write_bytes(content)
    except OSError as error:
        print(f"{path} ne peut pas être écrit : {error.strerror}.", file=sys.stderr)
        return REFUSED
    print(path)
    return WRITTEN
