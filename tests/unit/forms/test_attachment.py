"""Which PDFs are taken, and which are demanded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formsets.attachments import LARGEST
from services.forms.domain.attachment import Attachment, PdfFlaw, clean_name, missing, require_flawless, require_pdf
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.errors import AttachmentRefused
from tests.support.forms import FILING_ID, NOON
from tests.support.pdfs import a_pdf

PDF = a_pdf()


def an_attachment(kind=AttachmentKind.DELIBERATION, **changes):
    return Attachment(FILING_ID, FILING_ID, kind, "pv.pdf", "ab" * 32, 3, "Alix", NOON, **changes)


def refused(content):
    with pytest.raises(AttachmentRefused) as caught:
        require_pdf(content)
    (told,) = caught.value.violations
    assert told.reason == "F-30"
    assert all((told.fr.where, told.fr.how, told.en.what, told.en.where, told.en.how))
    return told.fr.what


def test_a_whole_pdf_is_looked_into():
    require_pdf(PDF)
    require_pdf(a_pdf(b"(/Encrypt is a word of this text)"))


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


def test_a_pdf_without_flaws_is_taken():
    require_flawless(())


@pytest.mark.parametrize("flaw", PdfFlaw)
def test_each_flaw_is_said_in_both_languages(flaw):
    with pytest.raises(AttachmentRefused) as caught:
        require_flawless({flaw, PdfFlaw.SCRIPT})

    told = caught.value.violations
    assert len(told) == len({flaw, PdfFlaw.SCRIPT})
    assert {(violation.field, violation.reason) for violation in told} == {("content", "F-30")}
    assert all(all((one.what, one.where, one.how)) for told_once in told for one in (told_once.fr, told_once.en))


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("pv.pdf", "pv.pdf"),
        ("Délibération n° 12.PDF", "Délibération n° 12.pdf"),
        ("e\u0301tat.pdf", "état.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\x\\pv.pdf", "pv.pdf"),
        ("a\r\nSet-Cookie: y.pdf", "a Set-Cookie- y.pdf"),
        ("rapport\u202efdp.exe", "rapportfdp.exe.pdf"),
        ("\u2066a\u2069\u200b\ufeff.pdf", "a.pdf"),
        ("pv.pdf\x00.exe", "pv.pdf.exe.pdf"),
        ('é"; filename=x.html', "é-; filename=x.html.pdf"),
        ("x" * 5_000 + ".pdf", "x" * 120 + ".pdf"),
        ("  .. pv .pdf", "pv.pdf"),
        ("", "piece.pdf"),
        (".pdf", "piece.pdf"),
        ("\u202e", "piece.pdf"),
    ],
)
def test_a_file_name_is_one_that_can_be_shown_and_saved(given, shown):
    assert clean_name(given) == shown


@given(st.text(max_size=300))
def test_a_clean_name_stays_as_it_is(text):
    name = clean_name(text)

    assert clean_name(name) == name
    assert name.isprintable()
    assert "/" not in name


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
