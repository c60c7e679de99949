import hashlib

import pytest

from services.signature.clients.asic.manifest_xml import ManifestUnreadable, read_manifest, write_manifest

FILES = {"filing.json": b"{}", "filing.html": b"<p>"}
WRITTEN = write_manifest("META-INF/signature001.p7s", FILES)


def test_the_manifest_names_the_signature_and_the_digest_of_each_file():
    name, digests = read_manifest(WRITTEN)

    assert name == "META-INF/signature001.p7s"
    assert digests == {name: hashlib.sha256(content).digest() for name, content in FILES.items()}


BOMB = (
    b'<!DOCTYPE a [<!ENTITY b "aaaaaaaaaa"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    b'<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">&c;</asic:ASiCManifest>'
)
XXE = (
    b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>'
    b'<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#">&b;</asic:ASiCManifest>'
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not xml",
        BOMB,
        XXE,
        WRITTEN.decode().encode("utf-16"),
        WRITTEN.replace(b"xmlenc#sha256", b"xmldsig#sha1"),
        WRITTEN.replace(b"<asic:DataObjectReference", b"<asic:Other", 1),
        WRITTEN.replace(b"filing.html", b"filing.json"),
        WRITTEN.replace(b"URI=", b"Uri=", 1),
        WRITTEN.replace(b"</asic:ASiCManifest>", b"text</asic:ASiCManifest>"),
        WRITTEN.replace(b"<ds:DigestValue>", b"<ds:DigestValue>!", 1),
        WRITTEN.replace(b"<asic:SigReference", b'<asic:SigReference URI="x"/><asic:SigReference'),
        WRITTEN.replace(b"02918/v1.2.1", b"other"),
        WRITTEN.replace(b"<ds:DigestMethod", b'<ds:DigestMethod Algorithm="weak"/><ds:DigestMethod', 1),
        WRITTEN.replace(b"<asic:SigReference", b"<?php x?><asic:SigReference"),
    ],
)
def test_a_manifest_of_another_layout_is_refused(content):
    with pytest.raises(ManifestUnreadable):
        read_manifest(content)
