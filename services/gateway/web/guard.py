"""Around every request: one trace, the safe headers, the size limits, the right host, and an answer whatever happens."""

import asyncio
import traceback
from collections.abc import Mapping
from urllib.parse import urlsplit

from opentelemetry.trace import SpanKind, Status, StatusCode
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.logging import log
from chassis.rpc.failures import InternalFailure
from chassis.telemetry import context_of, tracer
from services.gateway.web.desk import Place
from services.gateway.web.errors import TooLarge, answer

LARGEST_FORM = 2 * 1024 * 1024
"""Bytes of a request that carries no file: the widest form page is under half of it."""
_ROOM_FOR_FIELDS = 64 * 1024
_MOST_DRAINED = 512 * 1024 * 1024
_DRAIN_SECONDS = 60.0
_ANY_HOST = ("/api/", "/feeds/", "/static/", "/healthz", "/readyz")
_log = log("gateway")


class Guard:
    """The outermost layer of our own.

    The trace begins here: a `traceparent` that a browser or a partner sends is not believed.
    """

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self._app, self._place = app, place
        self._headers = safe_headers(place)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        with tracer.start_as_current_span(
            f"{request.method} {_route(request.url.path)}",
            context=context_of(""),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": request.method},
        ) as span:
            limit = _largest(request, self._place) + _ROOM_FOR_FIELDS
            exchange = _Exchange(receive, send, self._headers, limit, span_id=_trace_id(span))
            response = self._refused(request)
            try:
                if response is not None:
                    await response(scope, receive, exchange.send)
                elif _declared(request) > exchange.limit:
                    await self._refuse_size(request, exchange)
                else:
                    await self._app(scope, exchange.receive, exchange.send)
            except _OverLimit:
                await self._refuse_size(request, exchange)
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR))
                # As text: a renderer that shows local variables would show tokens.
                stack = "".join(traceback.format_exception(error))
                _log.error("request failed", path=request.url.path, exception=stack)
                if not exchange.has_begun:
                    await answer(request, InternalFailure())(scope, receive, exchange.send)
            span.set_attribute("http.response.status_code", exchange.status)

    def _refused(self, request: Request) -> Response | None:
        """Send a browser that came by another name to the one name whose cookies and redirects hold."""
        host = urlsplit(self._place.public_url).netloc
        if request.url.path.startswith(_ANY_HOST) or request.headers.get("host", "") == host:
            return None
        if request.method not in ("GET", "HEAD"):
            return Response("This server is known by another name.", 421, media_type="text/plain")
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{self._place.public_url}{request.url.path}{query}", 307)

    async def _refuse_size(self, request: Request, exchange: "_Exchange") -> None:
        # A browser that is cut while it sends shows a broken connection instead of the page: let it finish, within reason.
        if request.headers.get("expect", "").lower() != "100-continue":
            await exchange.drain()
        if not exchange.has_begun:
            response = answer(request, TooLarge(_largest(request, self._place)))
            response.headers["Connection"] = "close"
            await response(request.scope, exchange.receive, exchange.send)


class _OverLimit(Exception):
    """More arrived than the limit."""


class _Exchange:
    """Counts what comes in, and puts the headers on what goes out."""

    def __init__(self, receive: Receive, send: Send, headers: Mapping[str, str], limit: int, span_id: str) -> None:
        self._receive, self._send, self._headers = receive, send, headers
        self.limit, self._trace_id = limit, span_id
        self._received = 0
        self._is_complete = False
        self.has_begun = False
        self.status = 0

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
            if self._received > self.limit:
                raise _OverLimit
        return message

    async def drain(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self._is_complete and self._received < _MOST_DRAINED:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        return
                    self._received += len(message.get("body", b""))
                    self._is_complete = not message.get("more_body", False)
        except TimeoutError:
            return

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun, self.status = True, message["status"]
            headers = MutableHeaders(raw=list(message["headers"]))
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            if self._trace_id:
                headers["X-Trace-Id"] = self._trace_id
            message = {**message, "headers": headers.raw}
        await self._send(message)


def safe_headers(place: Place) -> dict[str, str]:
    """Return the headers of every answer; no script but our own files, no frame, no other origin but the identity provider for forms."""
    issuer = urlsplit(place.issuer)
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; "
            "base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {issuer.scheme}://{issuer.netloc}"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        # `no-referrer` would make browsers send `Origin: null` with our own forms.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
    if place.public_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


def _largest(request: Request, place: Place) -> int:
    """Return how many bytes this address takes, the fields around a file left out."""
    path = request.url.path
    if path.endswith("/attachments"):
        return place.largest_attachment
    takes_file = path.endswith(("/import", "/imports")) or path == "/verify"
    return place.largest_upload if takes_file else LARGEST_FORM


def _declared(request: Request) -> int:
    text = request.headers.get("content-length", "0")
    return int(text) if text.isascii() and text.isdigit() else 0


def _route(path: str) -> str:
    """Return the first part of a path: span names must not carry identifiers."""
    return "/" + path.removeprefix("/").partition("/")[0][:24]


def _trace_id(span: object) -> str:
    context = span.get_span_context()  # type: ignore[attr-defined]
    return format(context.trace_id, "032x") if context.is_valid else ""
