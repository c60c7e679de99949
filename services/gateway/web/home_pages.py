"""The first page: the filings of one's bodies, what may be opened, what is left to do, who can see each now."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from chassis.clock import day_in_paris
from chassis.errors import Invalid
from services.gateway.clients.answers import Document, Filing
from services.gateway.web.frame import Link, deliveries_of, left_to_do, title_of, who_sees
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
_DOCUMENTS = {"ER": Document.ER, "QDIS": Document.QDIS}


@dataclass(frozen=True, slots=True)
class Card:
    """A filing on the first page."""

    filing: Filing
    title: str
    left: list[Link]
    visible: str


@router.get("/")
async def home(visit: Visitor) -> Response:
    """Show the filings, or the way in."""
    if visit.session is None:
        return await visit.page("welcome.html")
    passport = visit.passport
    if not any(set(g.permissions) & {"filing.read"} for g in passport.grants):
        return await visit.page("home.html", {"cards": [], "openable": [], "tryable": [], "is_staff": _is_staff(visit)})
    filings = await visit.services.forms.list()
    cards = [
        Card(
            filing,
            title_of(filing, visit.wording),
            left_to_do(filing, passport, day_in_paris(visit.desk.clock.now()), visit.wording),
            who_sees(filing, await deliveries_of(visit, filing), visit.wording),
        )
        for filing in filings.filings
    ]
    offered = {"openable": filings.openable, "tryable": filings.tryable}
    return await visit.page("home.html", {"cards": cards, **offered, "is_staff": _is_staff(visit)})


@router.post("/filings")
async def open_filing(visit: Visitor) -> Response:
    """Open a document of the campaign under way; opening it again leads to it."""
    fields = await visit.fields("body", "document", "year")
    document, year = _asked(fields)
    opened = await visit.services.forms.open(fields.get("body", ""), document, year)
    note = visit.wording("Dossier ouvert.") if opened.is_new else ""
    return await visit.go(f"/filings/{opened.filing.identity.filing_id}", note)


@router.post("/trials")
async def open_trial(visit: Visitor) -> Response:
    """Open a trial of a form set with the body's own figures."""
    fields = await visit.fields("body", "document", "year", "form_set")
    document, year = _asked(fields)
    opened = await visit.services.forms.open_trial(fields.get("body", ""), document, year, fields.get("form_set", ""))
    notes = [visit.wording("Essai ouvert : {n} valeur(s) reprise(s) de votre dossier.", n=opened.taken)]
    if opened.left_out:
        cells = ", ".join(opened.left_out[:20])
        notes.append(visit.wording("Ce référentiel ne les prend pas : {cells}.", cells=cells))
    return await visit.go(f"/filings/{opened.filing.identity.filing_id}", " ".join(notes) if opened.is_new else "")


def _asked(fields: Mapping[str, str]) -> tuple[Document, int]:
    document, year = _DOCUMENTS.get(fields.get("document", "")), fields.get("year", "")
    if document is None or not (year.isascii() and year.isdigit() and len(year) == 4):
        raise Invalid
    return document, int(year)


def _is_staff(visit: Visit) -> bool:
    return visit.passport.may_everywhere("staff.read")
