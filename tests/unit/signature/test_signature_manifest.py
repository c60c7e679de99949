import json

import pytest
import rfc8785

from services.signature.domain.errors import ManifestMalformed
from services.signature.domain.manifest import CheckedVerdict, FilingManifest, justifications_digest
from tests.support.signature import a_manifest, a_term


def test_the_bytes_are_canonical_json():
    content = a_manifest().content

    assert content == rfc8785.dumps(json.loads(content))


def test_the_bytes_read_back_as_the_same_manifest():
    manifest = a_manifest(attachments={"rapport.pdf": "cd" * 32})

    assert FilingManifest.from_bytes(manifest.content).content == manifest.content


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
        {"attachments": {"a.pdf": "cd" * 32}},
    ],
)
def test_any_change_of_fact_changes_the_digest(change):
    assert a_manifest(**change).digest != a_manifest().digest


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
        {"form_set_digest": "short"},
        {"rule_set_digest": ""},
        {"release_terms": (a_term("CDC"), a_term("CDC", decision="deny"))},
    ],
)
def test_a_manifest_that_could_not_be_trusted_is_never_made(facts):
    with pytest.raises(ManifestMalformed):
        a_manifest(**facts)


def test_justifications_have_one_digest_whatever_their_order():
    assert justifications_digest({"A-1": "x", "A-2": "y"}) == justifications_digest({"A-2": "y", "A-1": "x"})
