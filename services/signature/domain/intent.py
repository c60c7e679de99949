"""The signing intent: what somebody was shown and is about to sign, written down before any key is used (P3).

::

    prepared ──commit──▶ committed ──sign──▶ signed
       │                     │
       └─ expires            └─ never expires: a crash after this point is completed by a repeat

At most one intent per (filing, version, role) leaves ``prepared``; the store holds that uniqueness.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from formsets.signing import is_as_shown
from services.signature.domain.canonical import Canonical, canonical_bytes, readable_code
from services.signature.domain.errors import (
    AlreadySigned,
    DigestChanged,
    IntentExpired,
    NotSignatory,
    ReauthenticationTooOld,
)
from services.signature.domain.policy import SignaturePolicy

CLOCK_TOLERANCE = timedelta(seconds=60)
"""How far ahead of ours the identity provider's clock may be."""

SIGNATORY = "signatory"
"""The one role today: the legal representative of the body, or whoever holds the mandate."""


class IntentState(StrEnum):
    """Where the intent stands; it only ever moves to the right."""

    PREPARED = "prepared"
    COMMITTED = "committed"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Signatory:
    """The person who signs, as the identity provider names them."""

    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class SigningIntent:
    """One person's intention to sign one digest in one role."""

    id: UUID
    filing_id: str
    filing_version: int
    revision: int
    """Revision of the filing that was frozen: the lock is asked for this one."""
    body: str
    document: str
    year: int
    digest: str
    """SHA-256 of the bytes *B* that were shown."""
    signatory: Signatory
    role: str
    """In which capacity the person signs; one signature per filing version and role."""
    level: str
    """Baseline level the signature will have, ``B-B`` without a timestamp."""
    key_id: str
    policy: str
    created_at: datetime
    state: IntentState = IntentState.PREPARED
    authenticated_at: datetime | None = None
    """When the signatory last proved who they are, known from the commit on."""
    committed_at: datetime | None = None
    """When the intent was written for good: also the signing time claimed inside the signature."""
    signed_at: datetime | None = None

    @property
    def code(self) -> str:
        """Short readable form of the digest, the same on the page, in the message and on the receipt."""
        return readable_code(self.digest)

    def commit(
        self, *, by: Signatory, digest: str, authenticated_at: datetime | None, policy: SignaturePolicy, now: datetime
    ) -> "SigningIntent":
        """Return the intent bound for good, if this person, these bytes, this proof and this moment allow it.

        Idempotent: an intent that is already committed comes back unchanged to the same person for the same digest.

        Raises:
            NotSignatory: somebody else prepared it.
            DigestChanged: the digest is not the one that was shown.
            ReauthenticationTooOld: the proof of identity is missing, too old, or from the future.
            IntentExpired: it waited longer than the policy allows.
        """
        if by.subject != self.signatory.subject:
            raise NotSignatory
        if not is_as_shown(digest, self.digest):
            raise DigestChanged(shown=readable_code(digest), present=self.code)
        if self.state is not IntentState.PREPARED:
            return self
        _require_fresh(authenticated_at, policy, now)
        if now - self.created_at > policy.intent_lives:
            raise IntentExpired(metadata={"intent": str(self.id)})
        return replace(self, state=IntentState.COMMITTED, authenticated_at=authenticated_at, committed_at=now)

    def sign(self, now: datetime) -> "SigningIntent":
        """Return the intent as carried out.

        Raises:
            AlreadySigned: it was carried out before, or was never committed.
        """
        if self.state is not IntentState.COMMITTED:
            raise AlreadySigned(metadata={"intent": str(self.id), "state": self.state.value})
        return replace(self, state=IntentState.SIGNED, signed_at=now)

    def consent(self) -> bytes:
        """Return the canonical record of the consent, which the server's seal covers beside the bytes *B*.

        Raises:
            ValueError: the intent is not committed: there is no consent yet.
        """
        if self.committed_at is None or self.authenticated_at is None:
            raise ValueError("a consent exists from the commit on")
        record: Canonical = {
            "kind": "harmonia.consent/1",
            "intent": str(self.id),
            "filing": {"id": self.filing_id, "version": self.filing_version},
            "digest": self.digest,
            "code": self.code,
            "signatory": {"subject": self.signatory.subject, "name": self.signatory.name},
            "role": self.role,
            "level": self.level,
            "policy": self.policy,
            "accepts_recipients": True,
            "authenticated_at": instant(self.authenticated_at),
            "consented_at": instant(self.committed_at),
        }
        return canonical_bytes(record)


def instant(moment: datetime) -> str:
    """Return the instant in UTC, to the second, as ``2025-07-01T08:30:00Z``."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _require_fresh(authenticated_at: datetime | None, policy: SignaturePolicy, now: datetime) -> None:
    if authenticated_at is None:
        raise ReauthenticationTooOld
    age = now - authenticated_at
    if age > policy.proof_of_identity_within or age < -CLOCK_TOLERANCE:
        raise ReauthenticationTooOld(metadata={"age_seconds": str(int(age.total_seconds()))})
