"""The signature policy: which algorithms count, how fresh the proof of identity must be, what the level is called.

Every algorithm is named here and nowhere else, so that a phased move to other ones is a new policy, not new code.
"""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """One dated set of choices; its id is written into every intent and every receipt."""

    id: str
    mode: str
    """``seal``: the server's key signs, the consent of the signatory is recorded beside it."""
    assurance: str
    """What the signature is worth, in the word every screen and receipt shows."""
    level: str
    """ETSI baseline level that a verifier confirms, ``B-B`` as long as no timestamp token is attached."""
    key_type: str
    """Key type and curve as the verifier names it, such as ``ec:secp256r1``."""
    signature_algorithm: str
    """Name in the CMS registry, such as ``sha256_ecdsa``."""
    digest_algorithm: str
    proof_of_identity_within: timedelta
    """Longest time between the last typed proof of identity and the signature."""
    intent_lives: timedelta
    """How long a prepared intent may wait for its signatory before the filing must be shown again."""

    def accepts(self, key_type: str, signature_algorithm: str) -> bool:
        """Tell whether this pair counts: the allow-list is of pairs, never of algorithms alone."""
        return (key_type, signature_algorithm) == (self.key_type, self.signature_algorithm)


SERVER_SEAL_1 = SignaturePolicy(
    id="harmonia-seal-1",
    mode="seal",
    assurance="ADVANCED_SEAL_WITH_CONSENT",
    level="B-B",
    key_type="ec:secp256r1",
    signature_algorithm="sha256_ecdsa",
    digest_algorithm="sha256",
    proof_of_identity_within=timedelta(minutes=5),
    intent_lives=timedelta(minutes=30),
)
"""ECDSA P-256 with SHA-256, server seal and recorded consent (signature.md 4b)."""
