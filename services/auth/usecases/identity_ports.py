"""What is needed of an identity provider, ours or Keycloak; each verb is its own transaction at the provider."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from services.auth.domain.account import Account, Client
from services.auth.domain.identity import ProvenIdentity
from services.auth.domain.login import AuthorizationCode, Login, RefreshToken


@dataclass(frozen=True, slots=True)
class Credential:
    """What a new software or partner needs to log in; shown once."""

    client_id: str
    secret: str
    subject: str


@dataclass(frozen=True, slots=True)
class DirectoryUser:
    """A user as the identity provider lists it."""

    subject: str
    username: str
    name: str
    email: str
    is_active: bool


class Directory(Protocol):
    """The identity provider's register of people and software, as an administrator changes it."""

    async def create_user(self, username: str, name: str, email: str, password: str) -> str:
        """Create the user and return its subject.

        Raises:
            UsernameTaken: somebody has this name; nothing was changed.
            PasswordRefused: the password is too weak.
        """
        ...

    async def find_user(self, username: str) -> DirectoryUser | None:
        """Return the user of exactly this name."""
        ...

    async def disable_user(self, subject: str) -> None:
        """Stop the user from logging in and end its logins; done twice it changes nothing."""
        ...

    async def list_users(self, first: int = 0, limit: int = 100) -> list[DirectoryUser]:
        """List users by name, from the ``first``-th."""
        ...

    async def enable_user(self, subject: str) -> None:
        """Let the user log in again; done twice it changes nothing."""
        ...

    async def register_software(self, client_id: str, name: str, secret: str = "") -> Credential:
        """Create a credential for a software that logs in by itself (client credentials), or renew its secret.

        Raises:
            PartnerExists: the identifier is that of an application with users, whose secret is not touched.
        """
        ...


class AccessTokens(Protocol):
    """Checks the access tokens of the identity provider."""

    async def verify(self, token: str) -> ProvenIdentity:
        """Return what the token proves.

        Raises:
            TokenRefused: forged, expired, for somebody else, or not an access token.
            Unavailable: the provider's keys cannot be read.
        """
        ...


class ClientCredentials(Protocol):
    """Logs a software in at the identity provider with its own secret."""

    async def exchange(self, client_id: str, client_secret: str) -> str:
        """Return an access token.

        Raises:
            TokenRefused: unknown client or wrong secret.
            Unavailable: the provider does not answer.
        """
        ...


class Accounts(Protocol):
    """The embedded provider's people."""

    async def by_username(self, username: str) -> Account | None:
        """Return the account of this name."""
        ...

    async def by_subject(self, subject: str) -> Account | None:
        """Return the account of this subject."""
        ...

    async def add(self, account: Account) -> None:
        """Keep a new account.

        Raises:
            UsernameTaken: the name is in use.
        """
        ...

    async def replace(self, account: Account) -> None:
        """Keep the account in place of the one of the same subject."""
        ...

    async def page(self, first: int, limit: int) -> list[Account]:
        """Return accounts by name, from the ``first``-th."""
        ...


class Clients(Protocol):
    """The embedded provider's applications and programs."""

    async def by_id(self, client_id: str) -> Client | None:
        """Return the client of this identifier."""
        ...

    async def put(self, client: Client) -> None:
        """Keep the client, in place of one of the same identifier."""
        ...


class Logins(Protocol):
    """The browsers logged in at the embedded provider."""

    async def by_token(self, token_hash: str) -> Login | None:
        """Return the login whose cookie has this digest."""
        ...

    async def by_sid(self, sid: str) -> Login | None:
        """Return the login of this identifier."""
        ...

    async def put(self, login: Login) -> None:
        """Keep the login, in place of the one of the same ``sid``."""
        ...

    async def end(self, sid: str, at: datetime) -> None:
        """End one login."""
        ...

    async def end_all(self, subject: str, at: datetime) -> None:
        """End every login of a subject."""
        ...


class Codes(Protocol):
    """One-time authorization codes."""

    async def add(self, code: AuthorizationCode) -> None:
        """Keep a fresh code."""
        ...

    async def spend(self, code_hash: str, at: datetime) -> tuple[AuthorizationCode, bool] | None:
        """Use the code up, atomically: return it and whether this was its first use; None if there is no such code."""
        ...


class RefreshTokens(Protocol):
    """Rotating refresh tokens."""

    async def add(self, token: RefreshToken) -> None:
        """Keep a fresh token."""
        ...

    async def spend(self, token_hash: str, at: datetime) -> tuple[RefreshToken, bool] | None:
        """Use the token up, atomically: return it and whether it was still good; None if there is no such token."""
        ...

    async def revoke_family(self, family: str, at: datetime) -> None:
        """Make every token that descends from one code useless."""
        ...


class Passwords(Protocol):
    """Hashes passwords slowly enough."""

    @property
    def decoy(self) -> str:
        """A hash that no password fits, verified for unknown users so that they take the same time."""
        ...

    async def digest(self, password: str) -> str:
        """Return the encoded hash of a password."""
        ...

    async def fits(self, password_hash: str, password: str) -> bool:
        """Tell whether the password is the one hashed."""
        ...


class Attempts(Protocol):
    """Budgets of attempts: so many in a window, by key."""

    async def take(self, key: str, limit: int, window: timedelta) -> bool:
        """Spend one attempt of the key's budget; False when none is left."""
        ...

    async def give_back(self, key: str) -> None:
        """Return one attempt: a success costs nothing."""
        ...
