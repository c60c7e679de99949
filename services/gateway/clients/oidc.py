"""A client of one pinned OpenID provider: authorization code with PKCE (S256), nonce and state; nothing is chosen by a token."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from chassis.clock import Clock
from chassis.discovery import Discovery
from chassis.errors import Unavailable
from services.gateway.clients.ports import LoginAttempt, LoginRefused, RefreshRefused, Tokens

_KEY_OF_ALGORITHM: Mapping[str, type[ECKey] | type[RSAKey]] = {"ES256": ECKey, "RS256": RSAKey, "PS256": RSAKey}
_SKEW_SECONDS = 5.0
_SCOPE = "openid profile email"


class OidcProvider:
    """The provider of `issuer`, as the client `client_id`."""

    def __init__(
        self, issuer: str, client_id: str, client_secret: str, redirect_uri: str, http: httpx2.AsyncClient, clock: Clock
    ) -> None:
        self._issuer, self._client_id, self._secret = issuer, client_id, client_secret
        self._redirect_uri, self._http, self._clock = redirect_uri, http, clock
        self._discovery = Discovery(issuer, http)
        self._keys: dict[str, ECKey | RSAKey] = {}

    async def start(self, browser: str, way_back: str, *, proves_again: bool) -> tuple[str, LoginAttempt]:
        """Return where to send the browser, and what to remember.

        Raises:
            Unavailable: the provider does not answer.
        """
        endpoint = await self._discovery.endpoint("authorization_endpoint")
        attempt = LoginAttempt(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            verifier=secrets.token_urlsafe(48),
            browser=browser,
            way_back=way_back,
            must_prove_after=self._clock.now().timestamp() - _SKEW_SECONDS if proves_again else 0.0,
        )
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": _SCOPE,
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": _base64(hashlib.sha256(attempt.verifier.encode()).digest()),
            "code_challenge_method": "S256",
            **({"prompt": "login", "max_age": "0"} if proves_again else {}),
        }
        return f"{endpoint}?{urlencode(asked)}", attempt

    async def finish(self, attempt: LoginAttempt, answer: Mapping[str, str]) -> Tokens:
        """Exchange the code that the browser brought back, and check the ID token.

        Raises:
            LoginRefused: an error, another issuer (RFC 9207), or an ID token that does not hold.
            Unavailable: the provider does not answer.
        """
        if answer.get("iss", self._issuer) != self._issuer or "error" in answer or not answer.get("code"):
            raise LoginRefused(answer.get("error", "no code"))
        form = {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": self._redirect_uri,
            "code_verifier": attempt.verifier,
        }
        given = await self._ask_for_tokens(form)
        if given is None:
            raise LoginRefused("the code was refused")
        claims = await self._identity(given.id_token)
        is_proven = hmac.compare_digest(str(claims.get("nonce", "")), attempt.nonce)
        if not is_proven or float(claims.get("auth_time", 0)) < attempt.must_prove_after:
            raise LoginRefused("the identity is not the one asked for")
        return given

    async def refresh(self, refresh_token: str) -> Tokens:
        """Return fresh tokens.

        Raises:
            RefreshRefused: the session at the provider has ended.
            Unavailable: the provider does not answer.
        """
        if not refresh_token:
            raise RefreshRefused
        given = await self._ask_for_tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})
        if given is None:
            raise RefreshRefused
        return given

    async def logout_url(self, id_token: str) -> str:
        """Return where the provider ends its own login, empty when it has no such place."""
        endpoint = await self._discovery.endpoint("end_session_endpoint")
        home = self._redirect_uri.removesuffix("auth/callback")
        return (
            f"{endpoint}?{urlencode({'id_token_hint': id_token, 'post_logout_redirect_uri': home})}" if endpoint else ""
        )

    async def _ask_for_tokens(self, form: dict[str, str]) -> Tokens | None:
        """Return tokens, None when the provider refuses the grant."""
        endpoint = await self._discovery.endpoint("token_endpoint")
        secret = {"client_secret": self._secret} if self._secret else {}
        try:
            answer = await self._http.post(
                endpoint, data={**form, "client_id": self._client_id, **secret}, follow_redirects=False
            )
            if answer.status_code == 400 and answer.json().get("error") == "invalid_grant":
                return None
            given = answer.raise_for_status().json()
            return Tokens(str(given["access_token"]), str(given.get("refresh_token", "")), str(given["id_token"]))
        except (httpx2.HTTPError, ValueError, KeyError, TypeError, AttributeError) as wrong:
            raise Unavailable("Le fournisseur d'identité ne répond pas.") from wrong

    async def _identity(self, token: str) -> Mapping[str, Any]:
        try:
            header = jws.extract_compact(token.encode("ascii")).headers()
            algorithm, kid = str(header["alg"]), str(header["kid"])
            wanted = _KEY_OF_ALGORITHM[algorithm]
            key = await self._key(kid)
            if not isinstance(key, wanted):
                raise LoginRefused("unknown key")
            claims: Mapping[str, Any] = jwt.decode(token, key, algorithms=[algorithm]).claims
            self._check(claims)
        except (JoseError, KeyError, TypeError, ValueError, OverflowError) as wrong:
            raise LoginRefused("the ID token does not hold") from wrong
        return claims

    def _check(self, claims: Mapping[str, Any]) -> None:
        audience = claims["aud"]
        now = self._clock.now().timestamp()
        holds = (
            claims["iss"] == self._issuer,
            self._client_id in ([audience] if isinstance(audience, str) else audience),
            claims.get("azp", self._client_id) == self._client_id,
            now - _SKEW_SECONDS < float(claims["exp"]),
            float(claims["iat"]) <= now + _SKEW_SECONDS,
        )
        if not all(holds):
            raise LoginRefused("the ID token is not for us")

    async def _key(self, kid: str) -> ECKey | RSAKey | None:
        if kid not in self._keys:
            document = await self._discovery.get(await self._discovery.endpoint("jwks_uri"))
            signing = [jwk for jwk in document.get("keys", []) if jwk.get("use", "sig") == "sig"]
            found = KeySet.import_key_set({"keys": signing})
            self._keys = {str(key.kid): key for key in found if key.kid and isinstance(key, ECKey | RSAKey)}
        return self._keys.get(kid)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
