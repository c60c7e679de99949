"""Builders and fakes for the auth service, and a browser for its embedded provider."""

import re
import secrets
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette

from services.auth.domain.account import Account, Client
from services.auth.domain.errors import UsernameTaken
from services.auth.domain.identity import ProvenIdentity
from services.auth.domain.login import AuthorizationCode, Login, RefreshToken
from services.auth.domain.member import Member, Profile
from services.auth.domain.role import Role
from services.auth.provider.app import provider_app
from services.auth.provider.attempts import LocalAttempts
from services.auth.provider.desk import ProviderStores
from services.auth.provider.directory import EmbeddedDirectory
from services.auth.provider.keys import ProviderKeys
from services.auth.provider.passwords import Argon2Passwords
from services.auth.provider.tokens import challenge_of, fingerprint

NOW = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
ISSUER = "http://127.0.0.1:9080/realms/harmonia"
AUDIENCE = "harmonia-MIN"
CALLBACK = "http://127.0.0.1:8080/auth/callback"
SIGNED_OUT = "http://127.0.0.1:8080/signed-out"
GATEWAY_SECRET = "gateway-" + "s" * 32
PASSWORD = "trois mots choisis"
BODY = "270300011"
OTHER_BODY = "552081317"


class SteppingClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime = NOW) -> None:
        self._now = now

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._now

    def move(self, by: timedelta) -> None:
        """Go forward."""
        self._now += by


class InMemoryAccounts:
    """Accounts in a dictionary."""

    def __init__(self) -> None:
        self._rows: dict[str, Account] = {}

    async def by_username(self, username: str) -> Account | None:
        return next((row for row in self._rows.values() if row.username == username), None)

    async def by_subject(self, subject: str) -> Account | None:
        return self._rows.get(subject)

    async def add(self, account: Account) -> None:
        if await self.by_username(account.username):
            raise UsernameTaken
        self._rows[account.subject] = account

    async def replace(self, account: Account) -> None:
        self._rows[account.subject] = account

    async def page(self, first: int, limit: int) -> list[Account]:
        return sorted(self._rows.values(), key=lambda row: row.username)[first : first + limit]


class InMemoryClients:
    """Clients in a dictionary."""

    def __init__(self) -> None:
        self._rows: dict[str, Client] = {}

    async def by_id(self, client_id: str) -> Client | None:
        return self._rows.get(client_id)

    async def put(self, client: Client) -> None:
        self._rows[client.client_id] = client


class InMemoryLogins:
    """Logins in a dictionary."""

    def __init__(self) -> None:
        self._rows: dict[str, Login] = {}

    async def by_token(self, token_hash: str) -> Login | None:
        return next((row for row in self._rows.values() if row.token_hash == token_hash), None)

    async def by_sid(self, sid: str) -> Login | None:
        return self._rows.get(sid)

    async def put(self, login: Login) -> None:
        self._rows[login.sid] = login

    async def end(self, sid: str, at: datetime) -> None:
        if sid in self._rows and self._rows[sid].ended_at is None:
            self._rows[sid] = replace(self._rows[sid], ended_at=at)

    async def end_all(self, subject: str, at: datetime) -> None:
        for row in list(self._rows.values()):
            if row.subject == subject:
                await self.end(row.sid, at)


class InMemoryCodes:
    """Codes in a dictionary."""

    def __init__(self) -> None:
        self._rows: dict[str, AuthorizationCode] = {}
        self._spent: set[str] = set()

    async def add(self, code: AuthorizationCode) -> None:
        self._rows[code.code_hash] = code

    async def spend(self, code_hash: str, at: datetime) -> tuple[AuthorizationCode, bool] | None:
        if code_hash not in self._rows:
            return None
        is_first_use = code_hash not in self._spent
        self._spent.add(code_hash)
        return self._rows[code_hash], is_first_use


class InMemoryRefreshTokens:
    """Refresh tokens in a dictionary."""

    def __init__(self) -> None:
        self._rows: dict[str, RefreshToken] = {}
        self._dead: set[str] = set()

    async def add(self, token: RefreshToken) -> None:
        self._rows[token.token_hash] = token

    async def spend(self, token_hash: str, at: datetime) -> tuple[RefreshToken, bool] | None:
        if token_hash not in self._rows:
            return None
        is_good = token_hash not in self._dead
        self._dead.add(token_hash)
        return self._rows[token_hash], is_good

    async def revoke_family(self, family: str, at: datetime) -> None:
        self._dead |= {row.token_hash for row in self._rows.values() if row.family == family}


def in_memory_stores() -> ProviderStores:
    """Return empty stores."""
    return ProviderStores(
        InMemoryAccounts(), InMemoryClients(), InMemoryLogins(), InMemoryCodes(), InMemoryRefreshTokens()
    )


def a_gateway_client(**changes: Any) -> Client:
    """Return the confidential client of the gateway."""
    facts: dict[str, Any] = {
        "client_id": "gateway",
        "name": "Harmonia",
        "secret_hash": fingerprint(GATEWAY_SECRET),
        "grant_types": frozenset({"authorization_code", "refresh_token"}),
        "redirect_uris": (CALLBACK,),
        "post_logout_redirect_uris": (SIGNED_OUT,),
    }
    return Client(**facts | changes)


