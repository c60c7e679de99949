"""The few pages of the provider: French, plain HTML, no script, under a strict content security policy."""

from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

_TEMPLATES = Path(__file__).parent / "templates"

ALWAYS = {
    "Cache-Control": "no-store",
    "Pragma": "no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}
"""Headers of every answer; pages replace the last one by a policy that lets their form and their style through."""


class Pages:
    """Renders pages for one server of the federation."""

    def __init__(self, server: str, base: str) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._server = server
        self._base = base

    def login(self, *, ticket: str, csrf: str, username: str, is_again: bool, message: str) -> str:
        """Render the login page; ``is_again`` when somebody logged in is asked to prove it once more."""
        return self._render(
            "login.html",
            action=f"{self._base}/login",
            ticket=ticket,
            csrf=csrf,
            username=username,
            is_again=is_again,
            message=message,
        )

    def logout(self, csrf: str) -> HTMLResponse:
        """Ask for a confirmation, so that a link elsewhere cannot log somebody out."""
        return self.answer(self._render("logout.html", is_done=False, action=f"{self._base}/logout", csrf=csrf))

    def logged_out(self) -> HTMLResponse:
        """Say that it is done."""
        return self.answer(self._render("logout.html", is_done=True))

    def refused(self, message: str, status: int = 400) -> HTMLResponse:
        """Show why the request goes nowhere; used when the browser must not be sent to the address it brought."""
        return self.answer(self._render("error.html", message=message), status)

    def style(self) -> Response:
        """Serve the style sheet."""
        css = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
        return Response(css, media_type="text/css", headers={"Cache-Control": "max-age=3600"})

    def answer(self, html: str, status: int = 200, redirect_uri: str = "") -> HTMLResponse:
        """Send a page whose form may post here and then lead to ``redirect_uri``'s origin, and nowhere else."""
        policy = (
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
            f"form-action 'self' {_origin(redirect_uri)}"
        )
        return HTMLResponse(html, status, headers={"Content-Security-Policy": policy.strip()})

    def _render(self, name: str, **values: object) -> str:
        return self._templates.get_template(name).render(server=self._server, style=f"{self._base}/style.css", **values)


def _origin(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
