"""What the use cases need of the outside, as protocols; ``store`` and ``clients`` provide them for real."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from services.signature.domain.events import FilingSigned
from services.signature.domain.intent import SigningIntent
from services.signature.domain.log import Growth, Nodes
from services.signature.domain.manifest import ReleaseTerm, SignedAttachment
from services.signature.domain.receipt import Receipt

# --- keys and containers -------------------------------------------------------------------------------------------


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


class Seals(Protocol):
    """Makes and verifies the containers that carry a filing and its signature, off the event loop."""

    @property
    def key_id(self) -> str:
        """Name of the key that will sign."""
        ...

    async def seal(self, files: Mapping[str, bytes], signing_time: datetime) -> Sealed:
        """Return the container over these files; one use of the key."""
        ...

    async def verify(self, container: bytes, now: datetime) -> Verdict:
        """Judge a container. Never raises on bad input: a refusal is an answer."""
        ...


# --- other services ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FilingIdentity:
    """What a filing is about: enough to decide who receives it."""

    filing_id: str
    body: str
    body_name: str
    family: str
    departement: str
    document: str
    year: int
    form_set: str


@dataclass(frozen=True, slots=True)
class FrozenFiling:
    """The content of a filing at one revision, as `forms` froze it."""

    identity: FilingIdentity
    version: int
    """Version that will be signed, from 1."""
    revision: int
    form_set_digest: str
    rule_set: str
    outcome: str
    """Verdict of the controls, decisions.md 16."""
    justifications: Mapping[str, str]
    """What a text is about → text in force: see :func:`~services.signature.domain.manifest.justifications_digest`."""
    cells: Mapping[str, str]
    attachments: tuple[SignedAttachment, ...] = ()
    """What was attached at that revision."""


@dataclass(frozen=True, slots=True)
class Lock:
    """Whether a filing is held still for a signature."""

    is_held: bool
    changed: tuple[str, ...] = ()
    """Cells that changed since the snapshot, when it is not held."""


class Filings(Protocol):
    """The filings of this server, kept by `forms`."""

    async def freeze(self, filing_id: str) -> FrozenFiling:
        """Return the content now, on behalf of the person whose call is being served."""
        ...

    async def lock(self, intent: SigningIntent) -> Lock:
        """Forbid edits while the key is used, if nothing changed since; repeats by the same intent are harmless.

        Raises:
            RuleBroken: the filing is not at the step of signature, or is locked by another intent.
        """
        ...


@dataclass(frozen=True, slots=True)
class Release:
    """Who would receive a filing now."""

    matrix_digest: str
    terms: tuple[ReleaseTerm, ...]


class Releases(Protocol):
    """The release matrix, kept by `transmission`."""

    async def decide(self, filing: FilingIdentity) -> Release:
        """Return the decision for every recipient as of now."""
        ...


class Labels(Protocol):
    """French wording of the codes of a questionnaire."""

    def of(self, version: str, digest: str) -> Mapping[str, str]:
        """Return code → wording for forms and lines; empty when this very questionnaire is not at hand."""
        ...


# --- storage -------------------------------------------------------------------------------------------------------


class Intents(Protocol):
    """The signing intents and the bytes *B* they bind."""

    async def add(self, intent: SigningIntent, content: bytes) -> None:
        """Keep a prepared intent."""
        ...

    async def find(self, intent_id: UUID) -> SigningIntent | None:
        """Return the intent."""
        ...

    async def locked(self, intent_id: UUID) -> SigningIntent | None:
        """Return the intent, which nobody else may move until this transaction ends."""
        ...

    async def content(self, intent_id: UUID) -> bytes:
        """Return the bytes *B*."""
        ...

    async def save(self, intent: SigningIntent) -> None:
        """Move the intent to its new state.

        Raises:
            SignatureUnderWay: another intent of the same filing version and role left ``prepared`` meanwhile.
        """
        ...

    async def settled(self, filing_id: str, version: int, role: str) -> SigningIntent | None:
        """Return the intent of this filing, version and role that left ``prepared``, if one did."""
        ...

    async def reusable(self, intent: SigningIntent, since: datetime) -> SigningIntent | None:
        """Return an intent prepared since then by the same person for the same digest and revision."""
        ...

    async def unfinished(self, before: datetime) -> Sequence[UUID]:
        """Return the intents committed before then and not signed: a crash left them."""
        ...

    async def forget(self, before: datetime) -> int:
        """Drop the intents prepared before then that nobody committed, and return how many."""
        ...


class Receipts(Protocol):
    """The receipts and the containers they prove."""

    async def next_sequence(self, document: str, year: int) -> int:
        """Return the next dense number; taken back if the transaction fails."""
        ...

    async def add(self, receipt: Receipt, container: bytes) -> None:
        """Keep a receipt and its container for good."""
        ...

    async def of_intent(self, intent_id: UUID) -> Receipt | None:
        """Return the receipt of an intent."""
        ...

    async def of_filing(self, filing_id: str, version: int) -> Receipt | None:
        """Return the receipt of a version of a filing; of the latest one for version 0."""
        ...

    async def container(self, intent_id: UUID) -> bytes:
        """Return the container of an intent's receipt."""
        ...


class Log(Protocol):
    """The append-only log of seals."""

    async def reserve(self) -> int:
        """Return the size of the log, which nobody else may grow until this transaction ends."""
        ...

    async def nodes(self, addresses: Sequence[tuple[int, int]]) -> Nodes:
        """Return the nodes at these addresses."""
        ...

    async def append(self, growth: Growth, entry: bytes, checkpoint: str, at: datetime) -> None:
        """Write the entry, the nodes it completes, and the checkpoint of the new size."""
        ...

    async def checkpoint(self) -> str | None:
        """Return the latest checkpoint; None for an empty log."""
        ...


class UnitOfWork(Protocol):
    """One transaction over everything this service stores."""

    intents: Intents
    receipts: Receipts
    log: Log

    def announce(self, event: FilingSigned) -> None:
        """Tell others after the commit, at least once."""
        ...

    async def commit(self) -> None:
        """Make it true.

        Raises:
            Conflict: another transaction made the same thing at the same time.
        """
        ...


class UnitsOfWork(Protocol):
    """Opens transactions; leaving one without commit undoes it."""

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open one."""
        ...
