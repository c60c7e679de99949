"""Makes the realm that a stack expects of Keycloak: gateway, command line, and the service account of the auth service.

    KEYCLOAK_PASSWORD=… python tools/keycloak_realm.py --server https://id.example.org --stack MIN --gateway https://min.example.org

Run again, it leaves what is there. It prints the secret of the service account, for ``AUTH_KEYCLOAK__CLIENT_SECRET``.
"""

import argparse
import os
from typing import Any

from keycloak import KeycloakAdmin

REALM = "harmonia"
AUTH_CLIENT = "harmonia-auth"
NEEDED_ROLES = ("manage-users", "view-users", "query-users", "manage-clients", "view-clients", "query-clients")


def prepare_realm(admin: KeycloakAdmin, stack: str, gateway_url: str) -> str:
    """Make the realm and its clients, and return the secret of the auth service's account.

    Args:
        admin: an administrator of the ``master`` realm.
        stack: name of the server, ``MIN``; access tokens are made for ``harmonia-MIN``.
        gateway_url: address of the gateway, without a final slash.
    """
    if REALM not in {realm["realm"] for realm in admin.get_realms()}:
        admin.create_realm(realm_settings())
    admin.change_current_realm(REALM)
    audience = f"harmonia-{stack}"
    for client in (
        browser_client("gateway", [f"{gateway_url}/auth/callback"], [f"{gateway_url}/"], audience),
        browser_client("cli", ["http://127.0.0.1/callback"], [], audience),
    ):
        admin.create_client(client, skip_exists=True)
    service = {
        "clientId": AUTH_CLIENT,
        "serviceAccountsEnabled": True,
        "standardFlowEnabled": False,
        "directAccessGrantsEnabled": False,
    }
    key = admin.create_client(service, skip_exists=True)
    management = str(admin.get_client_id("realm-management"))
    account = str(admin.get_client_service_account_user(key)["id"])
    roles = [admin.get_client_role(management, name) for name in NEEDED_ROLES]
    admin.assign_client_role(account, management, roles)
    return str(admin.get_client_secrets(key)["value"])


def realm_settings() -> dict[str, Any]:
    """Return the realm: guesses are limited, passwords are long, tokens are short, refresh tokens rotate."""
    return {
        "realm": REALM,
        "enabled": True,
        "internationalizationEnabled": True,
        "supportedLocales": ["fr", "en"],
        "defaultLocale": "fr",
        "bruteForceProtected": True,
        "failureFactor": 20,
        "passwordPolicy": "length(12) and notUsername",
        "accessTokenLifespan": 300,
        "accessCodeLifespan": 60,
        "ssoSessionIdleTimeout": 1800,
        "ssoSessionMaxLifespan": 36000,
        "revokeRefreshToken": True,
        "refreshTokenMaxReuse": 0,
    }


def browser_client(client_id: str, redirects: list[str], after_logout: list[str], audience: str) -> dict[str, Any]:
    """Return a public client that must use the code flow with PKCE S256, and exactly these addresses."""
    return {
        "clientId": client_id,
        "publicClient": True,
        "standardFlowEnabled": True,
        "directAccessGrantsEnabled": False,
        "redirectUris": redirects,
        "attributes": {
            "pkce.code.challenge.method": "S256",
            "post.logout.redirect.uris": "##".join(after_logout),
        },
        "protocolMappers": [
            {
                "name": "audience",
                "protocol": "openid-connect",
                "protocolMapper": "oidc-audience-mapper",
                "config": {"included.custom.audience": audience, "access.token.claim": "true"},
            }
        ],
    }


def main() -> None:
    """Read the arguments and make the realm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="root of the Keycloak server")
    parser.add_argument("--stack", required=True, help="MIN, FED-OPH, FED-ESH, FED-COOP or FED-EPL")
    parser.add_argument("--gateway", required=True, help="address of the gateway, without a final slash")
    parser.add_argument("--admin", default="admin", help="administrator of the master realm")
    chosen = parser.parse_args()
    admin = KeycloakAdmin(
        server_url=chosen.server, username=chosen.admin, password=os.environ["KEYCLOAK_PASSWORD"], realm_name="master"
    )
    print(prepare_realm(admin, chosen.stack, chosen.gateway))


if __name__ == "__main__":
    main()
