import hashlib
import io
import zipfile
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from services.signature.clients.asic.archive import pack
from services.signature.clients.asic.cades import sign_detached, verify_detached
from services.signature.clients.asic.container import MANIFEST, SIGNATURE, AsicContainers
from services.signature.clients.asic.manifest_xml import write_manifest
from services.signature.domain.policy import SERVER_SEAL_1
from services.signature.usecases.ports import Indication
from tests.support.signature import containers_trusting, software_keys

NOW = datetime.now(UTC).replace(microsecond=0)
FILES = {"filing.json": b'{"a":"1"}', "filing.html": b"<p>", "consent.json": b"{}"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return software_keys(tmp_path_factory.mktemp("signature"), now=NOW)


@pytest.fixture(scope="module")
def containers(keys):
    return containers_trusting(keys)


@pytest.fixture(scope="module")
def sealed(keys, containers):
    return containers.seal(FILES, keys, NOW)


def contents(container):
    with zipfile.ZipFile(io.BytesIO(container)) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name != "mimetype"}


def test_a_sealed_container_passes_and_hands_back_the_verified_bytes(containers, sealed):
    verdict = containers.verify(sealed.container, NOW)

    assert verdict.indication is Indication.PASSED
    assert verdict.verified_bytes == FILES
    assert (verdict.signed_at, verdict.level) == (NOW, "B-B")
    assert "Cachet du serveur MIN" in verdict.signer


def test_the_same_files_key_and_time_give_the_same_bytes(keys, containers, sealed):
    assert containers.seal(FILES, keys, NOW) == sealed


def test_the_container_has_the_shape_of_the_standard(sealed):
    assert list(contents(sealed.container)) == [*FILES, "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"filing.json": b'{"a":"2"}'}, "HASH_FAILURE"),
        ({"filing.html": b"<q>"}, "HASH_FAILURE"),
        ({"extra.txt": b""}, "FORMAT_FAILURE"),
        ({"META-INF/ASiCManifest002.xml": b""}, "FORMAT_FAILURE"),
        ({"META-INF/manifest.xml": b""}, "FORMAT_FAILURE"),
        ({SIGNATURE: b""}, "FORMAT_FAILURE"),
        ({SIGNATURE: b"\x30\x80"}, "FORMAT_FAILURE"),
        ({MANIFEST: b"<x/>"}, "FORMAT_FAILURE"),
        ({MANIFEST: write_manifest(SIGNATURE, FILES | {"filing.json": b"{}"}), "filing.json": b"{}"}, "HASH_FAILURE"),
        ({MANIFEST: write_manifest("META-INF/signature002.p7s", FILES)}, "FORMAT_FAILURE"),
    ],
)
def test_a_container_that_was_touched_fails(containers, sealed, change, reason):
    verdict = containers.verify(pack(contents(sealed.container) | change), NOW)

    assert verdict.indication is Indication.FAILED
    assert verdict.reasons[0].startswith(reason)
    assert verdict.verified_bytes is None


@pytest.mark.parametrize("name", [*FILES, MANIFEST, SIGNATURE])
def test_a_container_that_lacks_a_file_fails(containers, sealed, name):
    remaining = {other: content for other, content in contents(sealed.container).items() if other != name}

    assert containers.verify(pack(remaining), NOW).indication is Indication.FAILED


def test_a_signature_of_another_container_fails(keys, containers, sealed):
    other = contents(containers.seal({"filing.json": b"{}"}, keys, NOW).container)

    verdict = containers.verify(pack(contents(sealed.container) | {SIGNATURE: other[SIGNATURE]}), NOW)

    assert verdict.indication is Indication.FAILED


def test_the_seal_of_an_unknown_authority_is_indeterminate(tmp_path, sealed):
    stranger = containers_trusting(software_keys(tmp_path, "FED-OPH"))

    verdict = stranger.verify(sealed.container, NOW)

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.reasons[0].startswith("NO_CERTIFICATE_CHAIN_FOUND")


@pytest.mark.parametrize("years", [-1, 6])
def test_without_proof_of_time_a_certificate_outside_its_dates_is_indeterminate(containers, sealed, years):
    verdict = containers.verify(sealed.container, NOW + timedelta(days=365 * years))

    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.reasons[0].startswith("OUT_OF_BOUNDS_NO_POE")


def test_a_claimed_time_before_the_certificate_is_indeterminate(keys, containers):
    early = containers.seal(FILES, keys, NOW - timedelta(days=1))

    assert containers.verify(early.container, NOW).indication is Indication.INDETERMINATE


