"""Downloads: a filing, as it is now or as a version was signed, in each published format."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from chassis.errors import NotFound
from services.gateway.clients.answers import ExportFormat
from services.gateway.web.sign_pages import attachment
from services.gateway.web.visit import Visitor

router = APIRouter(include_in_schema=False)

FORMATS = tuple(ExportFormat)[1:]
"""In the order people are offered them."""
_MOST_VERSION = 9999


@router.get("/filings/{filing_id}/export/{chosen}")
async def export(visit: Visitor, filing_id: str, chosen: str) -> Response:
    """Give the file."""
    file = await visit.services.forms.export(filing_id, format_of(chosen), asked_version(visit.request))
    return attachment(file.content, file.file_name, file.media_type)


def format_of(word: str) -> ExportFormat:
    """Return the format of an address.

    Raises:
        NotFound: no such format.
    """
    found = next((one for one in FORMATS if one.word == word), None)
    if found is None:
        raise NotFound
    return found


def asked_version(request: Request, name: str = "version") -> int:
    """Return the version asked for in the address, 0 when none is.

    Raises:
        NotFound: not a version number.
    """
    text = request.query_params.get(name, "") or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and int(text) <= _MOST_VERSION):
        raise NotFound
    return int(text)
