"""The signed bytes are read just far enough, and only when they are a filing with release terms."""

import json
from typing import Any

import pytest

from services.transmission.domain.errors import ReleaseTermsMismatch
from services.transmission.domain.signed_manifest import read_manifest
from tests.support.transmission import DAY, a_content


def test_only_the_recipients_that_receive_are_terms() -> None:
    manifest = read_manifest(a_content(recipients=("MIN", "CDC"), refused=("CGLLS",)), DAY)

    assert [one.recipient for one in manifest.terms.recipients] == ["MIN", "CDC"]


def test_the_manifest_names_filing_version_body_document_and_year() -> None:
    manifest = read_manifest(a_content(version=3), DAY)

    assert (manifest.version, manifest.body, manifest.document, manifest.year) == (3, "275100016", "ER", 2024)


@pytest.mark.parametrize("member", ["filing", "body", "document", "year", "release", "release_matrix"])
def test_a_manifest_that_lacks_a_member_is_refused(member: str) -> None:
    tree: dict[str, Any] = json.loads(a_content())
    del tree[member]

    with pytest.raises(ReleaseTermsMismatch):
        read_manifest(json.dumps(tree).encode(), DAY)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"null", b'{"filing": 1}'])
def test_bytes_that_are_no_manifest_are_refused(content: bytes) -> None:
    with pytest.raises(ReleaseTermsMismatch):
        read_manifest(content, DAY)
