"""Reads what a page's form sends: known fields, each once, within limits. Anything else is refused."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from chassis.errors import Failure, Forbidden, Invalid, ThreeParts, malformed, violation
from services.gateway.clients.answers import Document

CSRF = "csrf"
REQUEST_ID = "request_id"
CELL, WAS = "cell:", "was:"
"""Beginnings of the names of the inputs of a cell, and of what they showed at first."""
_MOST_FIELDS = 5000
_MOST_PARTS = 12
_LARGEST_PART = 16 * 1024


class ForeignOrigin(Forbidden):
    """Cette demande ne vient pas d'une page de ce serveur."""

    reason = "FOREIGN_ORIGIN"


class FileMissing(Invalid):
    """Choisissez un fichier."""

    reason = "FILE_MISSING"


class FormMalformed(Invalid):
    """Le formulaire envoyé est mal formé."""

    reason = "FORM_MALFORMED"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file as it was sent."""

    file_name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Upload:
    """An uploaded file, and what is sent beside it."""

    file_name: str
    content: bytes
    fields: Mapping[str, str]
    beside: UploadedFile | None = None
    """A second file, where the form may have one."""

    def chosen(self) -> "Upload":
        """Return the upload.

        Raises:
            FileMissing: the person chose no file.
        """
        if not self.file_name:
            raise FileMissing
        return self


def refuse_foreign(request: Request, origin: str) -> None:
    """Let only our own pages change anything.

    Raises:
        ForeignOrigin: the browser says that another site sends this, or says nothing at all.
    """
    site = request.headers.get("sec-fetch-site", "")
    sent = request.headers.get("origin", "")
    if sent and sent != origin:
        raise ForeignOrigin
    if site and site != "same-origin":
        raise ForeignOrigin
    if not sent and not site:
        raise ForeignOrigin


async def read_fields(request: Request, known: Collection[str], prefixes: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the fields of an urlencoded form.

    Args:
        request: the request.
        known: names it may have.
        prefixes: beginnings of the names of repeated cells.

    Raises:
        FormMalformed: not such a form, too many fields, one twice or one unknown.
    """
    fields = await _urlencoded(request)
    if any(name not in known and not name.startswith(prefixes or ("\0",)) for name in fields):
        raise FormMalformed
    return fields


async def fields_sent(request: Request, origin: str) -> dict[str, str]:
    """Return whatever one of our own pages sent, known or not; nothing for another site, a file, or what is no form."""
    try:
        # What another site sends is not even shown: a press of one button would make it the person's own.
        refuse_foreign(request, origin)
        return await _urlencoded(request) if request.method == "POST" else {}
    except Failure:
        return {}


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _urlencoded(request: Request) -> dict[str, str]:
    if _kind(request) != "application/x-www-form-urlencoded":
        raise FormMalformed
    try:
        text = (await request.body()).decode("utf-8")
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError:
        raise FormMalformed from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise FormMalformed
    return fields


async def read_upload(request: Request, known: Collection[str], file_field: str, beside_field: str = "") -> Upload:
    """Return the file of a multipart form, and its fields.

    Args:
        request: the request.
        known: names of fields it may have.
        file_field: name of the file.
        beside_field: name of a second file that may be sent; empty where there is none.

    Raises:
        FormMalformed: not such a form, too many parts, one too long, or one unknown.
    """
    if _kind(request) != "multipart/form-data":
        what = ("Un fichier est attendu ici.", "A file is expected here.")
        how = ("Envoyez le formulaire en multipart/form-data.", "Send the form as multipart/form-data.")
        raise FormMalformed(violations=[malformed("Content-Type", "MULTIPART_EXPECTED", what, how)])
    try:
        most = 2 if beside_field else 1
        async with request.form(max_files=most, max_fields=_MOST_PARTS, max_part_size=_LARGEST_PART) as form:
            pairs = form.multi_items()
            fields = {name: value for name, value in pairs if isinstance(value, str)}
            sent = {name: value for name, value in pairs if not isinstance(value, str)}
            if len(fields) + len(sent) != len(pairs) or not set(fields) <= set(known):
                raise FormMalformed
            if not set(sent) <= {file_field, beside_field}:
                raise FormMalformed
            files = {
                name: UploadedFile(_safe_name(value.filename or ""), await value.read()) for name, value in sent.items()
            }
    except (MultiPartException, HTTPException, ValueError):
        raise FormMalformed from None
    file, beside = files.get(file_field, UploadedFile("", b"")), files.get(beside_field)
    return Upload(file.file_name, file.content, fields, beside if beside and beside.file_name else None)


def campaign_in(fields: Mapping[str, str]) -> tuple[Document, int]:
    """Return the document and the year of the campaign that a form asks for.

    Raises:
        Invalid: a document that nobody files, or no year of four digits.
    """
    document = next((one for one in (Document.ER, Document.QDIS) if one.code == fields.get("document")), None)
    if document is None:
        fr = ThreeParts("Document attendu.", "Champ « Document ».", "ER ou QDIS.")
        en = ThreeParts("A document is expected.", 'Field "Document".', "ER or QDIS.")
        raise Invalid(violations=[violation("document", "DOCUMENT_MISSING", fr, en)])
    year = fields.get("year", "").strip()
    if not (year.isascii() and year.isdigit() and len(year) == 4):
        fr = ThreeParts("Exercice attendu.", "Champ « Exercice ».", "Quatre chiffres, par exemple 2024.")
        en = ThreeParts("A year is expected.", 'Field "Year".', "Four digits, for instance 2024.")
        raise Invalid(violations=[violation("year", "YEAR", fr, en)])
    return document, int(year)


def _safe_name(name: str) -> str:
    """Return a file name fit to be shown and kept: no path, no control character, 120 characters at most."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable())[-120:]
