"""Which PDFs are taken, and which are demanded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formsets.attachments import LARGEST
from services.forms.domain.attachment import (
    Attachment,
    AttachmentKind,
    missing,
    require_pdf,
)
from services.forms.domain.errors import AttachmentRefused
from tests.support.forms import FILING_ID, NOON

PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


def an_attachment(kind=AttachmentKind.DELIBERATION, **changes):
    return Attachment(FILING_ID, FILING_ID, kind, "pv.pdf", "ab" * 32, 3, "Alix", NOON, **changes)


def refused(content):
    with pytest.raises(AttachmentRefused) as caught:
        require_pdf(content)
    (told,) = caught.value.violations
    assert told.reason == "F-30"
    assert all((told.fr.where, told.fr.how, told.en.what, told.en.where, told.en.how))
    return told.fr.what


def test_a_whole_pdf_is_taken():
    require_pdf(PDF)
    require_pdf(PDF.replace(b"Catalog", b"EncryptMetadata"))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "Le fichier n'est pas un PDF complet."),
        (b"PK\x03\x04", "Le fichier n'est pas un PDF complet."),
        (PDF[:-8], "Le fichier n'est pas un PDF complet."),
        (b"\n" + PDF, "Le fichier n'est pas un PDF complet."),
        (PDF + b"\0" * 4096, "Le fichier n'est pas un PDF complet."),
        (PDF.replace(b"/Root", b"/Encrypt 5 0 R/Root"), "Le PDF est protégé."),
        (PDF.replace(b"/Root", b"/#45ncr#79pt<</V 4>>/Root"), "Le PDF est protégé."),
        (PDF + b"\0" * LARGEST, "Le fichier dépasse 25 Mo."),
    ],
    ids=["empty", "zip", "cut", "shifted", "padded", "encrypted", "escaped", "large"],
)
def test_anything_else_is_refused(content, what):
    assert refused(content) == what


@given(st.binary(max_size=200))
def test_no_content_makes_the_check_fail_otherwise(content):
    try:
        require_pdf(content)
    except AttachmentRefused:
        return
    assert content.startswith(b"%PDF-")


def test_what_is_demanded_and_not_attached_is_told_by_w_03():
    demanded = {AttachmentKind.DELIBERATION, AttachmentKind.AUDITOR_REPORT}

    found = missing(demanded, [an_attachment(), an_attachment(AttachmentKind.NOTES)])

    assert [(violation.field, violation.reason) for violation in found] == [("AUDITOR_REPORT", "W-03")]
    assert missing(set(), []) == []
