"""What concerns a login that exists: who it is (userinfo) and ending it (RP-initiated logout)."""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.auth.domain.errors import TokenRefused
from services.auth.provider.desk import Desk, read_fields
from services.auth.provider.protocol import OAuthRefusal


class SessionEndpoints:
    """Answers ``/userinfo`` and ``/logout``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def userinfo(self, request: Request) -> Response:
        """Tell who the bearer of an access token is, while the login behind it lives."""
        try:
            claims = await self._bearer(request)
        except TokenRefused:
            return JSONResponse(
                {"error": "invalid_token"}, 401, {"WWW-Authenticate": 'Bearer realm="harmonia", error="invalid_token"'}
            )
        told = ("sub", "preferred_username", "name", "email")
        return JSONResponse({name: claims[name] for name in told if name in claims})

    async def end(self, request: Request) -> Response:
        """End the login that an ID token names, or ask the person first when none is given."""
        fields = await read_fields(request)
        if "csrf" in fields:
            return await self._end_here(request, fields)
        if "id_token_hint" not in fields:
            form_token = self._desk.form_token(request)
            response: Response = self._desk.pages.logout(form_token)
            self._desk.cookies.put(response, self._desk.cookies.form, form_token)
            return response
        try:
            claims = self._identity(fields["id_token_hint"])
        except TokenRefused:
            return self._desk.pages.refused("La demande de déconnexion n'est pas valable.")
        await self._desk.stores.logins.end(str(claims["sid"]), self._desk.clock.now())
        return self._ended(await self._way_back(str(claims["aud"]), fields))

    async def _end_here(self, request: Request, fields: dict[str, str]) -> Response:
        try:
            self._desk.refuse_forgery(request, fields)
        except TokenRefused as refusal:
            return self._desk.pages.refused(refusal.message, 403)
        login = await self._desk.current_login(request)
        if login is not None:
            await self._desk.stores.logins.end(login.sid, self._desk.clock.now())
        return self._ended(None)

    def _ended(self, way_back: str | None) -> Response:
        response: Response = RedirectResponse(way_back, 303) if way_back else self._desk.pages.logged_out()
        self._desk.cookies.drop(response, self._desk.cookies.login)
        return response

    async def _way_back(self, client_id: str, fields: dict[str, str]) -> str | None:
        client = await self._desk.stores.clients.by_id(client_id)
        wanted = fields.get("post_logout_redirect_uri", "")
        if client is None or wanted not in client.post_logout_redirect_uris:
            return None
        joint = "&" if "?" in wanted else "?"
        return f"{wanted}{joint}{urlencode({'state': fields['state']})}" if "state" in fields else wanted

    def _identity(self, token: str) -> dict[str, Any]:
        desk = self._desk
        claims: dict[str, Any] = desk.keys.read(token, desk.clock, issuer=desk.issuer, expired_is_fine=True)
        if claims.get("typ") != "ID":
            raise TokenRefused
        return claims

    async def _bearer(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise TokenRefused
        desk = self._desk
        claims: dict[str, Any] = desk.keys.read(token, desk.clock, issuer=desk.issuer)
        if claims.get("typ") != "Bearer" or desk.mint.audience not in claims.get("aud", ()):
            raise TokenRefused
        login = await desk.stores.logins.by_sid(str(claims.get("sid", "")))
        account = await desk.stores.accounts.by_subject(str(claims["sub"]))
        if login is None or not login.is_alive(desk.clock.now()) or account is None or not account.is_active:
            raise TokenRefused
        return claims


def refusal_as_json(refusal: OAuthRefusal) -> JSONResponse:
    """Tell an application why it is refused, in the form of RFC 6749 §5.2."""
    body = {"error": refusal.error}
    if refusal.description:
        body["error_description"] = refusal.description
    headers = {"WWW-Authenticate": 'Basic realm="harmonia"'} if refusal.status == 401 else {}
    return JSONResponse(body, refusal.status, headers)
