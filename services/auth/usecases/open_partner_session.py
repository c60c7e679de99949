"""Exchange a partner's or program's own credentials for a passport."""

from services.auth.domain.errors import TokenRefused
from services.auth.usecases.identity_ports import AccessTokens, ClientCredentials
from services.auth.usecases.issue_passport import IssuedPassport, IssuePassport


class OpenPartnerSession:
    """Logs the program in at the identity provider, which alone knows its secret."""

    def __init__(self, credentials: ClientCredentials, tokens: AccessTokens, issue: IssuePassport) -> None:
        self._credentials = credentials
        self._tokens = tokens
        self._issue = issue

    async def __call__(self, client_id: str, client_secret: str) -> IssuedPassport:
        """Return a passport for the program.

        Raises:
            TokenRefused: unknown identifier or wrong secret.
            NotAMember: the program is known and has no right here.
            Unavailable: the provider does not answer.
        """
        identity = await self._tokens.verify(await self._credentials.exchange(client_id, client_secret))
        if identity.client_id != client_id or identity.authenticated_at is not None:
            raise TokenRefused
        return await self._issue(identity)
