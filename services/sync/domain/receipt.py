"""The receiver's signed word that it has applied a stream up to a point: kept by both sides, so that neither can deny it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.sync.domain.envelope import Epoch
from services.sync.domain.errors import EnvelopeMalformed
from services.sync.domain.signing import Signer, Verifier, read_signed_text, signed_text


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the receiver signs after the transaction that applied a batch."""

    receiver: str
    origin: str
    epoch: Epoch
    size: int
    root: bytes
    applied_at: datetime
    """Aware UTC, to the millisecond."""
    signature: bytes = b""

    def signed_bytes(self) -> bytes:
        """Return the bytes under the signature."""
        return signed_text(
            "receipt",
            (
                self.receiver,
                self.origin,
                self.epoch.to_text(),
                str(self.size),
                self.root.hex(),
                self.applied_at.astimezone(UTC).isoformat(timespec="milliseconds"),
            ),
        )

    @classmethod
    def from_bytes(cls, content: bytes, signature: bytes) -> "Receipt":
        """Read what ``signed_bytes`` wrote.

        Raises:
            EnvelopeMalformed: it is something else.
        """
        try:
            receiver, origin, epoch, size, root, applied_at = read_signed_text("receipt", content, 6)
            return cls(
                receiver,
                origin,
                Epoch.from_text(epoch),
                int(size),
                bytes.fromhex(root),
                datetime.fromisoformat(applied_at),
                signature,
            )
        except ValueError as error:
            raise EnvelopeMalformed(str(error)) from error

    def signed(self, signer: Signer) -> "Receipt":
        """Return the receipt under the receiver's signature."""
        return Receipt(
            self.receiver,
            self.origin,
            self.epoch,
            self.size,
            self.root,
            self.applied_at,
            signer.sign(self.signed_bytes()),
        )

    def is_proof(self, *, identity: str, origin: str, epoch: Epoch, root: bytes | None, verifier: Verifier) -> bool:
        """Tell whether this proves that ``identity`` applied our stream.

        Args:
            identity: the peer that handed it over, proven by mutual TLS.
            origin: ourselves.
            epoch: our present epoch.
            root: the root of our stream at the receipt's size; None if it never had that size.
            verifier: the peers' keys.
        """
        return (self.receiver, self.origin, self.epoch, self.root) == (
            identity,
            origin,
            epoch,
            root,
        ) and verifier.verify(self.receiver, self.signed_bytes(), self.signature)
