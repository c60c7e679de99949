"""What the use cases need of the outside, as protocols; ``store`` and ``clients`` provide them for real."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Keys(Protocol):
    """One private key that signs and never leaves; behind it a file, a PKCS#11 token or a remote provider."""

    @property
    def key_id(self) -> str:
        """Stable name of the key, written into every intent."""
        ...

    def certificate_chain(self) -> tuple[bytes, ...]:
        """Return the certificates in DER, the key's own first, the root last."""
        ...

    def sign(self, payload: bytes) -> bytes:
        """Return the ECDSA signature (DER) over the SHA-256 of the payload. Blocks: call it off the event loop."""
        ...


class NoteKeys(Protocol):
    """The Ed25519 key of the log, separate from the seal key."""

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        ...

    def sign(self, payload: bytes) -> bytes:
        """Return the 64 bytes of the signature."""
        ...


@dataclass(frozen=True, slots=True)
class Sealed:
    """A container ready to travel, and what the log and the receipt keep of it."""

    container: bytes
    signature: bytes
    """The detached CAdES signature, DER."""
    certificate: bytes
    """The signing certificate, DER."""


class Indication(StrEnum):
    """The three answers of ETSI EN 319 102-1."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier says of a container; the caller goes on with ``verified_bytes``, never with the container."""

    indication: Indication
    reasons: tuple[str, ...] = ()
    """Sub-indications of EN 319 102-1 such as ``HASH_FAILURE``, each followed by a sentence."""
    verified_bytes: Mapping[str, bytes] | None = None
    """File name → bytes that the signature covers; only when passed."""
    signed_at: datetime | None = None
    """The time that the signature claims: no proof of time at level B-B."""
    signer: str = ""
    """Subject of the signing certificate."""
    level: str = ""
    """Baseline level that was confirmed; empty unless passed."""


class Containers(Protocol):
    """Makes and verifies the containers that carry a filing and its signature."""

    def seal(self, files: Mapping[str, bytes], keys: Keys, signing_time: datetime) -> Sealed:
        """Return the container over these files; equal arguments and a deterministic key give equal bytes."""
        ...

    def verify(self, container: bytes, now: datetime) -> Verdict:
        """Judge a container. Never raises on bad input: a refusal is an answer."""
        ...
