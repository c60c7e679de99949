"""The two ends of a stream: the origin's head, which numbers, and the receiver's cursor, which lets nothing slip.

States of a cursor::

    open ──accept──▶ open          seq = cursor + 1, root extends ours
    open ──accept──▶ (refused)     nothing moves; ask again
    open ──forked──▶ frozen        only a person reopens it
    open ──renewed─▶ open          next epoch, from 1; the old one is refused from then on
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.sync.domain.batch import MAX_ENVELOPES, Batch, Checkpoint, Item, digest_of, signed_batch
from services.sync.domain.envelope import Content, Envelope, Epoch
from services.sync.domain.errors import BatchRefused, EnvelopeMalformed, Refusal
from services.sync.domain.hlc import MAX_AHEAD_MS
from services.sync.domain.merkle import Frontier
from services.sync.domain.signing import Signer, Verifier, read_signed_text, signed_text


@dataclass(frozen=True, slots=True)
class Head:
    """Where the origin stands in its stream to one peer."""

    origin: str
    epoch: Epoch
    peer: str
    frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        """Number of the last envelope."""
        return self.frontier.size

    def appended(self, content: Content, *, entitlement: str, blind: str) -> tuple["Head", Envelope]:
        """Number one more envelope.

        Raises:
            EnvelopeTooLarge: it exceeds 64 kB.
        """
        envelope = Envelope(
            self.origin, self.epoch, self.peer, self.size + 1, content, entitlement=entitlement, blind=blind
        )
        envelope.to_bytes()
        return replace(self, frontier=self.frontier.appended(envelope.leaf)), envelope

    def batch(self, items: Sequence[Item], *, size: int, root: bytes, now: datetime, signer: Signer) -> Batch:
        """Sign what was read: consecutive items ending at ``size``, where the root was ``root``."""
        leaves = [item.leaf for item in items]
        checkpoint = Checkpoint(self.origin, self.epoch, self.peer, size, root, now, digest_of(leaves))
        return signed_batch(items, checkpoint, signer)


@dataclass(frozen=True, slots=True)
class EpochNotice:
    """The origin's signed word that a new incarnation of its streams began."""

    origin: str
    epoch: Epoch
    previous: Epoch | None
    signature: bytes = b""

    def signed_bytes(self) -> bytes:
        """Return the bytes under the signature."""
        return signed_text(
            "epoch", (self.origin, self.epoch.to_text(), self.previous.to_text() if self.previous else "")
        )

    def signed(self, signer: Signer) -> "EpochNotice":
        """Return the notice under the origin's signature."""
        return replace(self, signature=signer.sign(self.signed_bytes()))

    @classmethod
    def from_bytes(cls, content: bytes, signature: bytes) -> "EpochNotice":
        """Read what ``signed_bytes`` wrote.

        Raises:
            EnvelopeMalformed: it is something else.
        """
        try:
            origin, epoch, previous = read_signed_text("epoch", content, 3)
            return cls(origin, Epoch.from_text(epoch), Epoch.from_text(previous) if previous else None, signature)
        except ValueError as error:
            raise EnvelopeMalformed(str(error)) from error


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the receiver ``peer`` stands in the stream of ``origin``."""

    origin: str
    epoch: Epoch
    peer: str
    frontier: Frontier = field(default_factory=Frontier)
    is_frozen: bool = False

    @property
    def size(self) -> int:
        """Number of the last item taken in."""
        return self.frontier.size

    def accept(
        self, batch: Batch, *, identity: str, verifier: Verifier, now: datetime, seen_root: bytes | None = None
    ) -> "Cursor":
        """Check a batch whole and return the cursor after it; the caller stores both in one transaction.

        Args:
            batch: what the peer answered.
            identity: name of the peer proven by mutual TLS.
            verifier: the peers' keys.
            now: our time.
            seen_root: the root recorded here when the stream had the checkpoint's size, if it ever had.

        Raises:
            BatchRefused: with the reason; on ``FORKED`` the caller freezes the stream.
        """
        self._require_genuine(batch, identity, verifier)
        checkpoint = batch.checkpoint
        if checkpoint.time > now + timedelta(milliseconds=MAX_AHEAD_MS):
            raise BatchRefused(Refusal.CLOCK_AHEAD)
        leaves = self._intact_leaves(batch)
        if checkpoint.size == self.size:
            seen_root = self.frontier.root
        if checkpoint.size <= self.size:
            if seen_root is not None and seen_root != checkpoint.root:
                raise BatchRefused(Refusal.FORKED)
            if batch.items or checkpoint.size < self.size:
                raise BatchRefused(Refusal.REPLAYED)
            return self
        if batch.first != self.size + 1:
            raise BatchRefused(Refusal.GAP if batch.first > self.size else Refusal.REPLAYED)
        frontier = self.frontier
        for leaf in leaves:
            frontier = frontier.appended(leaf)
        if frontier.root != checkpoint.root:
            raise BatchRefused(Refusal.FORKED)
        return replace(self, frontier=frontier)

    def frozen(self) -> "Cursor":
        """Return the cursor stopped until a person has looked."""
        return replace(self, is_frozen=True)

    def renewed(self, notice: EpochNotice, *, identity: str, verifier: Verifier) -> "Cursor":
        """Follow the origin into its next incarnation; the same notice again changes nothing.

        Raises:
            BatchRefused: not signed by the origin, or not later than the epoch we know.
        """
        Cursor._require_word_of(self.origin, notice, identity, verifier)
        if notice.epoch == self.epoch:
            return self
        if notice.epoch.ordinal == self.epoch.ordinal:
            raise BatchRefused(Refusal.FORKED)
        if notice.epoch.ordinal < self.epoch.ordinal:
            raise BatchRefused(Refusal.EPOCH_RETIRED)
        return Cursor(self.origin, notice.epoch, self.peer)

    @classmethod
    def opened(cls, notice: EpochNotice, here: str, *, identity: str, verifier: Verifier) -> "Cursor":
        """Begin to follow a peer never heard before, in the epoch that it announces.

        Raises:
            BatchRefused: the notice is not signed by that peer.
        """
        cls._require_word_of(identity, notice, identity, verifier)
        return cls(identity, notice.epoch, here)

    @staticmethod
    def _require_word_of(origin: str, notice: EpochNotice, identity: str, verifier: Verifier) -> None:
        if not notice.origin == identity == origin:
            raise BatchRefused(Refusal.WRONG_ORIGIN)
        if not verifier.verify(origin, notice.signed_bytes(), notice.signature):
            raise BatchRefused(Refusal.BAD_SIGNATURE)

    def _require_genuine(self, batch: Batch, identity: str, verifier: Verifier) -> None:
        checkpoint = batch.checkpoint
        if self.is_frozen:
            raise BatchRefused(Refusal.FROZEN)
        if not checkpoint.origin == identity == self.origin:
            raise BatchRefused(Refusal.WRONG_ORIGIN)
        if checkpoint.peer != self.peer:
            raise BatchRefused(Refusal.NOT_FOR_US)
        if len(batch.items) > MAX_ENVELOPES:
            raise BatchRefused(Refusal.TOO_LARGE)
        if not verifier.verify(self.origin, checkpoint.signed_bytes(), batch.signature):
            raise BatchRefused(Refusal.BAD_SIGNATURE)
        if checkpoint.epoch != self.epoch:
            is_past = checkpoint.epoch.ordinal <= self.epoch.ordinal
            raise BatchRefused(Refusal.EPOCH_RETIRED if is_past else Refusal.EPOCH_UNKNOWN)

    def _intact_leaves(self, batch: Batch) -> list[bytes]:
        leaves = [item.leaf for item in batch.items]
        stream = (self.origin, self.epoch, self.peer)
        is_ours = all(
            (item.origin, item.epoch, item.peer) == stream for item in batch.items if isinstance(item, Envelope)
        )
        is_dense = [item.seq for item in batch.items] == list(range(batch.first, batch.checkpoint.size + 1))
        if not (is_ours and is_dense and digest_of(leaves) == batch.checkpoint.batch_digest):
            raise BatchRefused(Refusal.DAMAGED)
        return leaves


@dataclass(frozen=True, slots=True)
class Lanes:
    """Bodies whose envelopes wait, in order, because one of theirs could not be applied; the others go on."""

    waiting: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def is_parked(self, body: str) -> bool:
        """Tell whether the body's next envelope must wait behind an earlier one."""
        return any(name == body for name, _ in self.waiting)

    def parked(self, body: str, seq: int) -> "Lanes":
        """Return the lanes with one more envelope waiting for this body."""
        lanes = dict(self.waiting)
        lanes[body] = (*lanes.get(body, ()), seq)
        return Lanes(tuple(sorted(lanes.items())))

    def released(self, body: str) -> tuple["Lanes", tuple[int, ...]]:
        """Return the lanes without this body, and what waited in it, oldest first."""
        lanes = dict(self.waiting)
        numbers = lanes.pop(body, ())
        return Lanes(tuple(sorted(lanes.items()))), numbers
