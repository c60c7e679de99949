"""The receipt: what a signatory keeps. A number, a time, the digests, the level, and the proof that the seal is logged."""

import base64
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.signature.domain.canonical import canonical_bytes, readable_code
from services.signature.domain.intent import Signatory
from services.signature.domain.log import LogEntry, includes, leaf_hash

PROOF_HEADER = "c2sp.org/tlog-proof@v1"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """Shows that an entry stands in the log of a server, for anyone who holds the checkpoint."""

    index: int
    """Place of the entry in the log, from 0."""
    size: int
    """Size of the tree that the checkpoint speaks of."""
    hashes: tuple[bytes, ...]
    checkpoint: str
    """The signed note over (origin, size, root)."""

    def proves(self, entry: LogEntry, root: bytes) -> bool:
        """Tell whether the entry is under this root; the caller has verified the checkpoint that names the root."""
        return includes(leaf_hash(entry.digest), self.index, self.size, self.hashes, root)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of one signature; the same for every repeat of the request."""

    number: str
    """Dense per server, document and exercice, with a check character: ``ER-2024-MIN-000018-K``."""
    intent_id: UUID
    filing_id: str
    filing_version: int
    body: str
    document: str
    year: int
    signatory: Signatory
    role: str
    signed_at: datetime
    digest: str
    """SHA-256 of the bytes *B*."""
    container_digest: str
    """SHA-256 of the ASiC-E container."""
    level: str
    """Baseline level that a verifier confirms: ``B-B`` until a timestamp is attached, never more than that."""
    assurance: str
    """The same in the word that screens show."""
    policy: str
    server: str
    entry: LogEntry
    salt: bytes
    """Opens ``entry.salted_digest``; known to the holder of the receipt only."""
    proof: InclusionProof

    @property
    def code(self) -> str:
        """The short readable form of the digest, as shown before signing."""
        return readable_code(self.digest)

    @property
    def log_proof(self) -> str:
        """The proof as a C2SP ``tlog-proof`` text, verifiable offline; ``extra`` is the entry with its salt, in JSON."""
        extra = base64.b64encode(canonical_bytes({**self.entry.fields, "salt": self.salt.hex()})).decode()
        hashes = "".join(f"{base64.b64encode(step).decode()}\n" for step in self.proof.hashes)
        return f"{PROOF_HEADER}\nextra {extra}\nindex {self.proof.index}\n{hashes}\n{self.proof.checkpoint}"


def receipt_number(document: str, year: int, server: str, sequence: int) -> str:
    """Return the number of the nth receipt of a server for one document and exercice, check character last."""
    stem = f"{document}-{year}-{server}-{sequence:06d}"
    return f"{stem}-{check_character(stem)}"


def is_receipt_number(text: str) -> bool:
    """Tell whether the check character fits: finds every single wrong character and every swap of two neighbours."""
    stem, _, last = text.rpartition("-")
    try:
        return bool(stem) and check_character(stem) == last
    except ValueError:
        return False


def check_character(text: str) -> str:
    """Return the ISO 7064 MOD 37,36 check character over letters and digits; hyphens do not count.

    Raises:
        ValueError: the text holds something else than capital letters, digits and hyphens.
    """
    product = 36
    for character in text.replace("-", ""):
        total = (product + _ALPHABET.index(character)) % 36 or 36
        product = total * 2 % 37
    return _ALPHABET[(37 - product) % 36]
