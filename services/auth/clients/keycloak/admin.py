"""Opens python-keycloak's admin client with a service account, never with a person's password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from keycloak import KeycloakAdmin, KeycloakOpenIDConnection

_TIMEOUT_SECONDS = 10


@asynccontextmanager
async def keycloak_admin(
    server_url: str, realm: str, client_id: str, client_secret: str
) -> AsyncIterator[KeycloakAdmin]:
    """Give the admin client of one realm and close its connections afterwards.

    Args:
        server_url: root of the Keycloak server.
        realm: realm that holds both the people and the service account.
        client_id: service account with the roles ``manage-users`` and ``manage-clients`` of ``realm-management``.
        client_secret: its secret.
    """
    connection = KeycloakOpenIDConnection(
        server_url=server_url,
        realm_name=realm,
        client_id=client_id,
        client_secret_key=client_secret,
        verify=True,
        timeout=_TIMEOUT_SECONDS,
    )
    try:
        yield KeycloakAdmin(connection=connection)
    finally:
        # The library leaves open the second client, with which it fetches its own tokens.
        await connection.keycloak_openid.connection.aclose()
        await connection.aclose()
