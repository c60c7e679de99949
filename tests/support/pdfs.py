"""PDFs written by hand, object by object, so that a test can make them as honest or as hostile as it needs."""

import zlib
from collections.abc import Mapping, Sequence

CATALOG = b"<</Type/Catalog/Pages 2 0 R>>"
PAGES = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"


def a_pdf(*more: bytes, catalog: bytes = CATALOG, page: bytes = PAGE, trailer: bytes = b"") -> bytes:
    """A PDF of one page; `more` are its objects from number 4 on."""
    return pdf_of([catalog, PAGES, page, *more], trailer)


def pdf_of(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1, with a table of where each stands."""
    file = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start, count = len(file), len(objects) + 1
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    file += b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table)
    file += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (count, trailer, start)
    return bytes(file)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object."""
    return b"<</Length %d%s>>\nstream\n%s\nendstream" % (len(content), entries, content)


def a_compressed_pdf(*more: bytes, catalog: bytes = CATALOG) -> bytes:
    """The same PDF with its objects packed in a compressed stream (PDF 1.5)."""
    packed = dict(enumerate([catalog, PAGES, PAGE, *more], start=1))
    holder, table = len(packed) + 1, len(packed) + 2
    file = bytearray(b"%PDF-1.5\n")
    places: dict[int, int] = {holder: len(file)}
    file += b"%d 0 obj\n%s\nendobj\n" % (holder, _packed(packed))
    places[table] = len(file)
    rows = b"\x00\x00\x00\x00\xff" + b"".join(b"\x02" + holder.to_bytes(3) + bytes([i]) for i in range(len(packed)))
    rows += b"".join(b"\x01" + places[number].to_bytes(3) + b"\x00" for number in (holder, table))
    entries = b"/Type/XRef/Size %d/W[1 3 1]/Root 1 0 R/Filter/FlateDecode" % (table + 1)
    file += b"%d 0 obj\n%s\nendobj\n" % (table, stream(zlib.compress(rows), entries))
    file += b"startxref\n%d\n%%%%EOF\n" % places[table]
    return bytes(file)


def _packed(objects: Mapping[int, bytes]) -> bytes:
    index, content = [], b""
    for number, one in objects.items():
        index.append(b"%d %d" % (number, len(content)))
        content += one + b" "
    head = b" ".join(index) + b" "
    entries = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(objects), len(head))
    return stream(zlib.compress(head + content), entries)
