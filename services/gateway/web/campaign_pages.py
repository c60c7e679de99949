"""A form set changed during entry: what it would do, publishing it, taking it back; the choices it leaves to bodies."""

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Conflict, Failure, Forbidden, Invalid, NotFound, RuleBroken
from services.gateway.clients.answers import Document, FormSetChange
from services.gateway.web.errors import status_of, told_first
from services.gateway.web.frame import framed
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)

WHYS = {
    "CLOSED": "la case est fermée",
    "DROPPED": "la case n’existe plus",
    "RETYPED": "la case attend une autre sorte de valeur",
    "COMPUTED": "la case est désormais calculée",
}
"""French reasons why a value is set aside."""
FATES = {
    "WAITING": "à choisir",
    "DROPPED": "abandonnée",
    "KEPT": "reprise",
    "RETURNED": "remise à sa place",
}
"""French names of what became of it."""
_FIELDS = ("document", "year", "form_set")
_MOST_SHOWN = 200


@router.get("/staff/campaign")
async def campaign(visit: Visitor) -> Response:
    """Ask for a campaign and a form set, and show what publishing it would do."""
    _refuse_others(visit)
    query = visit.request.query_params
    if not query.get("form_set"):
        return await visit.page("campaign.html", _values(visit, {}))
    asked = {name: query.get(name, "") for name in _FIELDS}
    try:
        document, year, form_set = _asked(asked)
        change = await visit.services.forms.preview_form_set(document, year, form_set)
    except (Invalid, RuleBroken, NotFound) as failure:
        return await visit.page("campaign.html", _values(visit, asked, failure=failure), status_of(failure))
    return await visit.page("campaign.html", _values(visit, asked, change, query.get("publication", "")))


@router.post("/staff/campaign/publish")
async def publish(visit: Visitor) -> Response:
    """Publish the form set to the open filings of the campaign."""
    fields = await visit.fields(*_FIELDS, "is_forced")
    document, year, form_set = _asked(fields)
    is_forced = fields.get("is_forced") == "yes"
    done = await visit.services.forms.publish_form_set(document, year, form_set, is_forced=is_forced)
    note = visit.wording("Publié : {n} dossier(s) changé(s).", n=done.changed)
    where = f"document={document.code}&year={year}&form_set={form_set}&publication={done.publication_id}"
    return await visit.go(f"/staff/campaign?{where}", note)


@router.post("/staff/campaign/undo")
async def take_back(visit: Visitor) -> Response:
    """Take a publication back."""
    fields = await visit.fields("publication")
    changed = await visit.services.forms.undo_form_set(fields.get("publication", ""))
    return await visit.go("/staff/campaign", visit.wording("Publication annulée : {n} dossier(s) remis.", n=changed))


@router.post("/staff/campaign/extend")
async def extend(visit: Visitor) -> Response:
    """Give one body more time, with a reason."""
    fields = await visit.fields("document", "year", "body", "due_on", "reason")
    document, year = _campaign(fields)
    due_on = await visit.services.forms.extend(
        document,
        year,
        fields.get("body", "").strip(),
        fields.get("due_on", "").strip(),
        fields.get("reason", ""),
        visit.request_id(fields),
    )
    note = visit.wording("Nouvelle échéance : {day}.", day=visit.wording.day(due_on))
    return await visit.go("/staff/campaign", note)


@router.get("/filings/{filing_id}/set-aside")
async def set_aside(visit: Visitor, filing_id: str) -> Response:
    """Show the values that a new form set did not take, and what may be done with each."""
    return await _set_aside_page(visit, filing_id)


@router.post("/filings/{filing_id}/set-aside/{address}")
async def choose(visit: Visitor, filing_id: str, address: str) -> Response:
    """Put a value in an empty cell, or drop it; a refused choice stays in view."""
    fields = await visit.fields("choice", "keep_as")
    keep_as, choice = fields.get("keep_as", "").strip(), fields.get("choice", "")
    if choice not in ("keep", "drop"):
        raise Invalid
    try:
        if choice == "keep" and not keep_as:
            _refuse_empty(visit)
        await visit.services.forms.choose_set_aside(
            filing_id, address, keep_as if choice == "keep" else "", visit.request_id(fields)
        )
    except (Invalid, Conflict, RuleBroken) as failure:
        return await _set_aside_page(visit, filing_id, address, keep_as, failure)
    return await visit.go(f"/filings/{filing_id}/set-aside", visit.wording("Choix enregistré."))


async def _set_aside_page(
    visit: Visit, filing_id: str, address: str = "", keep_as: str = "", failure: Failure | None = None
) -> Response:
    filing = (await visit.services.forms.get(filing_id)).filing
    values = {
        **await framed(visit, filing, ""),
        "cells": await visit.services.forms.set_aside(filing_id),
        "whys": WHYS,
        "fates": FATES,
        "refused": address if failure else "",
        "keep_as": keep_as,
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await visit.page("set_aside.html", values, status_of(failure) if failure else 200)


def _refuse_empty(visit: Visit) -> None:
    raise Invalid(visit.wording("Donnez la case vide où mettre la valeur."))


def _refuse_others(visit: Visit) -> None:
    if not visit.passport.may_everywhere("campaign.manage"):
        raise Forbidden


def _asked(fields: dict[str, str]) -> tuple[Document, int, str]:
    form_set = fields.get("form_set", "")
    if form_set not in formsets.available():
        raise Invalid
    return *_campaign(fields), form_set


def _campaign(fields: dict[str, str]) -> tuple[Document, int]:
    year = fields.get("year", "")
    document = next((one for one in (Document.ER, Document.QDIS) if one.code == fields.get("document")), None)
    if document is None or not (year.isascii() and year.isdigit() and len(year) == 4):
        raise Invalid
    return document, int(year)


def _values(
    visit: Visit,
    asked: dict[str, str],
    change: FormSetChange | None = None,
    publication: str = "",
    failure: Failure | None = None,
) -> dict[str, object]:
    impacts = change.impacts if change else ()
    return {
        "asked": asked,
        "form_sets": formsets.available(),
        "change": change,
        "shown_impacts": impacts[:_MOST_SHOWN],
        "changed_verdicts": sum(1 for one in impacts if one.is_judged and one.verdict_after is not one.verdict_before),
        "to_choose": sum(len(impact.to_choose) for impact in impacts),
        "publication": publication,
        "whys": WHYS,
        "failure": told_first(failure, visit.wording) if failure else "",
    }
