"""Exchange an access token of the identity provider for a passport; also how a session is refreshed."""

from services.auth.usecases.identity_ports import AccessTokens
from services.auth.usecases.issue_passport import IssuedPassport, IssuePassport


class OpenSession:
    """Keeps nothing: the session lives at the provider and in the gateway, the rights are read anew each time."""

    def __init__(self, tokens: AccessTokens, issue: IssuePassport) -> None:
        self._tokens = tokens
        self._issue = issue

    async def __call__(self, access_token: str) -> IssuedPassport:
        """Return a passport for the bearer.

        Raises:
            TokenRefused: the token proves nothing to us.
            NotAMember: the bearer is known and has no right here.
            Unavailable: the provider's keys cannot be read.
        """
        return await self._issue(await self._tokens.verify(access_token))
