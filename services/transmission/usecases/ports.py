"""What the use cases need of the outside, as protocols; ``store`` and ``clients`` provide them for real."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from services.transmission.domain.box import Box
from services.transmission.domain.dispatch import Dispatch
from services.transmission.domain.events import Fact
from services.transmission.domain.feed import Entry
from services.transmission.domain.filing import FilingIdentity
from services.transmission.domain.notice import Notice
from services.transmission.domain.release_table import PublishedMatrix
from services.transmission.domain.routing import KnownVersions


class Matrices(Protocol):
    """Every matrix published on this server."""

    async def in_force(self) -> PublishedMatrix | None:
        """Return the one that decides now: the last published."""
        ...

    async def find(self, digest: str) -> PublishedMatrix | None:
        """Return a published matrix by its digest, in force or not."""
        ...

    async def publish(self, published: PublishedMatrix) -> None:
        """Put a matrix in force; the earlier ones are kept."""
        ...


class Boxes(Protocol):
    """The boxes of the bodies, every version of each."""

    async def of_filing(self, body: str, filing_id: str) -> Sequence[Box]:
        """Return the present version of each box that was ever touched."""
        ...

    async def add(self, box: Box) -> None:
        """Keep a new version of a box.

        Raises:
            BoxChanged: this version exists: somebody chose at the same time.
        """
        ...


class Dispatches(Protocol):
    """Everything sent from this server."""

    async def lock_filing(self, filing_id: str) -> None:
        """Make other transactions that route this filing wait until this one ends."""
        ...

    async def remember_event(self, method: str, event_id: str) -> bool:
        """Record that the event is applied by this transaction; False when that method applied it before."""
        ...

    async def of_filing(self, filing_id: str) -> Sequence[Dispatch]:
        """Return every dispatch of a filing, all versions and recipients, oldest first."""
        ...

    async def find(self, recipient: str, dispatch_id: UUID) -> Dispatch | None:
        """Return a dispatch of this recipient, locked until the transaction ends; nobody else's is ever found."""
        ...

    async def add(self, dispatches: Sequence[Dispatch]) -> None:
        """Keep queued dispatches."""
        ...

    async def save(self, dispatch: Dispatch) -> None:
        """Keep what changed of a dispatch: its instants and what superseded it."""
        ...


class Versions(Protocol):
    """What was reported of the versions of each filing, in whatever order."""

    async def of_filing(self, filing_id: str) -> KnownVersions:
        """Return what is known."""
        ...

    async def mark_routed(self, filing_id: str, version: int, at: datetime) -> None:
        """Record that a version was routed, even if nobody receives it; the first instant is kept."""
        ...

    async def mark_reopened(self, filing_id: str, version: int, at: datetime) -> None:
        """Record that a version was reopened, routed or not yet; the first instant is kept."""
        ...


class Notices(Protocol):
    """What recipients were told of versions they were sent."""

    async def add(self, notices: Sequence[Notice]) -> None:
        """Keep notices that have no place in a feed yet."""
        ...

    async def save(self, notice: Notice) -> None:
        """Keep that a notice was taken into account."""
        ...

    async def of_filing(self, filing_id: str) -> Sequence[Notice]:
        """Return every notice of a filing, oldest first."""
        ...

    async def find(self, recipient: str, notice_id: UUID) -> Notice | None:
        """Return a notice to this recipient, locked until the transaction ends; nobody else's is ever found."""
        ...


class Feeds(Protocol):
    """The feeds that dispatches and notices make, one a recipient."""

    async def append(self, dispatches: Sequence[Dispatch], notices: Sequence[Notice]) -> None:
        """Give kept dispatches, then kept notices, the next places in the feed of their recipient.

        The last statement before the commit: from here to there the feeds of these recipients are locked, which
        keeps each one dense and in commit order, so that no reader ever passes over an entry.
        """
        ...

    async def read(self, recipient: str, after: int, limit: int, document: str | None) -> tuple[Sequence[Entry], int]:
        """Return the recipient's available entries after a sequence, in order, and the feed's highest sequence.

        What it costs follows the size of the page. The highest sequence is 0 when nothing was ever sent to it.
        """
        ...


class Journal(Protocol):
    """What happened, append-only."""

    async def append(self, fact: Fact) -> None:
        """Keep a fact with this transaction."""
        ...


class UnitOfWork(Protocol):
    """One transaction; leaving it without ``commit`` undoes everything."""

    matrices: Matrices
    boxes: Boxes
    dispatches: Dispatches
    versions: Versions
    notices: Notices
    feeds: Feeds
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


@dataclass(frozen=True, slots=True)
class SealedFiling:
    """A container and the bytes that its signature covers."""

    container: bytes
    """ASiC-E bytes."""
    content: bytes
    """The verified canonical JSON."""


class Containers(Protocol):
    """The signed containers of this server."""

    async def verified(self, filing_id: str, version: int) -> SealedFiling:
        """Return the container of a signed version, verified.

        Raises:
            NotFound: no such version is signed.
            ContainerMismatch: the container does not verify.
            Unavailable: the signature service does not answer.
        """
        ...

    async def fetch(self, filing_id: str, version: int) -> bytes:
        """Return the container's bytes, for a delivery whose digest the caller checks.

        Raises:
            NotFound: no such version is signed.
            Unavailable: the signature service does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class PresentFiling:
    """A filing as the forms service shows it to the present caller."""

    identity: FilingIdentity
    is_signed: bool
    """True from the use of the key until the filing is reopened for a correction."""


class Filings(Protocol):
    """The filings of this server, seen with the caller's own rights."""

    async def get(self, filing_id: str) -> PresentFiling:
        """Return a filing.

        Raises:
            NotFound: nothing there that the caller may know of.
            Unavailable: the forms service does not answer.
        """
        ...
