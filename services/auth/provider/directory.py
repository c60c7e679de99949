"""The register of people and software when the embedded provider is the identity provider."""

import hashlib
import secrets
from uuid import uuid4

from chassis.clock import Clock
from services.auth.domain.account import Account, Client, refuse_weak_password
from services.auth.domain.errors import PartnerExists, PasswordRefused
from services.auth.usecases.identity_ports import Accounts, Clients, Credential, DirectoryUser, Logins, Passwords

_SHORTEST_SECRET = 24
_SOFTWARE = frozenset({"client_credentials"})


class EmbeddedDirectory:
    """Creates and disables accounts and clients in our own tables, as Keycloak would in its own."""

    def __init__(
        self, accounts: Accounts, clients: Clients, logins: Logins, passwords: Passwords, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._clients = clients
        self._logins = logins
        self._passwords = passwords
        self._clock = clock

    async def create_user(self, username: str, name: str, email: str, password: str) -> str:
        """Create the account and return its subject."""
        refuse_weak_password(password, username)
        subject = str(uuid4())
        account = Account(
            subject=subject,
            username=username.strip().lower(),
            name=name,
            email=email,
            password_hash=await self._passwords.digest(password),
            created_at=self._clock.now(),
            realm_roles=("member",),
        )
        await self._accounts.add(account)
        return subject

    async def find_user(self, username: str) -> DirectoryUser | None:
        """Return the account of this name."""
        account = await self._accounts.by_username(username.strip().lower())
        return _user(account) if account is not None else None

    async def disable_user(self, subject: str) -> None:
        """Stop the account from logging in and end its logins."""
        account = await self._accounts.by_subject(subject)
        if account is not None and account.is_active:
            await self._accounts.replace(account.disabled())
        await self._logins.end_all(subject, self._clock.now())

    async def enable_user(self, subject: str) -> None:
        """Let the account log in again."""
        account = await self._accounts.by_subject(subject)
        if account is not None and not account.is_active:
            await self._accounts.replace(account.enabled())

    async def list_users(self, first: int = 0, limit: int = 100) -> list[DirectoryUser]:
        """List accounts by name."""
        return [_user(account) for account in await self._accounts.page(first, limit)]

    async def register_software(self, client_id: str, name: str, secret: str = "") -> Credential:
        """Create the client, or give it a new secret; the older secret stops working.

        Raises:
            PartnerExists: the identifier is that of an application with users, whose secret is not touched.
            PasswordRefused: the secret given is too short to be kept as a plain digest.
        """
        known = await self._clients.by_id(client_id)
        if known is not None and known.grant_types != _SOFTWARE:
            raise PartnerExists("Cet identifiant est celui d'une application ; choisissez-en un autre.")
        secret = secret or secrets.token_urlsafe(32)
        if len(secret) < _SHORTEST_SECRET:
            raise PasswordRefused("Le secret d'un logiciel compte au moins 24 caractères tirés au hasard.")
        client = Client(
            client_id=client_id,
            name=name,
            secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
            grant_types=_SOFTWARE,
            subject=known.subject if known is not None and known.subject else str(uuid4()),
            realm_roles=("software",),
        )
        await self._clients.put(client)
        return Credential(client_id, secret, client.subject)


def _user(account: Account) -> DirectoryUser:
    return DirectoryUser(account.subject, account.username, account.name, account.email, account.is_active)
