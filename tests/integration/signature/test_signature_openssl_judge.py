"""Containers before a judge that shares no code with us: ``openssl cms`` and ``unzip`` (signature.md, held-out judges)."""

import base64
import hashlib
import io
import re
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from services.signature.clients.asic.archive import pack
from services.signature.usecases.ports import Indication
from tests.support.signature import containers_trusting, software_keys

NOW = datetime.now(UTC).replace(microsecond=0)
FILES = {"filing.json": b'{"a":"1"}', "filing.html": b"<p>", "consent.json": b"{}"}
MANIFEST, SIGNATURE = "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s"

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed: no held-out judge")


@pytest.fixture(scope="module")
def court(tmp_path_factory):
    return Court(tmp_path_factory.mktemp("court"))


class Court:
    """Ours and theirs, on the same container."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = software_keys(folder, now=NOW)
        self.containers = containers_trusting(self.keys)
        self.container = self.containers.seal(FILES, self.keys, NOW).container
        root = x509.load_der_x509_certificate(self.keys.certificate_chain()[-1])
        (folder / "ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))

    def files(self):
        with zipfile.ZipFile(io.BytesIO(self.container)) as archive:
            return {name: archive.read(name) for name in archive.namelist() if name != "mimetype"}

    def we_accept(self, files):
        return self.containers.verify(pack(files), NOW).indication is Indication.PASSED

    def openssl_accepts(self, files):
        (self.folder / "manifest").write_bytes(files[MANIFEST])
        (self.folder / "signature").write_bytes(files[SIGNATURE])
        command = "openssl cms -verify -binary -inform DER -in signature -content manifest -CAfile ca.pem -purpose any"
        finished = subprocess.run(
            [*command.split(), "-out", "out"], cwd=self.folder, capture_output=True, check=False, timeout=20
        )
        return finished.returncode == 0 and digests_hold(files)


def digests_hold(files):
    """The digest check of an outsider: regular expressions and hashlib, none of our code."""
    said = re.findall(rb'URI="([^"]+)" MimeType="[^"]+">.*?<ds:DigestValue>([^<]+)<', files[MANIFEST], re.DOTALL)
    covered = {name.decode(): base64.b64decode(value) for name, value in said}
    there = {name: hashlib.sha256(data).digest() for name, data in files.items() if not name.startswith("META-INF/")}
    return covered == there


def test_openssl_and_we_accept_what_we_sealed(court):
    assert court.openssl_accepts(court.files())
    assert court.we_accept(court.files())


@pytest.mark.parametrize("name", [*FILES, MANIFEST, SIGNATURE])
def test_a_changed_byte_is_refused_by_openssl_and_by_us(court, name):
    files = court.files()
    middle = len(files[name]) * 2 // 3
    files[name] = files[name][:middle] + bytes([files[name][middle] ^ 1]) + files[name][middle + 1 :]

    assert not court.openssl_accepts(files)
    assert not court.we_accept(files)


def test_nothing_that_we_accept_is_refused_by_openssl(court):
    """Every eleventh byte of the signature flipped: 0 cases of 'we accept, the judge refuses' (T23)."""
    original = court.files()
    worse = []
    for place in range(0, len(original[SIGNATURE]), 11):
        blob = bytearray(original[SIGNATURE])
        blob[place] ^= 0x20
        files = original | {SIGNATURE: bytes(blob)}
        if court.we_accept(files) and not court.openssl_accepts(files):
            worse.append(place)

    assert worse == []


def test_openssl_reads_the_certificate_reference_and_the_time(court):
    (court.folder / "signature").write_bytes(court.files()[SIGNATURE])
    printed = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", "signature"],
        cwd=court.folder,
        capture_output=True,
        check=True,
        timeout=20,
    ).stdout.decode()

    assert "id-smime-aa-signingCertificateV2" in printed
    assert "signingTime" in printed
    assert "ecdsa-with-SHA256" in printed


@pytest.mark.skipif(not shutil.which("unzip"), reason="unzip is not installed")
def test_unzip_finds_no_fault_in_the_archive(court):
    (court.folder / "filing.asice").write_bytes(court.container)

    assert subprocess.run(["unzip", "-tq", "filing.asice"], cwd=court.folder, check=False, timeout=20).returncode == 0
