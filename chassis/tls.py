"""Certificates of processes: SPIFFE-like names, one authority per stack, and who a certificate proves.

Each stack has its own authority, and a stack's name is believed only from a certificate which that stack's own
authority issued: another organisation's authority cannot speak for it, though gRPC trusts both.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chassis.clock import Clock

LEAF_DAYS = 397
AUTHORITY_DAYS = 3650
TLS_NAME = "harmonia.internal"
"""Name every process certificate carries, so that clients may check it whatever the address they dialled."""


@dataclass(frozen=True, slots=True)
class ProcessName:
    """Who a certificate proves: a service of a stack."""

    stack: str
    service: str

    def uri(self) -> str:
        """Return the name as carried in the certificate's subject alternative name."""
        return f"spiffe://{self.stack.lower()}.harmonia/{self.service}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Key, certificate and trust of this process, loaded in memory."""

    key: bytes
    certificate: bytes
    authorities: dict[str, x509.Certificate]
    """Stack name → its authority."""

    @property
    def stack(self) -> str:
        """The stack that this process's own certificate names, empty when none of the authorities issued it."""
        name = self.prove(self.certificate)
        return name.stack if name else ""

    def _roots(self, stack: str = "") -> bytes:
        chosen = [self.authorities[stack]] if stack else self.authorities.values()
        return b"".join(a.public_bytes(serialization.Encoding.PEM) for a in chosen)

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return credentials that demand a client certificate from a trusted authority."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)], root_certificates=self._roots(), require_client_auth=True
        )

    def channel_credentials(self, stack: str = "") -> grpc.ChannelCredentials:
        """Return credentials that present this process's certificate and believe one stack's authority.

        Args:
            stack: the stack that must answer; empty: any that is trusted, which proves a server but not which.

        Raises:
            KeyError: the stack is not trusted.
        """
        return grpc.ssl_channel_credentials(self._roots(stack), self.key, self.certificate)

    def prove(self, pem: bytes) -> ProcessName | None:
        """Tell whom the certificate proves, or None when its stack's own authority did not issue it."""
        return prove(pem, self.authorities)


def prove(pem: bytes, authorities: dict[str, x509.Certificate]) -> ProcessName | None:
    """Tell whom a PEM certificate proves among the trusted stacks; None when nobody."""
    certificate = x509.load_pem_x509_certificate(pem)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    for uri in names.get_values_for_type(x509.UniformResourceIdentifier):
        for stack, authority in authorities.items():
            prefix = ProcessName(stack, "").uri()
            if uri.startswith(prefix) and _issued_by(certificate, authority):
                return ProcessName(stack, uri.removeprefix(prefix))
    return None


def _issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def load_authorities(folder: Path) -> dict[str, x509.Certificate]:
    """Read every `<STACK>.pem` of a trust folder."""
    return {path.stem: x509.load_pem_x509_certificate(path.read_bytes()) for path in sorted(folder.glob("*.pem"))}


def load_identity(certificate: Path, key: Path, trust: Path) -> Identity:
    """Read a process's key and certificate and the authorities it trusts."""
    return Identity(key.read_bytes(), certificate.read_bytes(), load_authorities(trust))


class DevelopmentAuthority:
    """A small certificate authority kept in a folder, made at first use. Never in production: the operator brings one."""

    def __init__(self, folder: Path, stack: str, clock: Clock) -> None:
        self._folder, self._stack, self._clock = folder, stack, clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._key_path, self.certificate_path = folder / "authority.key", folder / f"{stack}.pem"
        if not self.certificate_path.exists():
            self._make()

    def _make(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Harmonia {self._stack} development authority")])
        certificate = (
            self._builder(name, name, key, AUTHORITY_DAYS)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(is_authority=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_private(self._key_path, _key_pem(key))
        self.certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, service: str, folder: Path) -> tuple[Path, Path]:
        """Issue a key and certificate for a service of this stack; an existing pair that still holds is kept.

        Returns:
            The certificate's path and the key's path.
        """
        certificate_path, key_path = folder / f"{service}.pem", folder / f"{service}.key"
        if certificate_path.exists() and self._still_holds(certificate_path):
            return certificate_path, key_path
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        authority = x509.load_pem_x509_certificate(self.certificate_path.read_bytes())
        authority_key = serialization.load_pem_private_key(self._key_path.read_bytes(), None)
        assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{service}.{self._stack}")])
        alternative = [
            x509.UniformResourceIdentifier(ProcessName(self._stack, service).uri()),
            x509.DNSName(TLS_NAME),
            x509.DNSName("localhost"),
        ]
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        certificate = (
            self._builder(subject, authority.subject, key, LEAF_DAYS)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(x509.SubjectAlternativeName(alternative), critical=False)
            .sign(authority_key, hashes.SHA256())
        )
        write_private(key_path, _key_pem(key))
        certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return certificate_path, key_path

    def _still_holds(self, path: Path) -> bool:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        return certificate.not_valid_after_utc > self._clock.now() + timedelta(days=30)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
    ) -> x509.CertificateBuilder:
        now = self._clock.now()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=days))
        )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, never readable by others even for an instant."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_bytes(content)
