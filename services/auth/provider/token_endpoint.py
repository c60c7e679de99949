"""The token endpoint: codes, refresh tokens and programs' own secrets become tokens."""

import base64
import binascii
import hmac
from typing import Any
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chassis.logging import log
from services.auth.domain.account import Account, Client
from services.auth.domain.login import Login
from services.auth.provider.desk import Desk, read_fields
from services.auth.provider.protocol import VERIFIER, OAuthRefusal
from services.auth.provider.tokens import ACCESS_LIFETIME, challenge_of, fingerprint, seconds

_log = log("auth.provider")


class TokenEndpoint:
    """Answers ``/token``."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._grants = {
            "authorization_code": self._from_code,
            "refresh_token": self._from_refresh,
            "client_credentials": self._from_secret,
        }

    async def exchange(self, request: Request) -> Response:
        """Exchange what the client brings for tokens.

        Raises:
            OAuthRefusal: told to the client as JSON.
        """
        fields = await read_fields(request)
        client = await self._authenticate(request, fields)
        grant_type = fields.get("grant_type", "")
        grant = self._grants.get(grant_type)
        if grant is None:
            raise OAuthRefusal("unsupported_grant_type")
        if grant_type not in client.grant_types:
            raise OAuthRefusal("unauthorized_client")
        return JSONResponse(await grant(client, fields))

    async def _authenticate(self, request: Request, fields: dict[str, str]) -> Client:
        header = request.headers.get("authorization", "")
        client_id, secret = fields.get("client_id", ""), fields.get("client_secret", "")
        if header:
            if secret:
                raise OAuthRefusal("invalid_request", "two ways of authenticating at once")
            client_id, secret = _basic(header)
        client = await self._desk.stores.clients.by_id(client_id)
        presented = fingerprint(secret) if secret else ""
        expected = (client.secret_hash or "") if client is not None else fingerprint("nobody")
        if not hmac.compare_digest(presented, expected) or client is None or not client.is_active:
            raise OAuthRefusal("invalid_client", status=401)
        return client

    async def _from_code(self, client: Client, fields: dict[str, str]) -> dict[str, Any]:
        now = self._desk.clock.now()
        spent = await self._desk.stores.codes.spend(fingerprint(fields.get("code", "")), now)
        if spent is None:
            raise OAuthRefusal("invalid_grant")
        code, is_first_use = spent
        if not is_first_use:
            _log.warning("authorization code replayed", client=client.client_id, family=code.family)
            await self._desk.stores.refresh_tokens.revoke_family(code.family, now)
            raise OAuthRefusal("invalid_grant")
        verifier = fields.get("code_verifier", "")
        is_proven = VERIFIER.fullmatch(verifier) and hmac.compare_digest(challenge_of(verifier), code.code_challenge)
        is_its_own = code.client_id == client.client_id and code.redirect_uri == fields.get("redirect_uri")
        if not is_proven or not is_its_own or now >= code.expires_at:
            raise OAuthRefusal("invalid_grant")
        account, login = await self._alive(code.sid)
        return await self._tokens(client, account, login, code.scope, code.family, code.nonce)

    async def _from_refresh(self, client: Client, fields: dict[str, str]) -> dict[str, Any]:
        now = self._desk.clock.now()
        spent = await self._desk.stores.refresh_tokens.spend(fingerprint(fields.get("refresh_token", "")), now)
        if spent is None:
            raise OAuthRefusal("invalid_grant")
        token, is_good = spent
        if not is_good or token.client_id != client.client_id:
            _log.warning("refresh token reused", client=client.client_id, family=token.family)
            await self._desk.stores.refresh_tokens.revoke_family(token.family, now)
            raise OAuthRefusal("invalid_grant")
        if now >= token.expires_at:
            raise OAuthRefusal("invalid_grant")
        if not set(fields.get("scope", "").split()) <= set(token.scope.split()):
            raise OAuthRefusal("invalid_scope")
        account, login = await self._alive(token.sid)
        return await self._tokens(client, account, login, token.scope, token.family, "")

    async def _from_secret(self, client: Client, _fields: dict[str, str]) -> dict[str, Any]:
        if client.secret_hash is None:
            raise OAuthRefusal("unauthorized_client")
        return {
            "access_token": self._desk.mint.software(client),
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "scope": "",
        }

    async def _alive(self, sid: str) -> tuple[Account, Login]:
        login = await self._desk.stores.logins.by_sid(sid)
        if login is None or not login.is_alive(self._desk.clock.now()):
            raise OAuthRefusal("invalid_grant", "the session has ended")
        account = await self._desk.stores.accounts.by_subject(login.subject)
        if account is None or not account.is_active:
            raise OAuthRefusal("invalid_grant", "the session has ended")
        return account, login

    async def _tokens(
        self, client: Client, account: Account, login: Login, scope: str, family: str, nonce: str
    ) -> dict[str, Any]:
        access_token = self._desk.mint.access(client, account, login, scope)
        answer: dict[str, Any] = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFETIME.total_seconds()),
            "id_token": self._desk.mint.identity(client, account, login, nonce, access_token),
            "scope": scope,
            "session_state": login.sid,
        }
        if "refresh_token" in client.grant_types:
            token, kept = self._desk.mint.refresh(family, client, scope, login)
            await self._desk.stores.refresh_tokens.add(kept)
            lasts = seconds(kept.expires_at) - seconds(self._desk.clock.now())
            answer |= {"refresh_token": token, "refresh_expires_in": lasts}
        return answer


def _basic(header: str) -> tuple[str, str]:
    scheme, _, value = header.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise OAuthRefusal("invalid_client", status=401)
    return unquote_plus(client_id), unquote_plus(secret)
