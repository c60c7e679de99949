"""What the use cases need of the outside, as protocols; ``store`` and ``clients`` provide them for real."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from services.sync.domain.adjustment import Adjustment
from services.sync.domain.entitlement import MembershipDocument
from services.sync.domain.envelope import Content, Epoch
from services.sync.domain.events import Event
from services.sync.domain.fact import FactKey, Said, SharedFact
from services.sync.domain.hlc import HybridTime
from services.sync.domain.inbox import Fate
from services.sync.domain.publication import Telling
from services.sync.domain.receipt import Receipt
from services.sync.domain.stream import Cursor, Head
from services.sync.domain.view import FactView


@dataclass(frozen=True, slots=True)
class StoredEnvelope:
    """An envelope of ours as it was appended."""

    seq: int
    content: bytes
    root: bytes
    """Root of the stream at this size."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of one item of a peer's stream."""

    seq: int
    fate: Fate
    reason: str
    body: str
    content: bytes | None
    """The envelope's bytes; None when it was withheld, or dropped unread."""
    root: bytes
    """Root of the stream at this size, to recognise a second history."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """How the last exchange with a peer went."""

    at: datetime | None
    """Last success."""
    failure: str
    """Last failure in words, empty after a success."""


class Facts(Protocol):
    """The shared facts held here."""

    async def lock(self, bodies: Iterable[str]) -> None:
        """Make other transactions that write facts of these bodies wait until this one ends; in a fixed order."""
        ...

    async def of_body(self, siren: str, year: int) -> dict[str, SharedFact]:
        """Return the facts of a body and year by concept."""
        ...

    async def touched_by(self, siren: str, year: int, concepts: Collection[str]) -> dict[str, SharedFact]:
        """Return by concept what a change of these concepts may touch: their facts, and every fact while one is sealed."""
        ...

    async def of_keys(self, keys: Iterable[FactKey]) -> dict[FactKey, SharedFact]:
        """Return the facts asked for; those never written are left out."""
        ...

    async def said(self, keys: Iterable[FactKey]) -> dict[FactKey, frozenset[Said]]:
        """Return what each server ever wrote of these facts for itself, versions that stand no more included."""
        ...

    async def keys_of(self, bodies: Iterable[str]) -> list[FactKey]:
        """Return which facts are held of these bodies."""
        ...

    async def save(self, facts: Iterable[SharedFact]) -> None:
        """Keep the standing versions; the ones they replace are kept as history."""
        ...


class Tellings(Protocol):
    """What the forms service has acknowledged hearing."""

    async def about(self, siren: str, year: int, concepts: Collection[str]) -> Sequence[Telling]:
        """Return the tellings of some concepts of a body and year, oldest first."""
        ...

    async def add(self, siren: str, year: int, tellings: Iterable[Telling]) -> None:
        """Keep tellings; the oldest of a concept may be forgotten."""
        ...


class Streams(Protocol):
    """Our streams, one to each peer."""

    async def epoch(self) -> Epoch:
        """Return our present incarnation."""
        ...

    async def peers(self) -> Sequence[str]:
        """Return the peers to which something was ever appended."""
        ...

    async def head(self, peer: str) -> Head:
        """Return where our stream to the peer stands."""
        ...

    def append(self, peer: str, contents: Sequence[Content], document: MembershipDocument) -> None:
        """Number these contents at the commit: the counter's lock is the last that the transaction takes."""
        ...

    async def read(self, peer: str, first: int, limit: int) -> Sequence[StoredEnvelope]:
        """Return envelopes from ``first`` on, in order."""
        ...

    async def root_at(self, peer: str, size: int) -> bytes | None:
        """Return the root our stream had at this size, None if it never had it."""
        ...


class Cursors(Protocol):
    """Where we stand in the streams of the peers."""

    async def find(self, origin: str, *, lock: bool = False) -> Cursor | None:
        """Return the cursor, None before the first contact."""
        ...

    async def save(self, cursor: Cursor) -> None:
        """Keep the cursor."""
        ...

    async def note_exchange(self, origin: str, exchange: Exchange) -> None:
        """Keep how the last exchange went."""
        ...

    async def exchange(self, origin: str) -> Exchange:
        """Return how the last exchange went."""
        ...


