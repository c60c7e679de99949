"""The authorization endpoint and the login page: from an application's request to a one-time code."""

import hmac
import secrets
from datetime import timedelta
from urllib.parse import urlencode
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from chassis.errors import Failure
from chassis.logging import log
from services.auth.domain.account import Account
from services.auth.domain.errors import TokenRefused, TooManyAttempts
from services.auth.domain.login import LOGIN_LIFETIME, Login
from services.auth.provider.desk import Desk, read_fields
from services.auth.provider.gatekeeper import WrongCredentials
from services.auth.provider.protocol import AuthorizationRequest, OAuthRefusal
from services.auth.provider.tokens import fingerprint, seconds

_TICKET_TYP = "login-request+jwt"
_TICKET_LIFETIME = timedelta(minutes=15)
_log = log("auth.provider")


class Authorize:
    """Answers ``/auth`` and ``/login``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, request: Request) -> Response:
        """Give a code at once to a browser that is logged in, or show it the login page."""
        try:
            fields = await read_fields(request)
        except OAuthRefusal:
            return self._desk.pages.refused("La demande de connexion est mal formée.")
        if not await self._is_known(fields.get("client_id", ""), fields.get("redirect_uri", "")):
            return self._desk.pages.refused("L'application ou son adresse de retour n'est pas enregistrée ici.")
        try:
            asked = AuthorizationRequest.parse(fields)
            login = await self._desk.current_login(request)
            if login is not None and self._is_enough(asked, login):
                return await self._send_code(asked, login)
        except OAuthRefusal as refusal:
            return self._send_back(fields["redirect_uri"], fields.get("state", ""), **_told(refusal))
        if "none" in asked.prompts:
            return self._send_back(asked.redirect_uri, asked.state, error="login_required")
        return self._show_login(request, asked, asked.login_hint, is_again=login is not None)

    async def log_in(self, request: Request) -> Response:
        """Check the name and the password typed into the login page, then send the browser back with a code."""
        desk = self._desk
        try:
            fields = await read_fields(request)
            desk.refuse_forgery(request, fields)
            asked = self._asked(request, fields.get("ticket", ""))
        except (OAuthRefusal, TokenRefused):
            return desk.pages.refused("Cette page de connexion n'est plus valable.", 403)
        if not await self._is_known(asked.client_id, asked.redirect_uri):
            return desk.pages.refused("L'application ou son adresse de retour n'est pas enregistrée ici.")
        before = await desk.current_login(request)
        username = fields.get("username", "")
        device = desk.known_device(request, username)
        try:
            account = await desk.gatekeeper.admit(username, fields.get("password", ""), _address(request), device)
        except (WrongCredentials, TooManyAttempts) as refusal:
            _log.info("login refused", reason=refusal.reason)
            return self._show_login(request, asked, username[:64], is_again=before is not None, refusal=refusal)
        token, login = await self._prove(account, before)
        _log.info("login", subject=account.subject, sid=login.sid)
        response = await self._send_code(asked, login)
        desk.cookies.put(response, desk.cookies.login, token)
        desk.cookies.drop(response, desk.cookies.form)
        if device is None:
            desk.remember_device(response, account.username)
        return response

    async def _is_known(self, client_id: str, redirect_uri: str) -> bool:
        client = await self._desk.stores.clients.by_id(client_id)
        if client is None or not client.is_active or "authorization_code" not in client.grant_types:
            return False
        return client.accepts_redirect(redirect_uri)

    def _is_enough(self, asked: AuthorizationRequest, login: Login) -> bool:
        if {"login", "select_account"} & set(asked.prompts):
            return False
        age = self._desk.clock.now() - login.authenticated_at
        return asked.max_age is None or (asked.max_age > 0 and age <= timedelta(seconds=asked.max_age))

    async def _prove(self, account: Account, before: Login | None) -> tuple[str, Login]:
        """Open a login under a new cookie, so that a planted one is worth nothing (session fixation)."""
        now = self._desk.clock.now()
        token = secrets.token_urlsafe(32)
        if before is not None and before.subject == account.subject:
            login = before.proven_again(fingerprint(token), now)
        else:
            if before is not None:
                await self._desk.stores.logins.end(before.sid, now)
            login = Login(str(uuid4()), fingerprint(token), account.subject, now, now + LOGIN_LIFETIME)
        await self._desk.stores.logins.put(login)
        return token, login

    async def _send_code(self, asked: AuthorizationRequest, login: Login) -> Response:
        code, kept = self._desk.mint.code(asked, login)
        await self._desk.stores.codes.add(kept)
        return self._send_back(asked.redirect_uri, asked.state, code=code)

    def _send_back(self, redirect_uri: str, state: str, **answer: str) -> Response:
        """Redirect to the application; ``iss`` lets it notice an answer from another provider (RFC 9207)."""
        parameters = {**answer, **({"state": state} if state else {}), "iss": self._desk.issuer}
        joint = "&" if "?" in redirect_uri else "?"
        return RedirectResponse(f"{redirect_uri}{joint}{urlencode(parameters)}", status_code=303)

    def _show_login(
        self,
        request: Request,
        asked: AuthorizationRequest,
        username: str,
        *,
        is_again: bool,
        refusal: Failure | None = None,
    ) -> Response:
        desk = self._desk
        form_token = desk.form_token(request)
        expiry = seconds(desk.clock.now() + _TICKET_LIFETIME)
        ticket = {"iss": desk.issuer, "exp": expiry, "csrf": fingerprint(form_token), "asked": asked.claims()}
        html = desk.pages.login(
            ticket=desk.keys.sign(ticket, _TICKET_TYP),
            csrf=form_token,
            username=username,
            is_again=is_again,
            message=refusal.message if refusal else "",
        )
        status = 200 if refusal is None else 429 if isinstance(refusal, TooManyAttempts) else 401
        response = desk.pages.answer(html, status, asked.redirect_uri)
        desk.cookies.put(response, desk.cookies.form, form_token)
        return response

    def _asked(self, request: Request, ticket: str) -> AuthorizationRequest:
        claims = self._desk.keys.read(ticket, self._desk.clock, issuer=self._desk.issuer, typ=_TICKET_TYP)
        kept = fingerprint(request.cookies.get(self._desk.cookies.form, ""))
        if not hmac.compare_digest(str(claims["csrf"]), kept):
            raise TokenRefused
        return AuthorizationRequest.from_claims(claims["asked"])


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else "unknown"


def _told(refusal: OAuthRefusal) -> dict[str, str]:
    told = {"error": refusal.error}
    return told | {"error_description": refusal.description} if refusal.description else told
