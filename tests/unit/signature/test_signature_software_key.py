import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.signature.clients.software_key.authority import open_or_make
from services.signature.clients.software_key.keys import SoftwareKeys
from tests.support.signature import NOW


def test_the_keys_are_made_once_and_found_again(tmp_path):
    first = SoftwareKeys(open_or_make(tmp_path / "keys", "MIN", NOW))
    second = SoftwareKeys(open_or_make(tmp_path / "keys", "MIN", NOW))

    assert (first.key_id, first.certificate_chain()) == (second.key_id, second.certificate_chain())


def test_only_the_owner_can_read_the_keys(tmp_path):
    open_or_make(tmp_path / "keys", "MIN", NOW)

    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}


def test_a_folder_that_others_may_read_is_refused(tmp_path):
    open_or_make(tmp_path / "keys", "MIN", NOW)
    (tmp_path / "keys").chmod(0o750)

    with pytest.raises(PermissionError):
        open_or_make(tmp_path / "keys", "MIN", NOW)


def test_processes_that_start_together_share_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: open_or_make(tmp_path / "keys", "MIN", NOW), range(8)))

    assert len({material.seal_certificate.serial_number for material in made}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_a_signature_verifies_with_the_certificate_and_is_deterministic(tmp_path):
    keys = SoftwareKeys(open_or_make(tmp_path / "keys", "MIN", NOW))
    certificate, root = (x509.load_der_x509_certificate(der) for der in keys.certificate_chain())

    signature = keys.sign(b"bytes")

    public_key = certificate.public_key()
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    public_key.verify(signature, b"bytes", ec.ECDSA(hashes.SHA256()))
    certificate.verify_directly_issued_by(root)
    assert signature == keys.sign(b"bytes")


def test_keys_of_another_kind_are_refused(tmp_path):
    open_or_make(tmp_path / "keys", "MIN", NOW)
    key = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "keys" / "log.key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

    with pytest.raises(TypeError):
        open_or_make(tmp_path / "keys", "MIN", NOW)
