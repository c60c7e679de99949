"""Logs programs in at the token endpoint of the provider (RFC 6749 §4.4)."""

import httpx2

from chassis.discovery import Discovery
from chassis.errors import Unavailable
from services.auth.domain.errors import TokenRefused

_REFUSED = {400, 401, 403}


class OidcClientCredentials:
    """Client credentials at one pinned issuer."""

    def __init__(self, discovery: Discovery, http: httpx2.AsyncClient) -> None:
        self._discovery = discovery
        self._http = http

    async def exchange(self, client_id: str, client_secret: str) -> str:
        """Return the access token that this identifier and this secret give."""
        endpoint = await self._discovery.endpoint("token_endpoint")
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
        try:
            answer = await self._http.post(endpoint, data=form, follow_redirects=False)
            if answer.status_code in _REFUSED:
                raise TokenRefused("Identifiant ou secret incorrect.")
            return str(answer.json()["access_token"])
        except (httpx2.HTTPError, ValueError, KeyError, TypeError) as wrong:
            raise Unavailable("Le fournisseur d'identité ne répond pas.") from wrong
