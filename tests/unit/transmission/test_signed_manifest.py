"""The signed bytes are read just far enough, and only when they are a filing with release terms."""

import json
from typing import Any

import pytest

from services.transmission.domain.errors import ReleaseTermsMismatch
from services.transmission.domain.signed_manifest import read_manifest
from tests.support.transmission import DAY, a_content, an_identity


def test_only_the_recipients_that_receive_are_terms() -> None:
    manifest = read_manifest(a_content(recipients=("MIN", "CDC"), refused=("CGLLS",)), DAY)

    assert [one.recipient for one in manifest.terms.recipients] == ["MIN", "CDC"]


def test_the_manifest_names_the_filing_and_its_version() -> None:
    manifest = read_manifest(a_content(version=3), DAY)

    assert (manifest.identity, manifest.version) == (an_identity(), 3)


@pytest.mark.parametrize("member", ["filing", "body", "family", "departement", "year", "release", "release_matrix"])
def test_a_manifest_that_lacks_a_member_is_refused(member: str) -> None:
    tree: dict[str, Any] = json.loads(a_content())
    del tree[member]

    with pytest.raises(ReleaseTermsMismatch):
        read_manifest(json.dumps(tree).encode(), DAY)


@pytest.mark.parametrize("content", [b"", b"\xff", b"[]", b"null", b'{"filing": 1}'])
def test_bytes_that_are_no_manifest_are_refused(content: bytes) -> None:
    with pytest.raises(ReleaseTermsMismatch):
        read_manifest(content, DAY)
