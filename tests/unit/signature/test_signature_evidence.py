from dataclasses import replace
from datetime import timedelta

import pytest

from services.signature.domain.evidence import HeldFile, altered, contradictions, evidence
from services.signature.domain.intent import IntentState
from tests.support.signature import NOW, a_manifest, an_attachment, an_intent

COMMITTED = replace(
    an_intent(), state=IntentState.COMMITTED, authenticated_at=NOW - timedelta(minutes=1), committed_at=NOW
)
FILES = evidence(a_manifest().content, b"<p>", COMMITTED.consent())


def test_a_filing_its_view_and_its_consent_hold_together():
    assert contradictions(FILES) == ()


@pytest.mark.parametrize(
    "change",
    [
        {"filing.json": a_manifest(year=2025).content},
        {"filing.json": b"{}"},
        {"consent.json": b"{}"},
        {"consent.json": b"[" * 100_000},
        {"consent.json": replace(COMMITTED, digest="cd" * 32).consent()},
        {"consent.json": replace(COMMITTED, filing_version=2).consent()},
    ],
)
def test_files_of_different_filings_are_a_contradiction(change):
    assert contradictions(FILES | change)


def test_a_part_that_cannot_be_is_named():
    content = a_manifest(attachments=(an_attachment(),)).content.replace(b'"size":1234', b'"size":-234')

    (reason,) = contradictions(FILES | {"filing.json": content})

    assert "« attachments »" in reason


def held(name="pv.pdf", digest="cd" * 32):
    return HeldFile(name, 1234, digest)


def test_the_held_files_that_are_signed_attachments_are_as_they_were_signed():
    manifest = a_manifest(attachments=(an_attachment(), an_attachment(kind="NOTES", file_name="n.pdf")))

    assert altered(manifest, []) == ()
    assert altered(manifest, [held(), held(name="renamed.pdf")]) == ()


def test_an_altered_attachment_is_named_and_so_is_one_that_was_never_signed():
    found = altered(a_manifest(attachments=(an_attachment(),)), [held(digest="00" * 32), held("other.pdf", "11" * 32)])

    assert [reason.partition(":")[0] for reason in found] == ["HASH_FAILURE", "SIGNED_DATA_NOT_FOUND"]
    assert ["pv.pdf" in found[0], "other.pdf" in found[1]] == [True, True]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_a_contradiction(name):
    assert contradictions({other: content for other, content in FILES.items() if other != name})
