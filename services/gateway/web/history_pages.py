"""What happened to a filing, and who received what when."""

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.web.frame import deliveries_of, framed
from services.gateway.web.visit import Visitor

router = APIRouter(include_in_schema=False)


@router.get("/filings/{filing_id}/history")
async def history(visit: Visitor, filing_id: str) -> Response:
    """Show activities and deliveries, newest first."""
    filing = (await visit.services.forms.get(filing_id)).filing
    values = {
        **await framed(visit, filing, "history"),
        "activities": await visit.services.forms.activity(filing_id),
        "deliveries": await deliveries_of(visit, filing),
    }
    return await visit.page("history.html", values)
