"""The development authority: a root, one seal key and one log key, written once into a folder only the owner can read."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

_ROOT_LIVES = timedelta(days=3650)
_SEAL_LIVES = timedelta(days=1825)
_BACKDATED = timedelta(minutes=5)
_DEVELOPMENT = "Harmonia (développement, sans valeur juridique)"

ROOT_CERTIFICATE = "root.cert.pem"
SEAL_CERTIFICATE = "seal.cert.pem"
SEAL_KEY = "seal.key.pem"
LOG_KEY = "log.key.pem"


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """What the folder holds, loaded."""

    seal_key: ec.EllipticCurvePrivateKey
    log_key: ed25519.Ed25519PrivateKey
    seal_certificate: x509.Certificate
    root_certificate: x509.Certificate


def open_or_make(folder: Path, server: str, now: datetime) -> KeyMaterial:
    """Return the keys of the folder, made now if it does not exist.

    The folder appears whole or not at all; of two processes that start together, one makes it and both use it.

    Args:
        folder: where the keys live; mode 0700, the files 0600.
        server: name of the server, for the subject of the certificates.
        now: start of validity, less five minutes for clocks that lag.

    Raises:
        PermissionError: somebody else may read the folder.
    """
    if not folder.exists():
        _make(folder, server, now)
    if folder.stat().st_mode & 0o077:
        raise PermissionError(f"{folder} may be read by others; its mode must be 0700")
    return _load(folder)


def _make(folder: Path, server: str, now: datetime) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(draft, server, now)
        draft.rename(folder)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not folder.exists():
            raise


def _fill(folder: Path, server: str, now: datetime) -> None:
    root_key = ec.generate_private_key(ec.SECP256R1())
    seal_key = ec.generate_private_key(ec.SECP256R1())
    root = _root_certificate(root_key, server, now)
    seal = _seal_certificate(seal_key.public_key(), root, root_key, server, now)
    # The root's private key is not kept: nothing else is ever issued, so there is nothing to steal.
    _write(folder / ROOT_CERTIFICATE, root.public_bytes(serialization.Encoding.PEM))
    _write(folder / SEAL_CERTIFICATE, seal.public_bytes(serialization.Encoding.PEM))
    _write(folder / SEAL_KEY, _private_pem(seal_key))
    _write(folder / LOG_KEY, _private_pem(ed25519.Ed25519PrivateKey.generate()))


def _load(folder: Path) -> KeyMaterial:
    seal_key = serialization.load_pem_private_key((folder / SEAL_KEY).read_bytes(), password=None)
    log_key = serialization.load_pem_private_key((folder / LOG_KEY).read_bytes(), password=None)
    if not isinstance(seal_key, ec.EllipticCurvePrivateKey) or not isinstance(log_key, ed25519.Ed25519PrivateKey):
        raise TypeError(f"{folder} holds keys of another kind")
    return KeyMaterial(
        seal_key=seal_key,
        log_key=log_key,
        seal_certificate=x509.load_pem_x509_certificate((folder / SEAL_CERTIFICATE).read_bytes()),
        root_certificate=x509.load_pem_x509_certificate((folder / ROOT_CERTIFICATE).read_bytes()),
    )


def _root_certificate(key: ec.EllipticCurvePrivateKey, server: str, now: datetime) -> x509.Certificate:
    name = _name(f"Autorité de {server}")
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _ROOT_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )


def _seal_certificate(
    public: ec.EllipticCurvePublicKey,
    root: x509.Certificate,
    root_key: ec.EllipticCurvePrivateKey,
    server: str,
    now: datetime,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(f"Cachet du serveur {server}"))
        .issuer_name(root.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _SEAL_LIVES)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _DEVELOPMENT),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=not certificates,
        key_cert_sign=certificates,
        crl_sign=certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
