from dataclasses import replace
from datetime import timedelta

import pytest

from services.signature.domain.evidence import contradictions, evidence
from services.signature.domain.intent import IntentState
from tests.support.signature import NOW, a_manifest, an_intent

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


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_a_contradiction(name):
    assert contradictions({other: content for other, content in FILES.items() if other != name})
