"""Looks into an uploaded PDF, object by object: whether it is whole, and whether it holds what acts, opens or hides something.

Only pages are wanted of an attachment. Nothing is shown, decoded or run here; every object of the file is looked at,
those in compressed streams and those that no page leads to included.
"""

import codecs
import logging
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from services.forms.domain.attachment import PdfFlaw

_ACTIONS = {
    "/JavaScript": PdfFlaw.SCRIPT,
    "/Rendition": PdfFlaw.SCRIPT,
    "/Launch": PdfFlaw.LAUNCH,
    "/ImportData": PdfFlaw.LAUNCH,
    "/SubmitForm": PdfFlaw.LAUNCH,
    "/GoToE": PdfFlaw.LAUNCH,
}
"""Kinds of actions (ISO 32000-2, 12.6.4); going to a page or to an address of the web is not one of them."""
_CARRIERS = frozenset({"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/3D", "/Screen"})
"""Annotations that carry a file or a program."""

_REHEARSED = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/T(\xfe\xff\x00a)/U(\\351)>>endobj\n"
    b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
)
"""A page without a table of where objects stand, so that the search for them is used too."""

logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is wrong is answered, not logged


_Unopened: type[PdfReader] = type("_Unopened", (PdfReader,), {"_handle_encryption": lambda *_: None})
"""Leaves an encrypted file closed: that it is encrypted is all we ask, and no key is tried."""


def answer(_: Mapping[str, Any], content: bytes) -> dict[str, Any]:
    """Return what is wrong with a PDF, as plain JSON values."""
    return {"flaws": sorted(flaws_of(content))}


def rehearse() -> None:
    """Use what looking into a PDF needs, so that it is loaded before no file opens any more."""
    assert not flaws_of(_REHEARSED), "The PDF that this module carries is sound."
    for encoding in ("utf-16-be", "utf-16-le", "utf-16", "latin-1", "ascii", "charmap", "cp1252", "mac_roman"):
        codecs.lookup(encoding)


def flaws_of(content: bytes) -> set[PdfFlaw]:
    """Return what is wrong with a PDF, nothing when its pages are all there is."""
    try:
        reader = _Unopened(BytesIO(content))
        if reader.is_encrypted:
            return {PdfFlaw.ENCRYPTED}
        if len(reader.pages) == 0:
            return {PdfFlaw.DAMAGED}
        return {flaw for found in _objects(reader) for flaw in _flaws(found)}
    except MemoryError:
        raise
    except Exception:  # a file may be wrong in every way there is: the parser says so in as many
        return {PdfFlaw.DAMAGED}


def _objects(reader: PdfReader) -> Iterator[Any]:
    """Every object of the file, once; those inside another one are not repeated."""
    places = {(generation, number) for generation, numbers in reader.xref.items() for number in numbers}
    places.update((0, number) for number in reader.xref_objStm)
    yield reader.trailer
    for generation, number in sorted(places):
        found = reader.get_object(IndirectObject(number, generation, reader))
        if found is not None:
            yield found


def _flaws(found: Any) -> Iterator[PdfFlaw]:
    waiting = [found]
    while waiting:
        one = waiting.pop()
        if isinstance(one, DictionaryObject):
            yield from _flaws_of_dictionary(one)
            waiting.extend(one.values())
        elif isinstance(one, ArrayObject):
            waiting.extend(one)


def _flaws_of_dictionary(one: DictionaryObject) -> Iterator[PdfFlaw]:
    action, kind, subtype = (str(one[name]) if name in one else "" for name in ("/S", "/Type", "/Subtype"))
    if action in _ACTIONS:
        yield _ACTIONS[action]
    if "/XFA" in one or (action and "/JS" in one):
        yield PdfFlaw.SCRIPT
    if "/EmbeddedFiles" in one or kind == "/EmbeddedFile" or subtype in _CARRIERS or "/EF" in one:
        yield PdfFlaw.EMBEDDED
