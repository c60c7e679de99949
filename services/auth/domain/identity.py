"""What an identity provider proves about a caller: who, how and when; never a right."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ProvenIdentity:
    """The verified content of a provider's access token."""

    subject: str
    username: str
    name: str
    email: str
    client_id: str
    """The application the token was given to (claim ``azp``)."""
    session_id: str
    """The provider's login session (claim ``sid``); for a software that logs in by itself, the token's identifier."""
    authenticated_at: datetime | None
    """When the proof of identity was last given; None for a software."""
    acr: str
    """How strong the proof was, in the provider's scale."""
    expires_at: datetime
