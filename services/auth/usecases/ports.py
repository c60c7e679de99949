"""What the use cases need of the outside, as protocols; ``store`` and ``clients`` provide them for real.

What they need of an identity provider stands apart, in ``identity_ports.py``.
"""

from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Protocol, Self

from services.auth.domain.body import Body
from services.auth.domain.events import AuthEvent
from services.auth.domain.member import Member
from services.auth.domain.partner import Partner
from services.auth.domain.passport import Passport


class Members(Protocol):
    """The members of every body, ended ones included."""

    async def find(self, subject: str, scope: str) -> Member | None:
        """Return one member."""
        ...

    async def of_subject(self, subject: str) -> Sequence[Member]:
        """Return what one person is, scope by scope."""
        ...

    async def of_username(self, username: str) -> Sequence[Member]:
        """Return what the person of this login name is, scope by scope."""
        ...

    async def of_scope(self, scope: str) -> Sequence[Member]:
        """Return the members of one scope, by name."""
        ...

    async def save(self, member: Member) -> None:
        """Keep a new member (version 1) or the next version of a known one.

        Raises:
            MemberChanged: somebody saved this version meanwhile.
        """
        ...


class Partners(Protocol):
    """The registered partners."""

    async def of_subject(self, subject: str) -> Partner | None:
        """Return the partner whose credential logs in as this subject."""
        ...

    async def of_code(self, code: str) -> Partner | None:
        """Return the partner of this code."""
        ...

    async def put(self, partner: Partner) -> None:
        """Keep the partner, in place of the one of the same code."""
        ...


class Bodies(Protocol):
    """The bodies known to this server."""

    async def find(self, siren: str) -> Body | None:
        """Return one body."""
        ...

    async def named(self, sirens: Collection[str]) -> Sequence[Body]:
        """Return the bodies of these SIREN that are known, by name."""
        ...

    async def every(self) -> Sequence[Body]:
        """Return every body, by name."""
        ...

    async def put(self, body: Body) -> None:
        """Keep the body, in place of the one of the same SIREN."""
        ...


class Journal(Protocol):
    """Who gave and took which rights, append-only."""

    async def append(self, event: AuthEvent) -> None:
        """Keep an event with this transaction."""
        ...


class UnitOfWork(Protocol):
    """One transaction; leaving it without ``commit`` undoes everything."""

    members: Members
    partners: Partners
    bodies: Bodies
    journal: Journal

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        """Make what was done durable.

        Raises:
            Conflict: another transaction made the same thing at the same time.
        """
        ...


UnitsOfWork = Callable[[], UnitOfWork]
"""Opens a transaction."""


class PassportSigner(Protocol):
    """Holds the stack's passport keys."""

    def sign(self, passport: Passport) -> str:
        """Return the passport as a signed JWT (ES256)."""
        ...

    def public_keys(self) -> str:
        """Return the keys that verify passports, as a JSON Web Key Set."""
        ...
