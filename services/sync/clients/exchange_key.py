"""Signs with the key of this process's certificate, and verifies by the certificates of the peers' authorities.

The signature carries its certificate, so that no exchange of keys is needed and a receipt can be checked years later
with the authority alone: two bytes of length, the certificate (DER), the ECDSA P-256 signature over SHA-256 (DER).
"""

from datetime import timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chassis.clock import Clock
from chassis.tls import Identity, prove

LENGTH_BYTES = 2
TOLERANCE = timedelta(minutes=5)
_ALGORITHM = ec.ECDSA(hashes.SHA256())


class CertificateSigner:
    """The ``Signer`` port.

    Raises:
        TypeError: the process's key is not an elliptic-curve key.
    """

    def __init__(self, identity: Identity) -> None:
        key = serialization.load_pem_private_key(identity.key, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the exchange signs with an elliptic-curve key")
        certificate = x509.load_pem_x509_certificate(identity.certificate)
        encoded = certificate.public_bytes(serialization.Encoding.DER)
        self._key, self._prefix = key, len(encoded).to_bytes(LENGTH_BYTES, "big") + encoded

    def sign(self, content: bytes) -> bytes:
        """Return certificate and signature."""
        return self._prefix + self._key.sign(content, _ALGORITHM)


class CertificateVerifier:
    """The ``Verifier`` port: a server is believed by a certificate that its own authority issued, and that holds now."""

    def __init__(self, authorities: dict[str, x509.Certificate], clock: Clock) -> None:
        self._authorities, self._clock = authorities, clock

    def verify(self, server: str, content: bytes, signature: bytes) -> bool:
        """Tell whether a process of ``server`` signed the content."""
        length = int.from_bytes(signature[:LENGTH_BYTES], "big")
        encoded, proof = signature[LENGTH_BYTES : LENGTH_BYTES + length], signature[LENGTH_BYTES + length :]
        try:
            certificate = x509.load_der_x509_certificate(encoded)
            who = prove(certificate.public_bytes(serialization.Encoding.PEM), self._authorities)
        except ValueError:
            return False
        key, now = certificate.public_key(), self._clock.now()
        begins, ends = certificate.not_valid_before_utc - TOLERANCE, certificate.not_valid_after_utc + TOLERANCE
        if who is None or who.stack != server or not begins <= now <= ends:
            return False
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        try:
            key.verify(proof, content, _ALGORITHM)
        except InvalidSignature:
            return False
        return True
