"""The seal key and the log key of a server, held in memory from the files of the development authority."""

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from services.signature.clients.software_key.authority import KeyMaterial


class SoftwareKeys:
    """The ``Keys`` port over a P-256 key in memory. Signatures are deterministic (RFC 6979)."""

    def __init__(self, material: KeyMaterial) -> None:
        self._key = material.seal_key
        encoding = serialization.Encoding.DER
        self._chain = (
            material.seal_certificate.public_bytes(encoding),
            material.root_certificate.public_bytes(encoding),
        )

    @property
    def key_id(self) -> str:
        """``software:`` and the first 16 hexadecimal digits of the SHA-256 of the certificate."""
        return "software:" + hashlib.sha256(self._chain[0]).hexdigest()[:16]

    def certificate_chain(self) -> tuple[bytes, ...]:
        """Return the certificate of the seal and the root, in DER."""
        return self._chain

    def sign(self, payload: bytes) -> bytes:
        """Return the deterministic ECDSA signature, in DER, over the SHA-256 of the payload."""
        return self._key.sign(payload, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


class SoftwareNoteKeys:
    """The ``NoteKeys`` port over an Ed25519 key in memory."""

    def __init__(self, material: KeyMaterial) -> None:
        self._key = material.log_key

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, payload: bytes) -> bytes:
        """Return the 64 bytes of the signature."""
        return self._key.sign(payload)


def verify_ed25519(public_key: bytes, payload: bytes, signature: bytes) -> bool:
    """Tell whether the signature over the payload was made by this Ed25519 key."""
    try:
        ed25519.Ed25519PublicKey.from_public_bytes(public_key).verify(signature, payload)
    except (InvalidSignature, ValueError):
        return False
    return True
