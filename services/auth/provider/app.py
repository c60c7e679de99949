"""Puts the provider's endpoints together as an ASGI application."""

from collections.abc import MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.clock import Clock
from services.auth.domain.errors import ProviderNotForProduction
from services.auth.provider.authorize import Authorize
from services.auth.provider.desk import Cookies, Desk, ProviderStores
from services.auth.provider.gatekeeper import Gatekeeper
from services.auth.provider.keys import ALGORITHM, ProviderKeys
from services.auth.provider.pages import ALWAYS, Pages
from services.auth.provider.protocol import SCOPES, OAuthRefusal
from services.auth.provider.session_endpoints import SessionEndpoints, refusal_as_json
from services.auth.provider.token_endpoint import TokenEndpoint
from services.auth.provider.tokens import TokenMint
from services.auth.usecases.identity_ports import Attempts, Passwords

_ENDPOINTS = "/protocol/openid-connect"


def provider_app(
    issuer: str,
    stores: ProviderStores,
    keys: ProviderKeys,
    clock: Clock,
    *,
    passwords: Passwords,
    attempts: Attempts,
    audience: str,
    server: str,
    is_production: bool = False,
) -> Starlette:
    """Build the embedded OpenID provider.

    Args:
        issuer: address that browsers and services reach it by, without a final slash; its path is where it answers.
        stores: accounts, clients, logins, codes and refresh tokens.
        keys: signing keys.
        clock: the time.
        passwords: password hashing.
        attempts: budgets of wrong passwords.
        audience: what access tokens are for (``aud``): the services of this stack.
        server: name of the server shown on the pages.
        is_production: refuse.

    Raises:
        ProviderNotForProduction: in production people are known to Keycloak, not to us.
    """
    if is_production:
        raise ProviderNotForProduction
    base = urlsplit(issuer).path
    mint = TokenMint(issuer, audience, keys, clock)
    gatekeeper = Gatekeeper(stores.accounts, passwords, attempts)
    pages = Pages(server, f"{base}{_ENDPOINTS}")
    desk = Desk(issuer, stores, keys, mint, gatekeeper, pages, Cookies(issuer), clock)
    routes = [Mount(base, routes=_routes(desk))] if base else _routes(desk)
    app = Starlette(routes=routes, exception_handlers={OAuthRefusal: _tell})
    app.add_middleware(_SafeHeaders)
    return app


def _routes(desk: Desk) -> list[Route]:
    authorize, sessions, tokens = Authorize(desk), SessionEndpoints(desk), TokenEndpoint(desk)

    async def discovery(_request: Request) -> Response:
        return JSONResponse(_discovery(desk.issuer), headers={"Cache-Control": "max-age=300"})

    async def jwks(_request: Request) -> Response:
        return JSONResponse(desk.keys.jwks(), headers={"Cache-Control": "max-age=300"})

    async def style(_request: Request) -> Response:
        return desk.pages.style()

    return [
        Route("/.well-known/openid-configuration", discovery),
        Route(f"{_ENDPOINTS}/certs", jwks),
        Route(f"{_ENDPOINTS}/style.css", style),
        Route(f"{_ENDPOINTS}/auth", authorize.ask, methods=["GET", "POST"]),
        Route(f"{_ENDPOINTS}/login", authorize.log_in, methods=["POST"]),
        Route(f"{_ENDPOINTS}/token", tokens.exchange, methods=["POST"]),
        Route(f"{_ENDPOINTS}/userinfo", sessions.userinfo, methods=["GET", "POST"]),
        Route(f"{_ENDPOINTS}/logout", sessions.end, methods=["GET", "POST"]),
    ]


def _discovery(issuer: str) -> dict[str, Any]:
    at = f"{issuer}{_ENDPOINTS}"
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{at}/auth",
        "token_endpoint": f"{at}/token",
        "userinfo_endpoint": f"{at}/userinfo",
        "end_session_endpoint": f"{at}/logout",
        "jwks_uri": f"{at}/certs",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "scopes_supported": list(SCOPES),
        "claims_supported": [
            *("sub", "iss", "aud", "azp", "exp", "iat", "auth_time", "nonce", "acr", "sid"),
            *("preferred_username", "name", "email", "realm_access"),
        ],
        "prompt_values_supported": ["none", "login"],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "ui_locales_supported": ["fr"],
    }


def _tell(_request: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, OAuthRefusal):
        raise refusal
    return refusal_as_json(refusal)


class _SafeHeaders:
    """Puts the always-present security headers on every answer that did not set its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                _complete(message)
            await send(message)

        await self._app(scope, receive, send_safely if scope["type"] == "http" else send)


def _complete(message: MutableMapping[str, Any]) -> None:
    headers = MutableHeaders(raw=message["headers"])
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    message["headers"] = headers.raw
