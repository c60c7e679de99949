"""The ASiCManifest (EN 319 162-1 annex A.4): which files the signature covers, by SHA-256."""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

ASIC = "http://uri.etsi.org/02918/v1.2.1#"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_MIME_TYPES = {"json": "application/json", "html": "text/html", "pdf": "application/pdf", "csv": "text/csv"}
_TREE = {
    (): f"{ASIC} ASiCManifest",
    (f"{ASIC} ASiCManifest",): f"{ASIC} SigReference|{ASIC} DataObjectReference",
    (f"{ASIC} ASiCManifest", f"{ASIC} DataObjectReference"): f"{DSIG} DigestMethod|{DSIG} DigestValue",
}
"""Path of open elements → the children allowed there; extensions are not ours and are refused."""


class ManifestUnreadable(ValueError):
    """The bytes are no manifest that we accept: bad XML, a document type, an unknown element, a weak digest."""


def write_manifest(signature_name: str, files: Mapping[str, bytes]) -> bytes:
    """Return the manifest over these files, in the order given."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
        f"<asic:ASiCManifest xmlns:asic={quoteattr(ASIC)} xmlns:ds={quoteattr(DSIG)}>",
        f'<asic:SigReference URI={quoteattr(signature_name)} MimeType="application/pkcs7-signature"/>',
    ]
    for name, content in files.items():
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        mime_type = _MIME_TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        lines += [
            f"<asic:DataObjectReference URI={quoteattr(name)} MimeType={quoteattr(mime_type)}>",
            f"<ds:DigestMethod Algorithm={quoteattr(SHA256)}/><ds:DigestValue>{digest}</ds:DigestValue>",
            "</asic:DataObjectReference>",
        ]
    lines.append("</asic:ASiCManifest>\n")
    return "\n".join(lines).encode("utf-8")


def read_manifest(content: bytes) -> tuple[str, dict[str, bytes]]:
    """Return the name of the signature and the SHA-256 of each covered file.

    No document type, entity or processing instruction is accepted, so nothing is expanded and nothing is fetched.

    Raises:
        ManifestUnreadable: see the class.
    """
    reader = _Reader()
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.ProcessingInstructionHandler = reader.refuse
    try:
        parser.Parse(content.decode("utf-8"), True)
    except (expat.ExpatError, UnicodeDecodeError, binascii.Error, KeyError) as failure:
        raise ManifestUnreadable(str(failure)) from failure
    if len(reader.signatures) != 1 or not reader.digests:
        raise ManifestUnreadable("a manifest names one signature and at least one file")
    return reader.signatures[0], reader.digests


class _Reader:
    """Collects what the manifest says, refusing whatever the layout does not foresee."""

    def __init__(self) -> None:
        self.signatures: list[str] = []
        self.digests: dict[str, bytes] = {}
        self._path: tuple[str, ...] = ()
        self._name = ""
        self._method = ""
        self._value = ""

    def start(self, element: str, attributes: Mapping[str, str]) -> None:
        if element not in _TREE.get(self._path, "").split("|"):
            raise ManifestUnreadable(f"unexpected element {element}")
        self._path += (element,)
        match element.rpartition(" ")[2]:
            case "SigReference":
                self.signatures.append(attributes["URI"])
            case "DataObjectReference":
                self._name, self._method, self._value = attributes["URI"], "", ""
            case "DigestMethod":
                if self._method:
                    raise ManifestUnreadable("two digest methods for one file")
                self._method = attributes["Algorithm"]

    def end(self, element: str) -> None:
        self._path = self._path[:-1]
        if element != f"{ASIC} DataObjectReference":
            return
        if self._method != SHA256:
            raise ManifestUnreadable(f"digest method {self._method!r} is not accepted")
        if self._name in self.digests:
            raise ManifestUnreadable(f"{self._name} is named twice")
        self.digests[self._name] = base64.b64decode(self._value.strip(), validate=True)

    def text(self, text: str) -> None:
        if self._path and self._path[-1] == f"{DSIG} DigestValue":
            self._value += text
        elif text.strip():
            raise ManifestUnreadable("unexpected text")

    def refuse(self, *_: object) -> None:
        raise ManifestUnreadable("document types, entities and instructions are refused")
