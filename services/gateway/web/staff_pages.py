"""For officers of the authority: the filings transmitted to it, as signed, and their justifications."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Failure, Invalid, NotFound
from formsets import UnknownCell
from services.gateway.clients.answers import Document, Filing, ReviewState, Step, TransmittedFilter
from services.gateway.web.errors import REFUSALS, drawn, told_first
from services.gateway.web.form_view import Sheet, as_filed, lay_out
from services.gateway.web.frame import Link
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)
_FILTERS = ("body", "document", "year", "step", "review")
_LONGEST_NAME = 100
"""Characters of the name of a body that is looked for."""


@router.get("/staff")
async def transmitted(visit: Visitor) -> Response:
    """List the transmitted filings that are looked for, page by page."""
    query = visit.request.query_params
    wanted, after = _wanted(query), query.get("after", "")
    asked = {name: query.get(name, "").strip() for name in _FILTERS}
    values = {
        "page": await visit.services.forms.transmitted(wanted, after),
        "asked": asked,
        "kept": urlencode({name: value for name, value in asked.items() if value}),
        "is_filtered": wanted != TransmittedFilter(),
        "after": after,
        "documents": list(Document)[1:],
        "steps": list(Step)[1:],
        "states": list(ReviewState)[1:],
    }
    return await visit.page("staff.html", values)


def _wanted(query: Mapping[str, str]) -> TransmittedFilter:
    """Return what a query looks for; a word that nobody knows filters nothing."""
    year, words = query.get("year", "").strip(), {name: query.get(name, "") for name in ("document", "step", "review")}
    return TransmittedFilter(
        query.get("body", "").strip()[:_LONGEST_NAME],
        Document(words["document"]) if words["document"] in set(Document) else Document.UNSPECIFIED,
        int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0,
        Step(words["step"]) if words["step"] in set(Step) else Step.UNSPECIFIED,
        ReviewState(words["review"]) if words["review"] in set(ReviewState) else ReviewState.UNSPECIFIED,
    )


@router.get("/staff/filings/{filing_id}/forms")
async def first_form(visit: Visitor, filing_id: str) -> Response:
    """Lead to the first form of a transmitted filing."""
    found = await visit.services.forms.get_transmitted(filing_id)
    form_set, document = formsets.load(found.filing.identity.form_set), found.filing.identity.document.code
    first = next(form for form in form_set.forms if form.document == document)
    return await visit.go(f"/staff/filings/{filing_id}/forms/{first.code}")


def staff_framed(visit: Visit, filing: Filing, tab: str) -> dict[str, Any]:
    """Return what the frame of a transmitted filing's pages shows."""
    _, identity = visit.wording, filing.identity
    at = f"/staff/filings/{identity.filing_id}"
    tabs = (
        ("", "Fiabilisation"),
        ("forms", "Formulaires"),
        ("attachments", "Pièces jointes"),
        ("justifications", "Justifications"),
        ("comments", "Commentaires"),
        ("compare", "Comparer"),
    )
    return {
        "filing": filing,
        "identity": identity,
        "title": f"{identity.document.code} {identity.year} — {identity.body_name or identity.body}",
        "tabs": [Link(_(text), f"{at}/{name}".rstrip("/"), name == tab) for name, text in tabs],
        "at": at,
        "may_review": visit.passport.may_everywhere("filing.review") and filing.step is not Step.ARCHIVED,
    }


@router.get("/staff/filings/{filing_id}/forms/{form}")
async def read_form(visit: Visitor, filing_id: str, form: str) -> Response:
    """Show one form as signed."""
    found = await visit.services.forms.get_transmitted(filing_id)
    identity = found.filing.identity
    form_set = formsets.load(identity.form_set)
    forms = [one for one in form_set.forms if one.document == identity.document.code]
    sheet = Sheet(form_set, identity, as_filed(found.cells), comments=await visit.services.forms.comments(filing_id))
    if form not in {one.code for one in forms}:
        raise NotFound
    try:
        view = lay_out(sheet, form, visit.wording)
    except UnknownCell:
        raise NotFound from None
    values = {**staff_framed(visit, found.filing, "forms"), "form": view, "forms": forms}
    return await visit.page("staff_form.html", values)


@router.get("/staff/filings/{filing_id}/justifications")
async def justifications(visit: Visitor, filing_id: str) -> Response:
    """Show what a transmitted filing was justified with, and what was answered; who reviews may answer there."""
    return await _justifications_page(visit, filing_id)


@router.post("/staff/filings/{filing_id}/justifications/{control}")
async def answer_justification(visit: Visitor, filing_id: str, control: str) -> Response:
    """Accept or refuse the text that was read; a refused answer stays in view."""
    fields = await visit.fields("number", "decision", "answer")
    number, text, decision = fields.get("number", ""), fields.get("answer", ""), fields.get("decision", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19) or decision not in ("accept", "refuse"):
        raise Invalid
    try:
        done = await visit.services.validations.answer(
            filing_id,
            control,
            int(number),
            is_accepted=decision == "accept",
            text=text,
            request_id=visit.request_id(fields),
        )
    except REFUSALS as failure:
        return await _justifications_page(visit, filing_id, int(number), text, failure)
    word = visit.wording("Acceptée") if done.is_accepted else visit.wording("Refusée")
    return await visit.go(f"/staff/filings/{filing_id}/justifications", f"{control}{visit.wording.colon} {word}.")


async def _justifications_page(
    visit: Visit, filing_id: str, number: int = 0, text: str = "", failure: Failure | None = None
) -> Response:
    found = await visit.services.forms.get_transmitted(filing_id)
    form_set = formsets.load(found.filing.identity.form_set)
    values = staff_framed(visit, found.filing, "justifications")
    justifications = await visit.services.validations.review(filing_id)
    if failure and not (values["may_review"] and any(one.number == number for one in justifications)):
        raise failure  # No form is left here for the text: the page of the failure holds it.
    values |= {
        "justifications": justifications,
        "messages": {one.id: one.text(visit.wording.language).what for one in form_set.controls},
        "refused": number,
        "text": text,
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "staff_justifications.html", values, failure)
