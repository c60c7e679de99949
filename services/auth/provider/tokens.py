"""Makes the tokens of the provider, with the claims that Keycloak puts in its own."""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.clock import Clock
from services.auth.domain.account import Account, Client
from services.auth.domain.login import CODE_LIFETIME, REFRESH_LIFETIME, AuthorizationCode, Login, RefreshToken
from services.auth.provider.keys import ProviderKeys
from services.auth.provider.protocol import AuthorizationRequest

ACCESS_LIFETIME = timedelta(minutes=5)


def fingerprint(secret: str) -> str:
    """Return the SHA-256 of a random secret in hexadecimal: what is kept instead of it."""
    return hashlib.sha256(secret.encode()).hexdigest()


def challenge_of(verifier: str) -> str:
    """Return the S256 code challenge of a verifier (RFC 7636 §4.2)."""
    return _base64(hashlib.sha256(verifier.encode()).digest())


@dataclass(frozen=True, slots=True)
class TokenMint:
    """Makes codes and tokens for one issuer and one audience of services."""

    issuer: str
    audience: str
    keys: ProviderKeys
    clock: Clock

    def code(self, asked: AuthorizationRequest, login: Login) -> tuple[str, AuthorizationCode]:
        """Make a one-time code and what it stands for."""
        code = secrets.token_urlsafe(32)
        return code, AuthorizationCode(
            code_hash=fingerprint(code),
            family=str(uuid4()),
            client_id=asked.client_id,
            redirect_uri=asked.redirect_uri,
            scope=asked.scope,
            nonce=asked.nonce,
            code_challenge=asked.code_challenge,
            sid=login.sid,
            subject=login.subject,
            authenticated_at=login.authenticated_at,
            acr=login.acr,
            expires_at=self.clock.now() + CODE_LIFETIME,
        )

    def refresh(self, family: str, client: Client, scope: str, login: Login) -> tuple[str, RefreshToken]:
        """Make the next refresh token of a family; it never outlives the login."""
        token = secrets.token_urlsafe(32)
        expires_at = min(self.clock.now() + REFRESH_LIFETIME, login.expires_at)
        return token, RefreshToken(fingerprint(token), family, client.client_id, scope, login.sid, expires_at)

    def access(self, client: Client, account: Account, login: Login, scope: str) -> str:
        """Make the access token of a person."""
        return self.keys.sign(
            self._claims("Bearer", client, account, login)
            | {"aud": [self.audience], "scope": scope, "realm_access": {"roles": list(account.realm_roles)}}
        )

    def identity(self, client: Client, account: Account, login: Login, nonce: str, access_token: str) -> str:
        """Make the ID token; ``nonce`` is empty when it comes from a refresh."""
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        claims = self._claims("ID", client, account, login) | {"aud": client.client_id, "at_hash": _base64(half)}
        return self.keys.sign(claims | ({"nonce": nonce} if nonce else {}))

    def software(self, client: Client) -> str:
        """Make the access token of a software that logged in by itself."""
        return self.keys.sign(
            self._stamps("Bearer", client)
            | {
                "sub": client.subject,
                "aud": [self.audience],
                "scope": "",
                "acr": "1",
                "client_id": client.client_id,
                "preferred_username": f"service-account-{client.client_id}",
                "realm_access": {"roles": list(client.realm_roles)},
            }
        )

    def _claims(self, typ: str, client: Client, account: Account, login: Login) -> dict[str, Any]:
        return self._stamps(typ, client) | {
            "sub": account.subject,
            "sid": login.sid,
            "auth_time": seconds(login.authenticated_at),
            "acr": login.acr,
            "preferred_username": account.username,
            "name": account.name,
            "email": account.email,
        }

    def _stamps(self, typ: str, client: Client) -> dict[str, Any]:
        now = self.clock.now()
        return {
            "iss": self.issuer,
            "typ": typ,
            "azp": client.client_id,
            "jti": str(uuid4()),
            "iat": seconds(now),
            "exp": seconds(now + ACCESS_LIFETIME),
        }


def seconds(at: datetime) -> int:
    """Return an instant as whole seconds since 1970."""
    return int(at.timestamp())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
