"""What every page needs, put together once by `service`."""

from dataclasses import dataclass

from starlette.requests import Request

from chassis.clock import Clock
from chassis.identifiers import Identifiers
from services.gateway.clients.ports import ActingFor, IdentityProvider, Passports, Shelf
from services.gateway.web.credentials import Credentials
from services.gateway.web.pages import Pages
from services.gateway.web.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Place:
    """Where this gateway stands."""

    server: str
    """Name of the stack, for example `MIN`."""
    public_url: str
    """Origin that browsers know it by, without a final slash."""
    issuer: str
    """Identity provider; signing out leads there, so forms may."""
    largest_upload: int = 20_000_000
    """Bytes of a file to import or to verify at most (decisions.md 10)."""
    largest_attachment: int = 25_000_000
    """Bytes of a PDF to attach at most."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The ports and the few shared things."""

    place: Place
    acting_for: ActingFor
    passports: Passports
    provider: IdentityProvider
    shelf: Shelf
    sessions: Sessions
    credentials: Credentials
    pages: Pages
    clock: Clock
    identifiers: Identifiers


def make_desk(
    place: Place,
    acting_for: ActingFor,
    passports: Passports,
    provider: IdentityProvider,
    shelf: Shelf,
    clock: Clock,
    identifiers: Identifiers,
) -> Desk:
    """Put the shared things together on these ports; tests pass fakes."""
    return Desk(
        place=place,
        acting_for=acting_for,
        passports=passports,
        provider=provider,
        shelf=shelf,
        sessions=Sessions(place.server, shelf, provider, passports, clock),
        credentials=Credentials(passports, clock),
        pages=Pages(place.server),
        clock=clock,
        identifiers=identifiers,
    )


def desk_of(request: Request) -> Desk:
    """Return the desk of the application that serves this request."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk)
    return desk
