"""For officers of the authority: the review of a transmitted filing (steps 4 to 6), comments on it, and comparisons."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Failure, Invalid, NotFound
from services.gateway.clients.answers import Filing, Review, ReviewState, Step, TransmittedFiling, TransmittedFilter
from services.gateway.web.consultation_pages import Choice, cells_of, compared, over_the_years
from services.gateway.web.errors import REFUSALS, drawn, explained, told_beside, told_first
from services.gateway.web.export_pages import asked_version
from services.gateway.web.staff_pages import staff_framed
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)

_TYPED = ("state", "text", "cells", "reason")


@router.get("/staff/filings/{filing_id}")
async def overview(visit: Visitor, filing_id: str) -> Response:
    """Show where the review of a transmitted filing stands, and what may be done with it."""
    return await _overview(visit, filing_id)


@router.post("/staff/filings/{filing_id}/review")
async def review(visit: Visitor, filing_id: str) -> Response:
    """Bring the review to another state; a question may name cells."""
    fields = await visit.fields("state", "text", "cells")
    state = next((one for one in ReviewState if one.value == fields.get("state")), ReviewState.UNSPECIFIED)
    text, cells = fields.get("text", ""), cells_of(fields.get("cells", ""))
    try:
        filing = await visit.services.forms.review(filing_id, state, text, cells, visit.request_id(fields))
    except REFUSALS as failure:
        return await _overview(visit, filing_id, "states", fields, failure)
    word = visit.wording.label(filing.review.state if filing.review else state)
    return await visit.go(f"/staff/filings/{filing_id}", visit.wording("Fiabilisation : {state}.", state=word))


@router.post("/staff/filings/{filing_id}/close")
async def close(visit: Visitor, filing_id: str) -> Response:
    """Close a filing found reliable."""
    fields = await visit.fields()
    await visit.services.forms.close(filing_id, visit.request_id(fields))
    return await visit.go(f"/staff/filings/{filing_id}", visit.wording("Dossier clôturé."))


@router.post("/staff/filings/{filing_id}/return")
async def send_back(visit: Visitor, filing_id: str) -> Response:
    """Return the filing to its body, with a reason and the cells to look at again."""
    fields = await visit.fields("reason", "cells")
    reason, cells = fields.get("reason", ""), cells_of(fields.get("cells", ""))
    try:
        await visit.services.forms.reopen(filing_id, reason, cells, visit.request_id(fields))
    except REFUSALS as failure:
        return await _overview(visit, filing_id, "may_return", fields, failure)
    return await visit.go(f"/staff/filings/{filing_id}", visit.wording("Dossier renvoyé à l’organisme."))


@router.post("/staff/filings/{filing_id}/return-request")
async def decide(visit: Visitor, filing_id: str) -> Response:
    """Accept or refuse the request of a body to have its closed filing back."""
    fields = await visit.fields("decision", "reason")
    decision, reason = fields.get("decision", ""), fields.get("reason", "")
    if decision not in ("accept", "refuse"):
        raise Invalid
    is_accepted, request_id = decision == "accept", visit.request_id(fields)
    try:
        await visit.services.forms.decide_return(filing_id, reason, is_accepted=is_accepted, request_id=request_id)
    except REFUSALS as failure:
        return await _overview(visit, filing_id, "may_decide", fields, failure)
    word = visit.wording("Retour accepté.") if is_accepted else visit.wording("Retour refusé.")
    return await visit.go(f"/staff/filings/{filing_id}", word)


@router.post("/staff/filings/{filing_id}/archive")
async def archive(visit: Visitor, filing_id: str) -> Response:
    """Archive a closed filing."""
    fields = await visit.fields()
    await visit.services.forms.archive(filing_id, visit.request_id(fields))
    return await visit.go(f"/staff/filings/{filing_id}", visit.wording("Dossier archivé."))


@router.get("/staff/filings/{filing_id}/comments")
async def comments(visit: Visitor, filing_id: str) -> Response:
    """Show the comments of the authority and those that the body shared."""
    return await _comments(visit, filing_id, visit.request.query_params.get("cell", "")[:32])


@router.get("/staff/filings/{filing_id}/cells/{address}")
async def cell(visit: Visitor, filing_id: str, address: str) -> Response:
    """Lead to the comments of a cell."""
    return await visit.go(f"/staff/filings/{filing_id}/comments?cell={address}")


@router.post("/staff/filings/{filing_id}/comments")
async def comment(visit: Visitor, filing_id: str) -> Response:
    """Comment a cell, for the body to read; a refused comment stays in view."""
    fields = await visit.fields("address", "text")
    address, text = fields.get("address", "").strip(), fields.get("text", "").strip()
    try:
        await visit.services.forms.comment(
            filing_id, address, text, is_flagged=False, is_shared=True, request_id=visit.request_id(fields)
        )
    except REFUSALS as failure:
        return await _comments(visit, filing_id, address, text, failure)
    note = visit.wording("Commentaire enregistré.")
    return await visit.go(f"/staff/filings/{filing_id}/comments?cell={address}", note)


@router.get("/staff/filings/{filing_id}/compare")
async def compare(visit: Visitor, filing_id: str) -> Response:
    """Compare two signed versions of the body, and show lines over its transmitted years."""
    filing = (await visit.services.forms.get_transmitted(filing_id)).filing
    query = visit.request.query_params
    same = TransmittedFilter(filing.identity.body, filing.identity.document)
    choices = _choices((await visit.services.forms.transmitted(same)).filings)
    asked, version = query.get("other", ""), asked_version(visit.request) or filing.signed_version
    other = next((one for one in choices if one.value == asked), None)
    if asked and other is None:
        raise NotFound
    shown_series, refused = await over_the_years(visit, filing.identity, query.get("cells"))
    values: dict[str, Any] = {"choices": choices, "version": version, "other": other, **shown_series}
    if other is not None:
        found = await visit.services.forms.compare(filing_id, version, other.filing_id, other.version)
        values["comparison"] = compared(found, formsets.load(filing.identity.form_set), visit.wording)
    values |= staff_framed(visit, filing, "compare")
    return await drawn(visit, "staff_compare.html", values, refused)


def _choices(transmitted: tuple[Filing, ...]) -> list[Choice]:
    return [
        Choice(f"{one.identity.filing_id}:{version}", one.identity.filing_id, one.identity.year, version)
        for one in transmitted
        for version in range(one.signed_version, 0, -1)
    ]


async def _overview(
    visit: Visit,
    filing_id: str,
    refused: str = "",
    fields: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    """Show the review; the form whose offer is named keeps what was typed."""
    found = await visit.services.forms.get_transmitted(filing_id)
    offers = _offers(visit, found.filing)
    if failure and not offers[refused]:
        raise failure  # No form is left here for the text: the page of the failure holds it.
    values = {
        **staff_framed(visit, found.filing, ""),
        **offers,
        "forms": _forms(found),
        "activities": found.activities,
        "kept": {
            offer: {name: (fields or {}).get(name, "") if offer == refused else "" for name in _TYPED}
            for offer in ("states", "may_return", "may_decide")
        },
        "failure": explained(failure, visit.wording) if failure else "",
        "violations": told_beside(failure, visit.wording) if failure else (),
    }
    return await drawn(visit, "staff_filing.html", values, failure)


def _offers(visit: Visit, filing: Filing) -> dict[str, Any]:
    may, request = visit.passport.may_everywhere, filing.return_request
    review = filing.review or Review(ReviewState.UNSPECIFIED)
    is_in_review, is_closed = filing.step is Step.REVIEW, filing.step is Step.CLOSED
    return {
        "states": review.next_states if is_in_review and may("filing.review") else (),
        "may_close": is_in_review and review.state is ReviewState.RELIABLE and may("filing.close"),
        "may_return": is_in_review and may("filing.return"),
        "may_decide": is_closed and request is not None and request.is_pending and may("filing.close"),
        "may_archive": is_closed and may("filing.close"),
    }


def _forms(found: TransmittedFiling) -> list[formsets.Form]:
    identity = found.filing.identity
    return [one for one in formsets.load(identity.form_set).forms if one.document == identity.document.code]


async def _comments(
    visit: Visit, filing_id: str, address: str, text: str = "", failure: Failure | None = None
) -> Response:
    filing = (await visit.services.forms.get_transmitted(filing_id)).filing
    form_set = formsets.load(filing.identity.form_set)
    known, frame = address if form_set.has_cell(address) else "", staff_framed(visit, filing, "comments")
    if failure and not frame["may_review"]:
        raise failure  # No form is left here for the text: the page of the failure holds it.
    values = {
        **frame,
        "comments": await visit.services.forms.comments(filing_id, known),
        "address": address,
        "text": text,
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "staff_comments.html", values, failure)