class Inbox(Protocol):
    """Every number received, once; its primary key is what makes an effect happen exactly once."""

    async def add(self, origin: str, epoch: Epoch, items: Iterable[Received]) -> None:
        """Keep what became of the items of one batch."""
        ...

    async def parked(self, origin: str, epoch: Epoch) -> Sequence[Received]:
        """Return what waits, oldest first."""
        ...

    async def settle(self, origin: str, epoch: Epoch, item: Received) -> None:
        """Change the fate of what waited."""
        ...

    async def root_at(self, origin: str, epoch: Epoch, size: int) -> bytes | None:
        """Return the root the stream had here at this size."""
        ...


class Memberships(Protocol):
    """The membership documents, every version."""

    async def in_force(self, federation: str) -> MembershipDocument | None:
        """Return the latest document about a federation."""
        ...

    async def all_in_force(self) -> Mapping[str, MembershipDocument]:
        """Return the latest document about each federation."""
        ...

    async def federations(self) -> Sequence[str]:
        """Return the federations about which there is a document."""
        ...

    async def put(self, document: MembershipDocument) -> None:
        """Put a document in force."""
        ...


class Adjustments(Protocol):
    """Decisions on controls, of this server's authority and of the others; only ever added."""

    async def add(self, adjustment: Adjustment, hlc: HybridTime) -> bool:
        """Keep a decision; False when it is kept already."""
        ...

    async def everything(self) -> Sequence[tuple[Adjustment, HybridTime]]:
        """Return every decision, oldest first."""
        ...


class Receipts(Protocol):
    """Signed receipts, ours and theirs."""

    async def put(self, peer: str, receipt: Receipt, *, is_ours: bool) -> None:
        """Keep a receipt; the same again changes nothing."""
        ...

    async def acknowledged(self, peer: str, epoch: Epoch) -> int:
        """Return up to where the peer has signed that it applied our stream."""
        ...


class UnitOfWork(Protocol):
    """One transaction with its repositories; leaving without ``commit`` undoes everything."""

    facts: Facts
    tellings: Tellings
    streams: Streams
    cursors: Cursors
    inbox: Inbox
    memberships: Memberships
    adjustments: Adjustments
    receipts: Receipts

    async def first_of(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Record that events of another service are applied by this transaction; return those that are no repeats."""
        ...

    def publish(self, event: Event) -> None:
        """Write an event with this transaction; it goes to the service that must hear of it, or among the incidents."""
        ...

    async def commit(self) -> None:
        """Keep everything."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


OpensWork = Callable[[], UnitOfWork]


@dataclass(frozen=True, slots=True)
class Pulled:
    """A peer's answer to a pull, as it came; nothing of it is believed yet."""

    envelopes: Sequence[bytes]
    statement: bytes
    """A checkpoint, or an epoch notice when we asked in another epoch."""
    signature: bytes


class PeerServers(Protocol):
    """The sync services of the other servers."""

    async def pull(self, peer: str, epoch: str, first: int, wait_ms: int) -> Pulled:
        """Ask the peer for its stream to us from ``first`` on; it waits for news up to ``wait_ms``.

        Raises:
            Unavailable: it does not answer.
        """
        ...

    async def acknowledge(self, peer: str, receipt: Receipt) -> None:
        """Hand over our signed receipt.

        Raises:
            Unavailable: it does not answer; the next receipt covers this one.
        """
        ...


class Filings(Protocol):
    """The forms service of this server."""

    async def tell(self, event_id: str, siren: str, year: int, facts: Mapping[str, FactView]) -> None:
        """Show the facts in the open filings of that body and year. Harmless to repeat under the same id.

        Raises:
            Unavailable: it does not answer.
        """
        ...


class Controls(Protocol):
    """The validation service of this server."""

    async def tell(self, adjustment: Adjustment) -> None:
        """Hand over another server's decision. Harmless to repeat.

        Raises:
            Invalid: the control cannot be adjusted so.
            RuleBroken: the control is not that server's to adjust.
            Unavailable: it does not answer.
        """
        ...


class Hints(Protocol):
    """Says that a stream may have grown; losing one costs a second."""

    @property
    def is_closing(self) -> bool:
        """Whether this server is stopping: nobody should wait any more."""
        ...

    def mark(self, peer: str) -> int:
        """Return a mark to wait from, taken before looking."""
        ...

    async def wait(self, peer: str, mark: int, seconds: float) -> None:
        """Return when something was appended for the peer since the mark, or after ``seconds``."""
        ...
