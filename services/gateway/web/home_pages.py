"""The first page: the filings of one's bodies, what may be opened, what is left to do, who can see each now."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from chassis.errors import Invalid
from services.gateway.clients.answers import Document, Filing
from services.gateway.web.frame import Link, deliveries_of, left_to_do, who_sees
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
_DOCUMENTS = {"ER": Document.ER, "QDIS": Document.QDIS}


@dataclass(frozen=True, slots=True)
class Card:
    """A filing on the first page."""

    filing: Filing
    left: list[Link]
    visible: str


@router.get("/")
async def home(visit: Visitor) -> Response:
    """Show the filings, or the way in."""
    if visit.session is None:
        return await visit.page("welcome.html")
    passport = visit.passport
    if not any(set(g.permissions) & {"filing.read"} for g in passport.grants):
        return await visit.page("home.html", {"cards": [], "openable": [], "is_staff": _is_staff(visit)})
    filings = await visit.services.forms.list()
    cards = [
        Card(
            filing,
            left_to_do(filing, passport, visit.desk.clock.now().date(), visit.wording),
            who_sees(filing, await deliveries_of(visit, filing), visit.wording),
        )
        for filing in filings.filings
    ]
    values = {"cards": cards, "openable": filings.openable, "is_staff": _is_staff(visit)}
    return await visit.page("home.html", values)


@router.post("/filings")
async def open_filing(visit: Visitor) -> Response:
    """Open a document of the campaign under way; opening it again leads to it."""
    fields = await visit.fields("body", "document", "year")
    document, year = _DOCUMENTS.get(fields.get("document", "")), fields.get("year", "")
    if document is None or not (year.isascii() and year.isdigit() and len(year) == 4):
        raise Invalid
    opened = await visit.services.forms.open(fields.get("body", ""), document, int(year))
    note = visit.wording("Dossier ouvert.") if opened.is_new else ""
    return await visit.go(f"/filings/{opened.filing.identity.filing_id}", note)


def _is_staff(visit: Visit) -> bool:
    return visit.passport.may_everywhere("staff.read")