def test_no_flipped_byte_of_the_signature_passes_or_crashes(keys):
    signature = sign_detached(b"content", keys, NOW)
    roots = [keys.certificate_chain()[-1]]

    passed = []
    for place in range(len(signature)):
        changed = signature[:place] + bytes([signature[place] ^ 0x55]) + signature[place + 1 :]
        if verify_detached(changed, b"content", roots, SERVER_SEAL_1, NOW).indication is Indication.PASSED:
            passed.append(place)

    assert verify_detached(signature, b"content", roots, SERVER_SEAL_1, NOW).indication is Indication.PASSED
    assert passed == []


def test_the_signature_carries_the_attributes_of_the_baseline_level(keys):
    signed = cms.ContentInfo.load(sign_detached(b"content", keys, NOW))["content"]
    names = {attribute["type"].native for attribute in signed["signer_infos"][0]["signed_attrs"]}

    assert names == {"content_type", "message_digest", "signing_time", "signing_certificate_v2"}
    assert signed["encap_content_info"]["content"].native is None


def altered(signature, alter):
    envelope = cms.ContentInfo.load(signature)
    alter(envelope["content"]["signer_infos"][0])
    return envelope.dump(force=True)


@pytest.mark.parametrize("missing", ["signing_time", "signing_certificate_v2", "message_digest", "content_type"])
def test_a_signature_without_a_baseline_attribute_never_passes(keys, missing):
    def drop(signer):
        kept = [attribute for attribute in signer["signed_attrs"] if attribute["type"].native != missing]
        signer["signed_attrs"] = cms.CMSAttributes(kept)

    changed = altered(sign_detached(b"content", keys, NOW), drop)

    finding = verify_detached(changed, b"content", [keys.certificate_chain()[-1]], SERVER_SEAL_1, NOW)
    assert finding.indication is Indication.INDETERMINATE


def issued(key, name, issuer_key, issuer, *, signs=True):
    usage = x509.KeyUsage(signs, False, False, False, not signs, False, False, False, False)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(usage, critical=True)
        .sign(issuer_key, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def key_port(sign, chain):
    return SimpleNamespace(key_id="test", certificate_chain=lambda: chain, sign=sign)


def self_signed(key, **options):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "self")])
    return issued(key, "self", key, name, **options)


def test_a_curve_outside_the_policy_never_passes():
    key = ec.generate_private_key(ec.SECP384R1())
    chain = (self_signed(key),)
    signature = sign_detached(b"content", key_port(lambda p: key.sign(p, ec.ECDSA(hashes.SHA256())), chain), NOW)

    finding = verify_detached(signature, b"content", chain, SERVER_SEAL_1, NOW)

    assert finding.reasons[0].startswith("CRYPTO_CONSTRAINTS_FAILURE")


def test_a_key_of_another_family_never_passes():
    key = rsa.generate_private_key(65537, 2048)
    chain = (self_signed(key),)
    signature = sign_detached(b"content", key_port(lambda payload: b"\x00", chain), NOW)

    finding = verify_detached(signature, b"content", chain, SERVER_SEAL_1, NOW)

    assert finding.reasons[0].startswith("CRYPTO_CONSTRAINTS_FAILURE")


def test_a_certificate_that_may_not_sign_never_passes():
    key = ec.generate_private_key(ec.SECP256R1())
    chain = (self_signed(key, signs=False),)
    signature = sign_detached(b"content", key_port(lambda p: key.sign(p, ec.ECDSA(hashes.SHA256())), chain), NOW)

    finding = verify_detached(signature, b"content", chain, SERVER_SEAL_1, NOW)

    assert finding.reasons[0].startswith("CHAIN_CONSTRAINTS_FAILURE")


def test_a_seal_certificate_cannot_issue_another_signer(keys):
    """The classic missing check of basicConstraints: an end certificate plays the authority."""
    seal_key = keys._key
    seal, root = (x509.load_der_x509_certificate(der) for der in keys.certificate_chain())
    rogue = ec.generate_private_key(ec.SECP256R1())
    chain = (
        issued(rogue, "rogue", seal_key, seal.subject),
        keys.certificate_chain()[0],
        root.public_bytes(serialization.Encoding.DER),
    )
    signature = sign_detached(b"content", key_port(lambda p: rogue.sign(p, ec.ECDSA(hashes.SHA256())), chain), NOW)

    finding = verify_detached(signature, b"content", [chain[-1]], SERVER_SEAL_1, NOW)

    assert finding.reasons[0].startswith("NO_CERTIFICATE_CHAIN_FOUND")


def test_noise_is_an_answer_and_not_an_incident(containers):
    noise = [hashlib.sha256(bytes([number])).digest() * 8 for number in range(50)]

    assert {containers.verify(blob, NOW).indication for blob in noise} == {Indication.FAILED}


def test_containers_can_trust_several_authorities(keys, sealed, tmp_path):
    other = software_keys(tmp_path, "FED-OPH")
    both = AsicContainers(SERVER_SEAL_1, [other.certificate_chain()[-1], keys.certificate_chain()[-1]])

    assert both.verify(sealed.container, NOW).indication is Indication.PASSED
