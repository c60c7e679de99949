"""A batch: up to 500 consecutive items of a stream, under one signed checkpoint.

The checkpoint says where the stream stands after the batch (size, RFC 6962 root) and what the batch holds (its digest),
so that bytes damaged on the way are told apart from an origin that contradicts itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from services.sync.domain.envelope import Envelope, Epoch
from services.sync.domain.errors import EnvelopeMalformed
from services.sync.domain.signing import Signer, is_statement, read_signed_text, signed_text

MAX_ENVELOPES: Final = 500


@dataclass(frozen=True, slots=True)
class Withheld:
    """An item that was numbered, then lost its entitlement before it was read: its place stays, its content does not."""

    seq: int
    leaf: bytes

    def to_bytes(self) -> bytes:
        """Return the form in which it takes an envelope's place."""
        return signed_text("withheld", (str(self.seq), self.leaf.hex()))


Item = Envelope | Withheld


def item_from_bytes(content: bytes) -> Item:
    """Read an item of a batch.

    Raises:
        EnvelopeMalformed: neither an envelope nor the mark of a withheld one.
    """
    if not is_statement("withheld", content):
        return Envelope.from_bytes(content)
    try:
        seq, leaf = read_signed_text("withheld", content, 2)
        return Withheld(int(seq), bytes.fromhex(leaf))
    except ValueError as error:
        raise EnvelopeMalformed(str(error)) from error


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the origin signs about its stream to one peer."""

    origin: str
    epoch: Epoch
    peer: str
    size: int
    """Items in the stream up to and including this batch."""
    root: bytes
    """RFC 6962 root at that size."""
    time: datetime
    """When it was signed, aware UTC; kept to the millisecond."""
    batch_digest: bytes
    """SHA-256 of the leaf hashes of this batch, one after the other."""

    def signed_bytes(self) -> bytes:
        """Return the bytes under the signature."""
        return signed_text(
            "checkpoint",
            (
                self.origin,
                self.peer,
                self.epoch.to_text(),
                str(self.size),
                self.root.hex(),
                self.time.astimezone(UTC).isoformat(timespec="milliseconds"),
                self.batch_digest.hex(),
            ),
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> "Checkpoint":
        """Read what ``signed_bytes`` wrote.

        Raises:
            EnvelopeMalformed: it is something else.
        """
        try:
            origin, peer, epoch, size, root, time, digest = read_signed_text("checkpoint", content, 7)
            checkpoint = cls(
                origin,
                Epoch.from_text(epoch),
                peer,
                int(size),
                bytes.fromhex(root),
                datetime.fromisoformat(time),
                bytes.fromhex(digest),
            )
            is_canonical = checkpoint.signed_bytes() == content and checkpoint.size >= 0
        except ValueError as error:
            raise EnvelopeMalformed(str(error)) from error
        if not is_canonical:
            raise EnvelopeMalformed("not the one written form of a checkpoint")
        return checkpoint


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive items and the signed checkpoint; without items it only says where the stream stands."""

    items: tuple[Item, ...]
    checkpoint: Checkpoint
    signature: bytes

    @property
    def first(self) -> int:
        """Number of the first item, or of the next one to come if there is none."""
        return self.checkpoint.size - len(self.items) + 1


def digest_of(leaves: Sequence[bytes]) -> bytes:
    """Return the digest that binds a checkpoint to the content of its batch."""
    return sha256(b"".join(leaves)).digest()


def signed_batch(items: Sequence[Item], checkpoint: Checkpoint, signer: Signer) -> Batch:
    """Sign once for all the items."""
    return Batch(tuple(items), checkpoint, signer.sign(checkpoint.signed_bytes()))
