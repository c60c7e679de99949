"""Fakes of the ports of the auth service's use cases."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from chassis.identity import Caller
from services.auth.clients.passport_key.signer import SoftwarePassportSigner, fresh_jwks
from services.auth.domain.body import Body, Family
from services.auth.domain.errors import MemberChanged, TokenRefused
from services.auth.domain.events import AuthEvent
from services.auth.domain.identity import ProvenIdentity
from services.auth.domain.member import Member
from services.auth.domain.partner import Partner
from tests.support.auth import BODY, OTHER_BODY, in_memory_stores

SIGNER = SoftwarePassportSigner(fresh_jwks())


class InMemoryMembers:
    """Members in a dictionary."""

    def __init__(self, rows: dict[tuple[str, str], Member]) -> None:
        self._rows = rows

    async def find(self, subject: str, scope: str) -> Member | None:
        return self._rows.get((subject, scope))

    async def of_subject(self, subject: str) -> Sequence[Member]:
        return [row for row in self._sorted() if row.subject == subject]

    async def of_username(self, username: str) -> Sequence[Member]:
        return [row for row in self._sorted() if row.profile.username == username]

    async def of_scope(self, scope: str) -> Sequence[Member]:
        return [row for row in self._sorted() if row.scope == scope]

    async def save(self, member: Member) -> None:
        key = (member.subject, member.scope)
        if (self._rows[key].version if key in self._rows else 0) != member.version - 1:
            raise MemberChanged
        self._rows[key] = member

    def _sorted(self) -> list[Member]:
        return sorted(self._rows.values(), key=lambda row: (row.profile.name, row.scope, row.subject))


class InMemoryPartners:
    """Partners in a dictionary."""

    def __init__(self, rows: dict[str, Partner]) -> None:
        self._rows = rows

    async def of_subject(self, subject: str) -> Partner | None:
        return next((row for row in self._rows.values() if row.subject == subject), None)

    async def of_code(self, code: str) -> Partner | None:
        return self._rows.get(code)

    async def put(self, partner: Partner) -> None:
        self._rows[partner.code] = partner


class InMemoryBodies:
    """Bodies in a dictionary."""

    def __init__(self, rows: dict[str, Body]) -> None:
        self._rows = rows

    async def find(self, siren: str) -> Body | None:
        return self._rows.get(siren)

    async def named(self, sirens: Collection[str]) -> Sequence[Body]:
        return [row for row in await self.every() if row.siren in sirens]

    async def every(self) -> Sequence[Body]:
        return sorted(self._rows.values(), key=lambda row: (row.name, row.siren))

    async def put(self, body: Body) -> None:
        self._rows[body.siren] = body


class RecordingJournal:
    """A journal in a list."""

    def __init__(self, events: list[AuthEvent]) -> None:
        self._events = events

    async def append(self, event: AuthEvent) -> None:
        self._events.append(event)


@dataclass
class Shelf:
    """What is kept between transactions."""

    members: dict[tuple[str, str], Member] = field(default_factory=dict)
    partners: dict[str, Partner] = field(default_factory=dict)
    bodies: dict[str, Body] = field(default_factory=lambda: {body.siren: body for body in two_bodies()})
    events: list[AuthEvent] = field(default_factory=list)

    def unit(self) -> "InMemoryUnit":
        """Open a transaction."""
        return InMemoryUnit(self)


class InMemoryUnit:
    """A transaction on copies, put back by ``commit``."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def __aenter__(self) -> Self:
        shelf = self._shelf
        self._copy = Shelf(dict(shelf.members), dict(shelf.partners), dict(shelf.bodies), list(shelf.events))
        self.members = InMemoryMembers(self._copy.members)
        self.partners = InMemoryPartners(self._copy.partners)
        self.bodies = InMemoryBodies(self._copy.bodies)
        self.journal = RecordingJournal(self._copy.events)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def commit(self) -> None:
        copy, shelf = self._copy, self._shelf
        shelf.members, shelf.partners, shelf.bodies, shelf.events = (
            copy.members,
            copy.partners,
            copy.bodies,
            copy.events,
        )


@dataclass
class FakeTokens:
    """Access tokens that are just names, and credentials that give them."""

    identities: dict[str, ProvenIdentity] = field(default_factory=dict)
    secrets: dict[tuple[str, str], str] = field(default_factory=dict)

    async def verify(self, token: str) -> ProvenIdentity:
        if token not in self.identities:
            raise TokenRefused
        return self.identities[token]

    async def exchange(self, client_id: str, client_secret: str) -> str:
        if (client_id, client_secret) not in self.secrets:
            raise TokenRefused
        return self.secrets[client_id, client_secret]


def two_bodies() -> list[Body]:
    """Return the bodies that tests know."""
    return [
        Body(BODY, "Côte-d'Or Habitat", Family.OPH, "21"),
        Body(OTHER_BODY, "Habitat du Rhône", Family.ESH, "69"),
    ]


def an_administrator(scope: str = BODY) -> Caller:
    """Return somebody who manages the users of a scope."""
    return Caller("admin-1", "Ada Admin", {scope: frozenset({"member.manage"})})


__all__ = ["SIGNER", "FakeTokens", "InMemoryUnit", "Shelf", "an_administrator", "in_memory_stores", "two_bodies"]
