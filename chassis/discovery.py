"""The provider's own description of where its endpoints are (OpenID Connect Discovery), for one pinned issuer."""

from typing import Any

import httpx2

from chassis.errors import Unavailable

_LARGEST_ANSWER = 256 * 1024


class Discovery:
    """Reads JSON documents of the provider; the description is read once and kept."""

    def __init__(self, issuer: str, http: httpx2.AsyncClient) -> None:
        self._issuer = issuer
        self._http = http
        self._document: dict[str, Any] | None = None

    async def endpoint(self, name: str) -> str:
        """Return the address of an endpoint, for example ``jwks_uri``.

        Raises:
            Unavailable: the provider does not answer, or is not the one expected.
        """
        if self._document is None:
            document = await self.get(f"{self._issuer}/.well-known/openid-configuration")
            if document.get("issuer") != self._issuer:
                raise Unavailable("Le fournisseur d'identité n'est pas celui attendu.")
            self._document = document
        return str(self._document.get(name, ""))

    async def get(self, url: str) -> dict[str, Any]:
        """Return the JSON object at an address of the provider; redirects are not followed.

        Raises:
            Unavailable: no answer, or not a small JSON object.
        """
        try:
            answer = await self._http.get(url, follow_redirects=False)
            document = answer.json() if answer.status_code == 200 and len(answer.content) <= _LARGEST_ANSWER else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as wrong:
            raise Unavailable("Le fournisseur d'identité ne répond pas.") from wrong
        if not isinstance(document, dict):
            raise Unavailable("Le fournisseur d'identité ne répond pas comme attendu.")
        return document