def a_profile(username: str = "anne.dupre", **changes: Any) -> Profile:
    """Return how a person is known."""
    return Profile(**{"username": username, "name": "Anne Dupré", "email": "anne@example.org"} | changes)


def a_member(*roles: Role, **changes: Any) -> Member:
    """Return a member of one body."""
    facts: dict[str, Any] = {
        "subject": "subject-1",
        "scope": BODY,
        "profile": a_profile(),
        "roles": frozenset(roles or {Role.DATA_ENTRY}),
        "registered_at": NOW,
    }
    return Member(**facts | changes)


def an_identity(**changes: Any) -> ProvenIdentity:
    """Return what the provider proves about a person."""
    facts: dict[str, Any] = {
        "subject": "subject-1",
        "username": "anne.dupre",
        "name": "Anne Dupré",
        "email": "anne@example.org",
        "client_id": "gateway",
        "session_id": "sid-1",
        "authenticated_at": NOW,
        "acr": "1",
        "expires_at": NOW + timedelta(minutes=5),
    }
    return ProvenIdentity(**facts | changes)


@dataclass
class ProviderWorld:
    """A provider with one account (``anne.dupre``) and the gateway as a client."""

    app: Starlette
    stores: ProviderStores
    keys: ProviderKeys
    clock: SteppingClock
    directory: EmbeddedDirectory
    subject: str

    def browser(self) -> "Browser":
        """Return a browser without any cookie."""
        transport = httpx2.ASGITransport(self.app)
        return Browser(httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:9080"))


async def a_provider(**changes: Any) -> ProviderWorld:
    """Build the provider on fakes, with the cheapest passwords."""
    stores, keys, clock, passwords = in_memory_stores(), ProviderKeys.generate(), SteppingClock(), CHEAP_PASSWORDS
    facts: dict[str, Any] = {
        "issuer": ISSUER,
        "stores": stores,
        "keys": keys,
        "clock": clock,
        "passwords": passwords,
        "attempts": LocalAttempts(clock),
        "audience": AUDIENCE,
        "server": "Ministère",
    }
    app = provider_app(**facts | changes)
    directory = EmbeddedDirectory(stores.accounts, stores.clients, stores.logins, passwords, clock)
    subject = await directory.create_user("anne.dupre", "Anne Dupré", "anne@example.org", PASSWORD)
    await stores.clients.put(a_gateway_client())
    return ProviderWorld(app, stores, keys, clock, directory, subject)


CHEAP_PASSWORDS = Argon2Passwords.cheapest()


@dataclass
class Browser:
    """Walks through the provider as a person and their application would."""

    http: httpx2.AsyncClient
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    issuer: str = ISSUER

    def question(self, **changes: str | None) -> dict[str, str]:
        """Return the parameters of a good authorization request; ``None`` leaves one out."""
        question: dict[str, str | None] = {
            "client_id": "gateway",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "state-1",
            "nonce": "nonce-1",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (question | changes).items() if value is not None}

    async def ask(self, **changes: str | None) -> httpx2.Response:
        """Call the authorization endpoint."""
        return await self.http.get(f"{self.issuer}/protocol/openid-connect/auth?{urlencode(self.question(**changes))}")

    async def type_password(
        self, page: httpx2.Response, password: str = PASSWORD, username: str = "anne.dupre", **changes: str
    ) -> httpx2.Response:
        """Fill and send the login page."""
        fields = hidden_fields(page) | {"username": username, "password": password} | changes
        return await self.http.post(f"{self.issuer}/protocol/openid-connect/login", data=fields)

    async def log_in(self, **changes: str | None) -> str:
        """Log in, unless this browser is logged in, and return the code."""
        page = await self.ask(**changes)
        return answer_of(page if page.status_code == 303 else await self.type_password(page))["code"]

    async def exchange(self, code: str | None, **changes: str | None) -> httpx2.Response:
        """Call the token endpoint with a code."""
        fields: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": "gateway",
            "client_secret": GATEWAY_SECRET,
            "code_verifier": self.verifier,
        }
        return await self.token(**fields | changes)

    async def token(self, **fields: str | None) -> httpx2.Response:
        """Call the token endpoint."""
        form = {name: value for name, value in fields.items() if value is not None}
        return await self.http.post(f"{self.issuer}/protocol/openid-connect/token", data=form)

    async def tokens(self, **changes: str | None) -> dict[str, Any]:
        """Log in and return the tokens."""
        answer: dict[str, Any] = (await self.exchange(await self.log_in(**changes))).json()
        return answer


def hidden_fields(page: httpx2.Response) -> dict[str, str]:
    """Return the hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


def answer_of(response: httpx2.Response) -> dict[str, str]:
    """Return the parameters of the address that the browser is sent to."""
    assert response.status_code == 303, (response.status_code, response.text)
    query = parse_qs(urlsplit(response.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}
