"""What the endpoints of the provider share: its stores, its keys, its clock, and how it reads requests and cookies."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from chassis.clock import Clock
from services.auth.domain.errors import TokenRefused
from services.auth.domain.login import Login
from services.auth.provider.gatekeeper import Gatekeeper
from services.auth.provider.keys import ProviderKeys
from services.auth.provider.pages import Pages
from services.auth.provider.protocol import OAuthRefusal, parse_form
from services.auth.provider.tokens import TokenMint, fingerprint
from services.auth.usecases.identity_ports import Accounts, Clients, Codes, Logins, RefreshTokens

_LONGEST_BODY = 16 * 1024
_DEVICE_TYP = "device+jwt"
_DEVICE_DAYS = 180


@dataclass(frozen=True, slots=True)
class ProviderStores:
    """Where the provider keeps what it knows."""

    accounts: Accounts
    clients: Clients
    logins: Logins
    codes: Codes
    refresh_tokens: RefreshTokens


class Cookies:
    """Names and attributes of the provider's cookies.

    Cookies ignore ports, so five providers on one machine would overwrite each other's: the name carries a fingerprint of
    the issuer. Over https they are ``__Host-`` cookies.
    """

    def __init__(self, issuer: str) -> None:
        suffix = hashlib.sha256(issuer.encode()).hexdigest()[:8]
        self._is_secure = issuer.startswith("https://")
        prefix = "__Host-" if self._is_secure else ""
        self.login, self.form, self.device = (f"{prefix}harmonia_{use}_{suffix}" for use in ("sso", "form", "device"))

    def put(self, response: Response, name: str, value: str, days: int | None = None) -> None:
        """Set a cookie for this host only, unseen by scripts; without ``days`` it ends with the browser."""
        age = None if days is None else days * 86400
        response.set_cookie(name, value, max_age=age, secure=self._is_secure, httponly=True, samesite="lax")

    def drop(self, response: Response, name: str) -> None:
        """Delete a cookie."""
        response.delete_cookie(name, secure=self._is_secure, httponly=True, samesite="lax")


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything an endpoint needs."""

    issuer: str
    stores: ProviderStores
    keys: ProviderKeys
    mint: TokenMint
    gatekeeper: Gatekeeper
    pages: Pages
    cookies: Cookies
    clock: Clock

    async def current_login(self, request: Request) -> Login | None:
        """Return the live login of this browser, if its account may still log in."""
        token = request.cookies.get(self.cookies.login, "")
        login = await self.stores.logins.by_token(fingerprint(token)) if token else None
        if login is None or not login.is_alive(self.clock.now()):
            return None
        account = await self.stores.accounts.by_subject(login.subject)
        return login if account is not None and account.is_active else None

    def form_token(self, request: Request) -> str:
        """Return the browser's anti-forgery token, a new one if it has none."""
        return request.cookies.get(self.cookies.form) or secrets.token_urlsafe(32)

    def refuse_forgery(self, request: Request, fields: dict[str, str]) -> None:
        """Let a form pass only if this browser asked for it here.

        Raises:
            TokenRefused: the form comes from elsewhere, or its token is not the browser's.
        """
        origin = request.headers.get("origin")
        kept = request.cookies.get(self.cookies.form, "")
        is_ours = origin is None or origin == origin_of(self.issuer)
        if not is_ours or not kept or not hmac.compare_digest(kept.encode(), fields.get("csrf", "").encode()):
            raise TokenRefused("Ce formulaire n'a pas été demandé par ce navigateur.")

    def known_device(self, request: Request, username: str) -> str | None:
        """Return the identifier of this browser if this very account logged in from it before."""
        try:
            claims = self.keys.read(
                request.cookies.get(self.cookies.device, ""), self.clock, issuer=self.issuer, typ=_DEVICE_TYP
            )
        except TokenRefused:
            return None
        return str(claims["jti"]) if claims["sub"] == username.strip().lower() else None

    def remember_device(self, response: Response, username: str) -> None:
        """Give the browser a signed statement that this account logged in from it."""
        expiry = int(self.clock.now().timestamp()) + _DEVICE_DAYS * 86400
        claims = {"iss": self.issuer, "sub": username, "jti": secrets.token_urlsafe(16), "exp": expiry}
        self.cookies.put(response, self.cookies.device, self.keys.sign(claims, _DEVICE_TYP), _DEVICE_DAYS)


async def read_fields(request: Request) -> dict[str, str]:
    """Read the parameters of a request, from the query of a GET or the form of a POST, never both.

    Raises:
        OAuthRefusal: malformed, too big, or not a form.
    """
    if request.method != "POST":
        return parse_form(request.url.query)
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise OAuthRefusal("invalid_request", "a form is expected")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY:
            raise OAuthRefusal("invalid_request", "the form is too big", 413)
    try:
        return parse_form(body.decode("ascii"))
    except UnicodeDecodeError as wrong:
        raise OAuthRefusal("invalid_request", "the form is not ASCII") from wrong


def origin_of(url: str) -> str:
    """Return scheme, host and port of a URL, as a browser writes an origin."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
