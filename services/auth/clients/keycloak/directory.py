"""People and software in a Keycloak realm, through its admin API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from keycloak.exceptions import KeycloakConnectionError, KeycloakOperationError

from chassis.errors import Failure, Unavailable
from services.auth.domain.account import refuse_weak_password
from services.auth.domain.errors import PartnerExists, PasswordRefused, UnknownMember, UsernameTaken
from services.auth.usecases.identity_ports import Credential, DirectoryUser


class AdminApi(Protocol):
    """The few calls of python-keycloak's ``KeycloakAdmin`` that are used."""

    async def a_create_user(self, payload: dict[str, Any]) -> str:
        """Create a user; return its identifier."""
        ...

    async def a_update_user(self, user_id: str, payload: dict[str, Any]) -> Any:
        """Change the named fields of a user."""
        ...

    async def a_user_logout(self, user_id: str) -> Any:
        """End the sessions of a user."""
        ...

    async def a_get_users(self, query: dict[str, Any]) -> list[Any]:
        """Search users."""
        ...

    async def a_get_client_id(self, client_id: str) -> str | None:
        """Return Keycloak's own identifier of a client."""
        ...

    async def a_get_client(self, client_id: str) -> dict[str, Any]:
        """Return a client by Keycloak's own identifier."""
        ...

    async def a_create_client(self, payload: dict[str, Any]) -> str:
        """Create a client; return Keycloak's own identifier."""
        ...

    async def a_update_client(self, client_id: str, payload: dict[str, Any]) -> Any:
        """Change the named fields of a client."""
        ...

    async def a_generate_client_secrets(self, client_id: str) -> dict[str, Any]:
        """Give a client a new secret and return it."""
        ...

    async def a_get_client_service_account_user(self, client_id: str) -> dict[str, Any]:
        """Return the user that a client logs in as."""
        ...


class KeycloakDirectory:
    """Creates and disables users and credentials in one realm."""

    def __init__(self, admin: AdminApi, audience: str, *, passwords_are_temporary: bool = True) -> None:
        self._admin = admin
        self._audience = audience
        self._passwords_are_temporary = passwords_are_temporary

    async def create_user(self, username: str, name: str, email: str, password: str) -> str:
        """Create the user, who must choose another password at first login, and return its subject."""
        refuse_weak_password(password, username)
        first, _, last = name.partition(" ")
        payload = {
            "username": username,
            "firstName": first,
            "lastName": last or first,
            "email": email or None,
            "enabled": True,
            "credentials": [{"type": "password", "value": password, "temporary": self._passwords_are_temporary}],
        }
        async with _translated({409: UsernameTaken, 400: PasswordRefused}):
            return await self._admin.a_create_user(payload)

    async def find_user(self, username: str) -> DirectoryUser | None:
        """Return the user of exactly this name."""
        async with _translated({}):
            users = await self._admin.a_get_users({"username": username, "exact": True})
        return _user(users[0]) if users else None

    async def disable_user(self, subject: str) -> None:
        """Stop the user from logging in and end its sessions."""
        async with _translated({404: UnknownMember}):
            await self._admin.a_update_user(subject, {"enabled": False})
            await self._admin.a_user_logout(subject)

    async def enable_user(self, subject: str) -> None:
        """Let the user log in again."""
        async with _translated({404: UnknownMember}):
            await self._admin.a_update_user(subject, {"enabled": True})

    async def list_users(self, first: int = 0, limit: int = 100) -> list[DirectoryUser]:
        """List users by name."""
        async with _translated({}):
            users = await self._admin.a_get_users({"first": first, "max": limit})
        return [_user(user) for user in users]

    async def register_software(self, client_id: str, name: str, secret: str = "") -> Credential:
        """Create a client that logs in by itself, or give it a new secret; the older secret stops working.

        Raises:
            PartnerExists: the identifier is that of an application with users, whose secret is not touched.
        """
        async with _translated({409: PartnerExists}):
            key = await self._admin.a_get_client_id(client_id)
            if key is None:
                key = await self._admin.a_create_client(self._software(client_id, name))
            elif not _is_software(await self._admin.a_get_client(key)):
                raise PartnerExists("Cet identifiant est celui d'une application ; choisissez-en un autre.")
            if secret:
                await self._admin.a_update_client(key, {"secret": secret})
            else:
                secret = str((await self._admin.a_generate_client_secrets(key))["value"])
            account = await self._admin.a_get_client_service_account_user(key)
        return Credential(client_id, secret, str(account["id"]))

    def _software(self, client_id: str, name: str) -> dict[str, Any]:
        return {
            "clientId": client_id,
            "name": name,
            "publicClient": False,
            "serviceAccountsEnabled": True,
            "standardFlowEnabled": False,
            "directAccessGrantsEnabled": False,
            "protocolMappers": [
                {
                    "name": "audience",
                    "protocol": "openid-connect",
                    "protocolMapper": "oidc-audience-mapper",
                    "config": {"included.custom.audience": self._audience, "access.token.claim": "true"},
                }
            ],
        }


def _is_software(client: dict[str, Any]) -> bool:
    return bool(client.get("serviceAccountsEnabled")) and not client.get("standardFlowEnabled")


def _user(user: dict[str, Any]) -> DirectoryUser:
    name = f"{user.get('firstName') or ''} {user.get('lastName') or ''}".strip()
    return DirectoryUser(
        subject=str(user["id"]),
        username=str(user["username"]),
        name=name,
        email=str(user.get("email") or ""),
        is_active=bool(user.get("enabled")),
    )


@asynccontextmanager
async def _translated(meanings: dict[int, type[Failure]]) -> AsyncIterator[None]:
    """Turn Keycloak's failures into ours; an unforeseen one goes through as it is."""
    try:
        yield
    except KeycloakConnectionError as lost:
        raise Unavailable("Le serveur d'identité ne répond pas.") from lost
    except KeycloakOperationError as refused:
        meaning = meanings.get(refused.response_code or 0)
        if meaning is None:
            raise
        raise meaning from refused
