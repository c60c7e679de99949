from html.parser import HTMLParser

from services.signature.domain.view import readable_view
from tests.support.signature import a_manifest, a_term, an_attachment


class Words(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text, self.tags = "", set()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_data(self, text):
        self.text += text + " "


def read(manifest, labels=None):
    page = Words()
    page.feed(readable_view(manifest.content, labels).decode())
    return page


def test_every_cell_every_recipient_and_the_digest_are_on_the_page():
    manifest = a_manifest()

    page = read(manifest)

    shown = [manifest.digest, *manifest.cells.values(), *(term.recipient for term in manifest.release_terms)]
    assert all(word in page.text for word in shown)


def test_the_version_before_and_every_attached_file_are_on_the_page():
    manifest = a_manifest(
        filing_version=2, attachments=(an_attachment(), an_attachment(kind="OTHER", file_name="x<y>.pdf"))
    )

    page = read(manifest)

    shown = [manifest.previous.digest, manifest.previous.receipt_number, "pv.pdf", "x<y>.pdf", "cd" * 32, "1234"]
    assert [word for word in shown if word not in page.text] == []
    assert "Délibération" in page.text


def test_a_first_version_without_files_says_so():
    page = read(a_manifest())

    assert "Version précédente aucune" in " ".join(page.text.split())
    assert "Aucune." in page.text


def test_labels_explain_codes_without_hiding_them():
    page = read(a_manifest(), {"BA": "Bilan actif", "BA.010": "Frais d'établissement", "CDC": "Caisse des dépôts"})

    assert "BA — Bilan actif" in page.text
    assert "BA.010 — Frais d'établissement" in page.text
    assert "CDC — Caisse des dépôts" in page.text


def test_the_same_bytes_always_make_the_same_page():
    assert readable_view(a_manifest().content) == readable_view(a_manifest().content)


def test_a_value_that_looks_like_markup_stays_text():
    page = read(a_manifest(cells={"ID.010.valeur": "<script>alert(1)</script>"}, release_terms=(a_term("<img>"),)))

    assert "<script>alert(1)</script>" in page.text
    assert not page.tags & {"script", "img", "a", "link", "iframe"}
