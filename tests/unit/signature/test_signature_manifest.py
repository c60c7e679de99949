import json

import pytest
import rfc8785

from services.signature.domain.errors import ManifestMalformed
from services.signature.domain.manifest import CheckedVerdict, FilingManifest, justifications_digest
from tests.support.signature import a_manifest, a_previous, a_term, an_attachment


def test_the_bytes_are_canonical_json():
    content = a_manifest().content

    assert content == rfc8785.dumps(json.loads(content))


def test_the_bytes_read_back_as_the_same_manifest():
    manifest = a_manifest(filing_version=3, attachments=(an_attachment(), an_attachment(kind="OTHER")))

    read = FilingManifest.from_bytes(manifest.content)

    assert read.content == manifest.content
    assert (read.previous, read.attachments) == (manifest.previous, manifest.attachments)


def test_neither_the_order_of_cells_nor_of_recipients_changes_the_digest():
    one = a_manifest(cells={"A.1.x": "1", "B.1.x": "2"}, release_terms=(a_term("CDC"), a_term("ANCOLS")))
    other = a_manifest(cells={"B.1.x": "2", "A.1.x": "1"}, release_terms=(a_term("ANCOLS"), a_term("CDC")))

    assert one.digest == other.digest


def test_an_empty_cell_is_left_out():
    assert a_manifest(cells={"A.1.x": "1", "A.2.x": ""}).digest == a_manifest(cells={"A.1.x": "1"}).digest


@pytest.mark.parametrize(
    "change",
    [
        {"cells": {"BA.010.brut": "1235"}},
        {"body": "270300012"},
        {"document": "QDIS"},
        {"year": 2025},
        {"filing_version": 2},
        {"server": "FED-OPH"},
        {"matrix_digest": "cd" * 32},
        {"departement": "69"},
        {"verdict": CheckedVerdict("remarks", "ab" * 32)},
        {"rule_set_digest": "cd" * 32},
        {"release_terms": (a_term("CDC", decision="deny"), a_term("ANCOLS"))},
        {"attachments": (an_attachment(),)},
    ],
)
def test_any_change_of_fact_changes_the_digest(change):
    assert a_manifest(**change).digest != a_manifest().digest


@pytest.mark.parametrize(
    "change",
    [
        {"previous": a_previous(digest="00" * 32)},
        {"previous": a_previous(receipt_number="ER-2024-MIN-000002-X")},
        {"previous": a_previous(log_index=1)},
        {"attachments": (an_attachment(size=1235),)},
        {"attachments": (an_attachment(digest="ce" * 32),)},
        {"attachments": (an_attachment(file_name="pv2.pdf"),)},
        {"attachments": (an_attachment(kind="NOTES"),)},
        {"attachments": ()},
    ],
)
def test_any_change_of_the_version_before_or_of_an_attached_file_changes_the_digest(change):
    facts = {"filing_version": 2, "attachments": (an_attachment(),)}

    assert a_manifest(**facts | change).digest != a_manifest(**facts).digest


def test_the_order_in_which_files_were_attached_changes_nothing():
    files = (an_attachment(kind="OTHER", file_name="b.pdf"), an_attachment(kind="OTHER", file_name="a.pdf"))

    assert a_manifest(attachments=files).digest == a_manifest(attachments=files[::-1]).digest


EARLY = (
    b'{"attachments":{"rapport.pdf":"'
    + b"cd" * 32
    + b'"},"body":"270300011","body_name":"Habitat","cells":{"BA.010.brut":'
    b'"1234"},"departement":"21","document":"ER","family":"OPH","filing":{"id":"0197c000-0000-7000-8000-000000000001",'
    b'"version":2},"form_set":{"digest":"'
    + b"ab"
    * 32
    + b'","version":"2024.1"},"kind":"harmonia.filing/1","release":[],'
    b'"release_matrix":{"digest":"' + b"ab" * 32 + b'"},"rule_set":{"digest":"' + b"ab" * 32 + b'"},"server":"MIN",'
    b'"verdict":{"justifications_digest":"' + b"ab" * 32 + b'","outcome":"clean"},"year":2024}'
)
"""A filing as it was signed before versions were chained."""


def test_what_was_signed_before_versions_were_chained_reads_back_to_the_byte():
    manifest = FilingManifest.from_bytes(EARLY)

    assert manifest.content == EARLY
    assert (manifest.filing_version, manifest.previous) == (2, None)
    assert [(one.file_name, one.digest) for one in manifest.attachments] == [("rapport.pdf", "cd" * 32)]


def test_an_early_filing_cannot_claim_what_its_layout_does_not_say():
    claimed = EARLY.replace(b'"release":[]', b'"previous":null,"release":[]')

    with pytest.raises(ManifestMalformed):
        FilingManifest.from_bytes(claimed)
    with pytest.raises(ManifestMalformed):
        FilingManifest.from_bytes(EARLY.replace(b"filing/1", b"filing/2"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"kind":"other"}',
        a_manifest().content + b" ",
        a_manifest().content.replace(b'"year":2024', b'"year":2024.0'),
        a_manifest().content.replace(b'"year":2024', b'"year":2024,"extra":1'),
        json.dumps(json.loads(a_manifest().content)).encode(),
    ],
)
def test_bytes_that_are_not_the_one_canonical_form_are_refused(content):
    with pytest.raises(ManifestMalformed):
        FilingManifest.from_bytes(content)


@pytest.mark.parametrize(
    "facts",
    [
        {"body": "12345678"},
        {"body": "12345678A"},
        {"filing_version": 0},
        {"kind": "harmonia.filing/3"},
        {"form_set_digest": "short"},
        {"rule_set_digest": ""},
        {"release_terms": (a_term("CDC"), a_term("CDC", decision="deny"))},
    ],
)
def test_a_manifest_that_could_not_be_trusted_is_never_made(facts):
    with pytest.raises(ManifestMalformed):
        a_manifest(**facts)


@pytest.mark.parametrize(
    ("facts", "part"),
    [
        ({"filing_version": 2, "previous": None}, "previous"),
        ({"filing_version": 1, "previous": a_previous()}, "previous"),
        ({"filing_version": 3, "previous": a_previous(1)}, "previous"),
        ({"filing_version": 2, "previous": a_previous(digest="short")}, "previous"),
        ({"filing_version": 2, "previous": a_previous(receipt_number="")}, "previous"),
        ({"filing_version": 2, "previous": a_previous(log_index=-1)}, "previous"),
        ({"attachments": (an_attachment(digest="sha256:" + "cd" * 32),)}, "attachments"),
        ({"attachments": (an_attachment(size=-1),)}, "attachments"),
        ({"attachments": (an_attachment(file_name=""),)}, "attachments"),
    ],
)
def test_a_part_that_cannot_be_is_named(facts, part):
    with pytest.raises(ManifestMalformed) as refused:
        a_manifest(**facts)

    assert refused.value.metadata["field"] == part


def test_justifications_have_one_digest_whatever_their_order():
    assert justifications_digest({"A-1": "x", "A-2": "y"}) == justifications_digest({"A-2": "y", "A-1": "x"})
