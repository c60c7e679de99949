"""Sessions on servers, kept for the next command in a file that only its owner can read; and calls to a server's interface."""

import json
import os
import time
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2

from chassis.tls import write_private
from cli.login import LoginRefused, refresh

EARLY_SECONDS = 20


class NotSignedIn(RuntimeError):
    """There is no session on this server; `harmonia login` opens one."""


class Refused(RuntimeError):
    """The server answered no.

    Attributes:
        status: HTTP status.
        problem: the problem document (RFC 9457), with `detail`, `reason` and `violations` where there are some.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or f"HTTP {status}")
        self.status, self.problem = status, problem


@dataclass(frozen=True, slots=True)
class Session:
    """Tokens on one server."""

    issuer: str
    access_token: str
    refresh_token: str
    expires_at: float


def sessions_file() -> Path:
    """Return where sessions are kept: `HARMONIA_SESSIONS`, or the user's state folder."""
    if chosen := os.environ.get("HARMONIA_SESSIONS"):
        return Path(chosen)
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "harmonia" / "sessions.json"


class Sessions:
    """The sessions of this user, by server address."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, server: str) -> Session | None:
        """Return the session on a server."""
        stored = self._read().get(server)
        return Session(**stored) if stored else None

    def put(self, server: str, issuer: str, tokens: dict[str, Any]) -> Session:
        """Keep the tokens of a server."""
        session = Session(
            issuer,
            tokens["access_token"],
            tokens.get("refresh_token", ""),
            time.time() + float(tokens.get("expires_in", 60)),
        )
        self._write({**self._read(), server: asdict(session)})
        return session

    def forget(self, server: str) -> None:
        """Forget the session on a server."""
        self._write({name: kept for name, kept in self._read().items() if name != server})

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self._path.exists():
            return {}
        stored: dict[str, dict[str, Any]] = json.loads(self._path.read_text())
        return stored

    def _write(self, sessions: dict[str, dict[str, Any]]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self._path, json.dumps(sessions).encode())


class ServerClient:
    """Calls one server's interface (`/api/v1`) as the signed-in person; refreshes the access token when it runs out."""

    def __init__(self, server: str, sessions: Sessions) -> None:
        self.server = server.rstrip("/")
        self._sessions = sessions
        self._http = httpx2.Client(base_url=self.server, timeout=60)

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Return the JSON of an answer, or its bytes when it is not JSON.

        Raises:
            NotSignedIn: no session, or it has run out.
            Refused: the server answered with a problem.
            httpx2.HTTPError: the server does not answer.
        """
        answer = self._send(method, path, **options)
        return answer.json() if _is_json(answer) else answer.content

    def download(self, path: str, **options: Any) -> tuple[bytes, str]:
        """Return a file byte for byte, JSON files included, and the name the server gives it (empty when it gives none).

        Raises:
            NotSignedIn: no session, or it has run out.
            Refused: the server answered with a problem.
            httpx2.HTTPError: the server does not answer.
        """
        answer = self._send("GET", path, **options)
        header = EmailMessage()
        header["Content-Disposition"] = answer.headers.get("content-disposition", "attachment")
        return answer.content, header.get_filename() or ""

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self._token()}", **options.pop("headers", {})}
        answer = self._http.request(method, f"/api/v1{path}", headers=headers, **options)
        if answer.is_success:
            return answer
        problem = answer.json() if _is_json(answer) else {"title": answer.reason_phrase}
        if answer.status_code == 401:
            raise NotSignedIn(problem.get("detail") or f"Connectez-vous : harmonia login --server {self.server}")
        raise Refused(answer.status_code, problem)

    def issuer(self) -> str:
        """Return the issuer of the server's identity provider."""
        answer = self._http.get("/api/v1/server")
        answer.raise_for_status()
        return str(answer.json()["issuer"])

    def _token(self) -> str:
        session = self._sessions.get(self.server)
        if session is None:
            raise NotSignedIn(f"Connectez-vous : harmonia login --server {self.server}")
        if session.expires_at - EARLY_SECONDS > time.time():
            return session.access_token
        try:
            tokens = refresh(session.issuer, session.refresh_token)
        except LoginRefused as error:
            raise NotSignedIn(f"Session terminée. Connectez-vous : harmonia login --server {self.server}") from error
        return self._sessions.put(self.server, session.issuer, tokens).access_token


def _is_json(answer: httpx2.Response) -> bool:
    return "json" in answer.headers.get("content-type", "")
