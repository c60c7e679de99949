"""Puts the auth service together; the only file that knows all its rooms."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import httpx2
from harmonia.auth.v1 import auth_pb2_grpc as pb_grpc
from pydantic import SecretStr
from redis.asyncio import Redis

from chassis.database.engine import Sessions, has_schema, open_engine, sessions_of
from chassis.discovery import Discovery
from chassis.ending import end
from chassis.peers import Peers
from chassis.service import Opened
from chassis.settings import DatabaseSettings
from chassis.stack import Stack
from chassis.web import serving
from services.auth.clients.keycloak.admin import keycloak_admin
from services.auth.clients.keycloak.directory import KeycloakDirectory
from services.auth.clients.oidc.access_tokens import OidcAccessTokens
from services.auth.clients.oidc.client_credentials import OidcClientCredentials
from services.auth.clients.oidc.key_source import DiscoveredKeys
from services.auth.clients.passport_key.signer import SoftwarePassportSigner, fresh_jwks
from services.auth.clients.redis.attempts import RedisAttempts
from services.auth.domain.account import Client
from services.auth.domain.errors import PassportKeysMissing, ProviderNotForProduction
from services.auth.domain.matrix import RolesMatrix
from services.auth.domain.passport import issuer_of
from services.auth.provider.app import provider_app
from services.auth.provider.attempts import LocalAttempts
from services.auth.provider.desk import ProviderStores
from services.auth.provider.directory import EmbeddedDirectory
from services.auth.provider.keys import ProviderKeys
from services.auth.provider.passwords import Argon2Passwords
from services.auth.provider.serving import web_server
from services.auth.rpc.servicer import AuthServicer
from services.auth.settings import AuthSettings, ProviderSettings
from services.auth.store import key_file
from services.auth.store.accounts import SqlAccounts, SqlClients
from services.auth.store.logins import SqlCodes, SqlLogins, SqlRefreshTokens, forget_expired
from services.auth.store.unit_of_work import SqlAuth
from services.auth.usecases import UseCases
from services.auth.usecases.disable_member import DisableMember
from services.auth.usecases.identity_ports import AccessTokens, Attempts, ClientCredentials, Directory
from services.auth.usecases.issue_passport import IssuePassport
from services.auth.usecases.list_bodies import ListBodies
from services.auth.usecases.list_members import ListMembers
from services.auth.usecases.open_partner_session import OpenPartnerSession
from services.auth.usecases.open_session import OpenSession
from services.auth.usecases.ports import PassportSigner, UnitOfWork, UnitsOfWork
from services.auth.usecases.provision import Provision
from services.auth.usecases.register_member import RegisterMember
from services.auth.usecases.register_partner import RegisterPartner
from services.auth.workers.housekeeping import Housekeeping

NAME = "auth"
GRPC_SERVICE = "harmonia.auth.v1.AuthService"
HTTP_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """The provider that this stack believes, embedded or Keycloak, behind the ports."""

    directory: Directory
    tokens: AccessTokens
    credentials: ClientCredentials


class AuthService:
    """The service, ready to be opened by a host."""

    name = NAME

    def __init__(self, stack: Stack, settings: AuthSettings) -> None:
        if stack.is_production and not settings.oidc.issuer:
            raise ProviderNotForProduction
        if stack.is_production and settings.passport.keys is None:
            raise PassportKeysMissing
        self._stack, self._settings = stack, settings

    @asynccontextmanager
    async def open(self, peers: Peers) -> AsyncIterator[Opened]:
        """Open the database and the identity provider, and wire the use cases."""
        stack = self._stack
        engine = open_engine(self._settings.database, NAME)
        sessions = sessions_of(engine)

        def unit() -> UnitOfWork:
            return SqlAuth(sessions, stack.clock, stack.identifiers)

        async def is_ready() -> bool:
            return await has_schema(engine, NAME)

        signer, matrix = self._signer(), RolesMatrix()
        async with AsyncExitStack() as exits:
            exits.push_async_callback(engine.dispose)
            provider = await exits.enter_async_context(self._provider(sessions))
            usecases = wire(stack, unit, provider, signer, matrix)
            servicer = AuthServicer(usecases, signer, issuer_of(stack.name), matrix)

            def register(server: grpc.aio.Server) -> None:
                pb_grpc.add_AuthServiceServicer_to_server(servicer, server)

            # Its writes are idempotent by person and scope; a kept response would keep a first password.
            yield Opened(register, (GRPC_SERVICE,), is_ready, applied_requests=None)

    def _signer(self) -> SoftwarePassportSigner:
        keys = self._settings.passport.keys
        if keys is not None:
            return SoftwarePassportSigner(key_file.read(keys))
        return SoftwarePassportSigner(
            key_file.open_or_make(self._stack.folder(NAME) / "passport-keys.json", fresh_jwks)
        )

    @asynccontextmanager
    async def _provider(self, sessions: Sessions) -> AsyncIterator[IdentityProvider]:
        oidc, embedded = self._settings.oidc, self._settings.provider
        issuer = oidc.issuer or embedded.effective_issuer
        audience = oidc.audience or f"harmonia-{self._stack.name}"
        async with AsyncExitStack() as exits:
            http = await exits.enter_async_context(
                # A lone machine speaks to itself: no proxy of the environment may come between.
                httpx2.AsyncClient(timeout=HTTP_TIMEOUT_SECONDS, trust_env=bool(oidc.issuer))
            )
            opening = self._keycloak(issuer, audience) if oidc.issuer else self._embedded(sessions, issuer, audience)
            directory = await exits.enter_async_context(opening)
            discovery = Discovery(issuer, http)
            keys = DiscoveredKeys(discovery, self._stack.clock)
            yield IdentityProvider(
                directory,
                OidcAccessTokens(issuer, audience, keys, self._stack.clock),
                OidcClientCredentials(discovery, http),
            )

    @asynccontextmanager
    async def _keycloak(self, issuer: str, audience: str) -> AsyncIterator[Directory]:
        server_url, _, realm = issuer.partition("/realms/")
        account = self._settings.keycloak
        secret = account.client_secret.get_secret_value()
        async with keycloak_admin(server_url, realm, account.client_id, secret) as admin:
            yield KeycloakDirectory(admin, audience)

    @asynccontextmanager
    async def _embedded(self, sessions: Sessions, issuer: str, audience: str) -> AsyncIterator[Directory]:
        stack, settings = self._stack, self._settings.provider
        stores = ProviderStores(
            SqlAccounts(sessions),
            SqlClients(sessions),
            SqlLogins(sessions),
            SqlCodes(sessions),
            SqlRefreshTokens(sessions),
        )
        passwords = Argon2Passwords()
        async with AsyncExitStack() as exits:
            app = provider_app(
                issuer,
                stores,
                ProviderKeys.from_jwks(
                    key_file.open_or_make(stack.folder(NAME) / "provider-keys.json", _provider_jwks)
                ),
                stack.clock,
                passwords=passwords,
                attempts=await exits.enter_async_context(_attempts(stack)),
                audience=audience,
                server=stack.name,
                is_production=stack.is_production,
            )
            host, _, port = settings.address.rpartition(":")
            await exits.enter_async_context(serving(web_server(app, host, int(port)), "identity provider"))
            await exits.enter_async_context(_kept(stack, stores, sessions, settings))
            yield EmbeddedDirectory(stores.accounts, stores.clients, stores.logins, passwords, stack.clock)


def wire(
    stack: Stack, units: UnitsOfWork, provider: IdentityProvider, signer: PassportSigner, matrix: RolesMatrix
) -> UseCases:
    """Give each use case its ports."""
    issue = IssuePassport(stack.name, units, matrix, signer, stack.clock, stack.identifiers)
    register_member = RegisterMember(units, provider.directory, stack.clock)
    return UseCases(
        open_session=OpenSession(provider.tokens, issue),
        open_partner_session=OpenPartnerSession(provider.credentials, provider.tokens, issue),
        list_members=ListMembers(units),
        register_member=register_member,
        disable_member=DisableMember(units, provider.directory, stack.clock),
        list_bodies=ListBodies(units),
        provision=Provision(units, register_member, RegisterPartner(units, provider.directory, stack.clock)),
    )


def make_service(stack: Stack, database_url: str) -> AuthService:
    """Return the service for this stack; the environment may override the database.

    Raises:
        ProviderNotForProduction: production without an issuer.
        PassportKeysMissing: production without mounted passport keys.
    """
    return AuthService(stack, AuthSettings(database=DatabaseSettings(url=SecretStr(database_url))))


def embedded_clients(settings: ProviderSettings) -> list[Client]:
    """Return the applications that the embedded provider knows: the gateway, and the command line."""
    secret = settings.gateway_secret.get_secret_value()
    gateway = settings.gateway_url.rstrip("/")
    flows = frozenset({"authorization_code", "refresh_token"})
    return [
        Client(
            client_id="gateway",
            name="Harmonia",
            secret_hash=hashlib.sha256(secret.encode()).hexdigest() if secret else None,
            grant_types=flows,
            redirect_uris=(f"{gateway}/auth/callback",),
            post_logout_redirect_uris=(f"{gateway}/",),
        ),
        Client("cli", "Harmonia en ligne de commande", None, flows, redirect_uris=("http://127.0.0.1/callback",)),
    ]


@asynccontextmanager
async def _kept(
    stack: Stack, stores: ProviderStores, sessions: Sessions, settings: ProviderSettings
) -> AsyncIterator[None]:
    """Run the housekeeping of the embedded provider meanwhile."""

    async def register_applications() -> None:
        for client in embedded_clients(settings):
            await stores.clients.put(client)

    async def forget() -> None:
        await forget_expired(sessions, stack.clock.now())

    task = asyncio.create_task(Housekeeping(register_applications, forget).run())
    try:
        yield
    finally:
        await end([task])


@asynccontextmanager
async def _attempts(stack: Stack) -> AsyncIterator[Attempts]:
    local = LocalAttempts(stack.clock)
    if not stack.redis_url:
        yield local
        return
    redis = Redis.from_url(stack.redis_url, socket_timeout=1.0, socket_connect_timeout=1.0)
    try:
        yield RedisAttempts(redis, local)
    finally:
        await redis.aclose()


def _provider_jwks() -> dict[str, Any]:
    return ProviderKeys.generate().private_jwks()
