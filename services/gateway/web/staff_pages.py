"""For officers of the authority: the filings transmitted to it, as signed, read-only."""

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import NotFound
from formsets import UnknownCell
from services.gateway.web.form_view import Sheet, as_filed, lay_out
from services.gateway.web.visit import Visitor

router = APIRouter(include_in_schema=False)


@router.get("/staff")
async def transmitted(visit: Visitor) -> Response:
    """List transmitted filings, all years or one."""
    asked = visit.request.query_params.get("year", "")
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else 0
    filings = await visit.services.forms.transmitted(year)
    return await visit.page("staff.html", {"filings": filings, "year": year})


@router.get("/staff/filings/{filing_id}")
async def read_filing(visit: Visitor, filing_id: str) -> Response:
    """Lead to the first form of a transmitted filing."""
    found = await visit.services.forms.get_transmitted(filing_id)
    form_set, document = formsets.load(found.filing.identity.form_set), found.filing.identity.document.code
    first = next(form for form in form_set.forms if form.document == document)
    return await visit.go(f"/staff/filings/{filing_id}/forms/{first.code}")


@router.get("/staff/filings/{filing_id}/forms/{form}")
async def read_form(visit: Visitor, filing_id: str, form: str) -> Response:
    """Show one form as signed."""
    found = await visit.services.forms.get_transmitted(filing_id)
    identity = found.filing.identity
    form_set = formsets.load(identity.form_set)
    forms = [one for one in form_set.forms if one.document == identity.document.code]
    sheet = Sheet(form_set, identity, as_filed(found.cells))
    if form not in {one.code for one in forms}:
        raise NotFound
    try:
        view = lay_out(sheet, form, visit.wording)
    except UnknownCell:
        raise NotFound from None
    values = {"filing": found.filing, "identity": identity, "form": view, "forms": forms}
    return await visit.page("staff_form.html", values)
