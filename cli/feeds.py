"""Reads a partner's feed to its end, and keeps the signed containers."""

import hashlib
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.progress import Progress

from cli.servers import Refused

PAGE = 500


KINDS = {"suspension": "SUSPENDUE depuis le {since}", "withdrawal": "RETIRÉE depuis le {since}, plus en vigueur"}
"""What a notice says of a version, in words."""


def read_feed(
    server: str, document: str, client_id: str, secret: str, after: int, folder: Path | None, errors: Console
) -> list[dict[str, Any]]:
    """Return the entries after a cursor, oldest first; containers are kept under their delivery id when a folder is given.

    Containers of versions that are suspended or withdrawn are left where they are: the notice says so.

    Raises:
        Refused: wrong credentials, or the server answered with a problem.
        httpx2.HTTPError: the server does not answer.
    """
    entries: list[dict[str, Any]] = []
    with httpx2.Client(base_url=server.rstrip("/"), auth=(client_id, secret), timeout=60) as http:
        while True:
            page = _checked(http.get(f"/feeds/{document}", params={"after": after, "limit": PAGE})).json()
            entries += page["entries"]
            after = page["next_after"]
            if page["is_complete"]:
                break
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            with Progress(console=errors, transient=True) as progress:
                for entry in progress.track(list(filter(is_to_keep, entries)), description="Téléchargement…"):
                    _keep(http, entry, folder)
    return entries


def is_to_keep(entry: dict[str, Any]) -> bool:
    """Tell whether the entry is a version to rely on, or one that a later version replaced."""
    return entry["kind"] == "release" and entry["standing"] in ("current", "replaced")


def said(entry: dict[str, Any]) -> str:
    """Return one entry as a line: the version it is, or what became of it."""
    identity = entry["identity"]
    line = (
        f"{entry['sequence']}  {identity['body_name']}  {identity['document']} {identity['year']} "
        f"V{entry['version']}  {entry['receipt_number']}"
    )
    if entry["kind"] in KINDS:
        return f"{line}  {KINDS[entry['kind']].format(since=entry['since'])}"
    return f"{line}  remplace V{entry['replaced_version']}" if entry["replaced_version"] else line


def _keep(http: httpx2.Client, entry: dict[str, Any], folder: Path) -> None:
    container = _checked(http.get(f"/feeds/deliveries/{entry['delivery_id']}")).content
    if hashlib.sha256(container).hexdigest() != entry["container_digest"]:
        raise Refused(502, {"detail": f"Le conteneur {entry['delivery_id']} n'a pas l'empreinte annoncée."})
    (folder / f"{entry['delivery_id']}.asice").write_bytes(container)


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_success:
        return answer
    is_json = "json" in answer.headers.get("content-type", "")
    raise Refused(answer.status_code, answer.json() if is_json else {"title": answer.reason_phrase})
