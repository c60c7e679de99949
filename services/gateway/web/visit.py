"""One request of a person: who it is, in which language, and the ways to answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Match

from chassis.errors import Forbidden
from services.gateway.clients.answers import Filing, Passport
from services.gateway.clients.ports import Services
from services.gateway.web.desk import Desk, desk_of
from services.gateway.web.fields import CSRF, REQUEST_ID, Upload, read_fields, read_upload, refuse_foreign
from services.gateway.web.sessions import Session, SignInNeeded
from services.gateway.web.wording import LANGUAGES, Wording, preferred

_LONGEST_ID = 64


class FormStale(Forbidden):
    """Cette page date d'une autre connexion : rien n'a été enregistré."""

    reason = "FORM_STALE"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page needs of the request it answers."""

    request: Request
    desk: Desk
    wording: Wording
    session: Session | None

    @property
    def person(self) -> Session:
        """The session.

        Raises:
            SignInNeeded: nobody is signed in.
        """
        if self.session is None:
            raise SignInNeeded
        return self.session

    @property
    def passport(self) -> Passport:
        """The person's passport.

        Raises:
            SignInNeeded: nobody is signed in.
        """
        return self.person.passport

    @property
    def services(self) -> Services:
        """The services, acting for this person.

        Raises:
            SignInNeeded: nobody is signed in.
        """
        return self.desk.acting_for(self.passport.token)

    def may(self, permission: str, filing: Filing) -> bool:
        """Tell whether to offer something on a filing; the services decide again."""
        return self.passport.may(permission, filing.identity.body)

    def require_everywhere(self, permission: str) -> None:
        """Let in whoever holds a permission on the whole server; for pages that ask no service which would refuse.

        Raises:
            Forbidden: the person does not.
        """
        if not self.passport.may_everywhere(permission):
            raise Forbidden

    async def page(self, template: str, values: Mapping[str, Any] | None = None, status: int = 200) -> Response:
        """Answer with a page."""
        note = await self.desk.sessions.told(self.session) if self.session else ""
        return self.bare_page(template, {"note": note, **(values or {})}, status)

    def bare_page(self, template: str, values: Mapping[str, Any], status: int = 200) -> Response:
        """Answer with a page, asking nobody anything: for failures too."""
        common = {
            "_": self.wording,
            "language": self.wording.language,
            "person": self.session.passport if self.session else None,
            "csrf": self.session.csrf if self.session else "",
            "request_id": str(self.desk.identifiers.next()),
            "path": self.request.url.path,
            "in_language": {language: _in_language(self.request, language) for language in LANGUAGES},
            "note": "",
            "still_here": "",
        }
        response = HTMLResponse(self.desk.pages.render(template, {**common, **values}), status)
        response.headers["Content-Language"] = self.wording.language
        asked = self.request.query_params.get("lang", "")
        if asked == self.wording.language:
            self.desk.sessions.put_cookie(response, self.desk.sessions.language_cookie, asked)
        return response

    async def go(self, path: str, note: str = "") -> Response:
        """Send the browser to a page of ours, with a note to show there."""
        if note and self.session:
            await self.desk.sessions.tell(self.session, note)
        return RedirectResponse(quote(path, safe="/?=&#%.:-_~"), status_code=303)

    def from_here(self) -> None:
        """Refuse what another site sends.

        Raises:
            ForeignOrigin: another site sends it.
        """
        refuse_foreign(self.request, self.desk.place.public_url)

    async def fields(self, *known: str, prefixes: tuple[str, ...] = ()) -> dict[str, str]:
        """Return what the page's form sent, after proving that it is our page and this person's.

        Raises:
            SignInNeeded: nobody is signed in.
            ForeignOrigin: another site sends it.
            FormStale: the form's secret is not the session's.
            FormMalformed: unknown or repeated fields.
        """
        self.from_here()
        session = self.person
        fields = await read_fields(self.request, {CSRF, REQUEST_ID, *known}, prefixes)
        # For the page of a failure that nobody foresaw, made where the body cannot be read again.
        self.request.state.sent = fields
        _refuse_forgery(session, fields)
        return fields

    async def upload(self, *known: str, file_field: str = "file") -> Upload:
        """Return the uploaded file, after the same proofs.

        Raises:
            SignInNeeded: nobody is signed in.
            ForeignOrigin: another site sends it.
            FormStale: the form's secret is not the session's.
            FormMalformed: unknown or repeated parts.
        """
        self.from_here()
        session = self.person
        upload = await read_upload(self.request, {CSRF, REQUEST_ID, *known}, file_field)
        _refuse_forgery(session, upload.fields)
        return upload

    def request_id(self, fields: Mapping[str, str]) -> str:
        """Return the identifier that makes a repeat of this form harmless; a new one when the form has none."""
        return fields.get(REQUEST_ID, "")[:_LONGEST_ID] or str(self.desk.identifiers.next())


def _in_language(request: Request, language: str) -> str:
    """Return the address of the same page in a language."""
    asked = request.query_params.multi_items() if request.method == "GET" else []
    return f"{page_behind(request)}?{urlencode([*(one for one in asked if one[0] != 'lang'), ('lang', language)])}"


def page_behind(request: Request) -> str:
    """Return the path of the page, or of the page whose form was sent: an address that only takes forms shows none."""
    path, routes = request.url.path, request.app.router.routes
    while path != "/":
        scope = {**request.scope, "method": "GET", "path": path}
        if any(route.matches(scope)[0] is Match.FULL for route in routes):
            return path
        path = path.rpartition("/")[0] or "/"
    return path


def _refuse_forgery(session: Session, fields: Mapping[str, str]) -> None:
    if not session.shows(fields.get(CSRF, "")):
        raise FormStale


def wording_of(request: Request, desk: Desk) -> Wording:
    """Return the language to answer in."""
    return Wording(
        preferred(
            request.query_params.get("lang", ""),
            request.cookies.get(desk.sessions.language_cookie, ""),
            request.headers.get("accept-language", ""),
        )
    )


async def _visit(request: Request) -> Visit:
    desk = desk_of(request)
    session = await desk.sessions.current(request)
    visit = Visit(request, desk, wording_of(request, desk), session)
    request.state.visit = visit
    return visit


Visitor = Annotated[Visit, Depends(_visit)]
"""Parameter of a page: the visit, signed in or not."""


def safe_path(path: str) -> str:
    """Return a path of this server to return to; home for anything that could lead elsewhere."""
    parts = urlsplit(path)
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and not parts.netloc and path.isprintable()
    return path if is_ours and "\\" not in path and len(path) < 500 else "/"


def named(allowed: Collection[str], value: str) -> str:
    """Return the value if it is one of those allowed, else the empty text."""
    return value if value in allowed else ""
