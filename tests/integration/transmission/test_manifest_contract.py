"""The bytes that the signature service writes are the bytes that transmission reads."""

from datetime import date

from services.transmission.domain.signed_manifest import read_manifest
from tests.support.signature import a_manifest


def test_transmission_reads_what_signature_writes() -> None:
    written = a_manifest()

    read = read_manifest(written.content, date(2025, 7, 1))

    assert (read.identity.filing_id, read.version) == (written.filing_id, written.filing_version)
    for name in ("body", "body_name", "family", "departement", "document", "year"):
        assert getattr(read.identity, name) == getattr(written, name)
    assert read.terms.matrix_digest == written.matrix_digest
    assert {(one.recipient, one.rule, one.level) for one in read.terms.recipients} == {
        (term.recipient, term.rule, term.level) for term in written.release_terms if term.is_released
    }
