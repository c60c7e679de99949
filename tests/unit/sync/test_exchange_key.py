"""Signatures by certificate: believed only from the signer's own authority."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chassis.tls import DevelopmentAuthority, Identity, load_authorities, load_identity
from services.sync.clients.exchange_key import CertificateSigner, CertificateVerifier
from tests.support.clocks import FrozenClock

NOW = datetime(2025, 6, 2, tzinfo=UTC)


def an_identity(folder: Path, stack: str) -> Identity:
    authority = DevelopmentAuthority(folder / stack, stack, FrozenClock(NOW))
    certificate, key = authority.issue("node", folder / stack / "processes")
    return load_identity(certificate, key, folder / stack)


@pytest.fixture
def signers(tmp_path: Path) -> dict[str, CertificateSigner]:
    return {name: CertificateSigner(an_identity(tmp_path, name)) for name in ("MIN", "FED-OPH", "FED-OPH-2")}


def verifier(folder: Path, *stacks: str, now: datetime = NOW) -> CertificateVerifier:
    authorities = {name: a for stack in stacks for name, a in load_authorities(folder / stack).items()}
    return CertificateVerifier(authorities, FrozenClock(now))


def test_a_signature_is_believed_for_its_server_and_content_only(
    tmp_path: Path, signers: dict[str, CertificateSigner]
) -> None:
    check = verifier(tmp_path, "MIN", "FED-OPH")
    signature = signers["MIN"].sign(b"content")

    assert check.verify("MIN", b"content", signature)
    assert not check.verify("MIN", b"other", signature)
    assert not check.verify("FED-OPH", b"content", signature)


def test_a_server_whose_authority_is_not_trusted_is_not_believed(
    tmp_path: Path, signers: dict[str, CertificateSigner]
) -> None:
    assert not verifier(tmp_path, "MIN").verify("FED-OPH", b"content", signers["FED-OPH"].sign(b"content"))


def test_an_authority_speaks_for_its_own_server_only(tmp_path: Path) -> None:
    forger = DevelopmentAuthority(tmp_path / "forged", "FED-OPH", FrozenClock(NOW))
    certificate, key = forger.issue("node", tmp_path / "forged" / "processes")
    forged = CertificateSigner(load_identity(certificate, key, tmp_path / "forged")).sign(b"content")
    an_identity(tmp_path, "FED-OPH")

    assert not verifier(tmp_path, "FED-OPH").verify("FED-OPH", b"content", forged)


@pytest.mark.parametrize("days", [-1, 398])
def test_a_certificate_outside_its_dates_is_not_believed(
    tmp_path: Path, signers: dict[str, CertificateSigner], days: int
) -> None:
    check = verifier(tmp_path, "MIN", now=NOW + timedelta(days=days))

    assert not check.verify("MIN", b"content", signers["MIN"].sign(b"content"))


@pytest.mark.parametrize("signature", [b"", b"\x00", b"\xff\xff", b"\x00\x05hello", bytes(2_000)])
def test_rubbish_is_not_a_signature(tmp_path: Path, signers: dict[str, CertificateSigner], signature: bytes) -> None:
    assert not verifier(tmp_path, "MIN").verify("MIN", b"content", signature)
