"""A form set changed during entry: what it would do, publishing it, taking it back; the choices it leaves to bodies."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from fastapi import APIRouter
from markupsafe import Markup, escape
from starlette.responses import Response

import formsets
from chassis.errors import Failure, Invalid, NotFound, RuleBroken
from services.gateway.clients.answers import AffectedFilings, Document, FormSetChange, Publication, SetAsideCell
from services.gateway.clients.ports import Services
from services.gateway.web.errors import REFUSALS, drawn, told_first
from services.gateway.web.fields import campaign_in
from services.gateway.web.figures import shown
from services.gateway.web.form_set_pages import PUBLISHED
from services.gateway.web.form_view import label_of
from services.gateway.web.frame import framed, is_editable, why_read_only
from services.gateway.web.pages import official
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import Wording

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
_EXTENSION = ("document", "year", "body", "due_on", "reason")


@dataclass(frozen=True, slots=True)
class SetAsideView:
    """A value set aside, in words."""

    cell: SetAsideCell
    label: Markup
    text: str
    other_text: str


@dataclass(frozen=True, slots=True)
class Changing:
    """What publishing would do: in all, and a page of the filings it would change."""

    change: FormSetChange
    affected: AffectedFilings
    after: str
    """SIREN that the page comes after; empty on the first one."""


async def change_of(
    services: Services, document: Document, year: int, form_set: str, after: str = "", page_size: int = 0
) -> Changing:
    """Ask what publishing would do; filings are judged for the first page only, which somebody waits for once.

    Raises:
        Invalid: what the page comes after is no SIREN.
        NotFound: the person may not publish here.
        RuleBroken: there is no such campaign, or no such form set.
    """
    change = await services.forms.preview_form_set(document, year, form_set, is_counted_only=bool(after))
    affected = await services.forms.affected_filings(document, year, form_set, after, page_size)
    return Changing(change, affected, after)


@router.get("/staff/campaign")
async def campaign(visit: Visitor) -> Response:
    """Ask for a campaign and a form set, and show what publishing it would do."""
    visit.require_everywhere("campaign.manage")
    query = visit.request.query_params
    asked = {name: query.get(name, "") for name in _FIELDS}
    if not (asked["form_set"] and asked["year"]):
        return await _page(visit, asked)
    try:
        changing = await change_of(visit.services, *_asked(asked), query.get("after", ""))
    except (Invalid, RuleBroken, NotFound) as failure:
        return await _page(visit, asked, failure=failure)
    return await _page(visit, asked, changing)


@router.post("/staff/campaign/publish")
async def publish(visit: Visitor) -> Response:
    """Have the form set given to the open filings of the campaign, or the publication go on, which leads to how far that is."""
    fields = await visit.fields(*_FIELDS, "is_forced", "publication")
    document, year, form_set = _asked(fields)
    is_forced, resumed = fields.get("is_forced") == "yes", fields.get("publication", "")
    try:
        publication = await visit.services.forms.publish_form_set(
            document, year, form_set, is_forced=is_forced, publication_id=resumed
        )
    except RuleBroken as failure:
        return await _page(visit, fields, failure=failure)
    return await visit.go(f"/staff/campaign/publications/{publication}")


@router.post("/staff/campaign/undo")
async def take_back(visit: Visitor) -> Response:
    """Have a publication taken back, even one in the middle."""
    fields = await visit.fields("publication")
    publication = fields.get("publication", "")
    try:
        await visit.services.forms.undo_form_set(publication)
    except RuleBroken as failure:
        return await _page(visit, {}, failure=failure)
    return await visit.go(f"/staff/campaign/publications/{publication}")


@router.get("/staff/campaign/publications/{publication_id}")
async def show_publication(visit: Visitor, publication_id: str) -> Response:
    """Show how far a publication is, or its taking back, and what may be done about it."""
    found = await visit.services.forms.publication(publication_id)
    return await visit.page("publication.html", {"one": found, "wait": max(1, round(found.estimate_seconds))})


@router.post("/staff/campaign/extend")
async def extend(visit: Visitor) -> Response:
    """Give one body more time, with a reason; what is refused stays in view."""
    fields = await visit.fields(*_EXTENSION)
    try:
        document, year = campaign_in(fields)
        due_on = await visit.services.forms.extend(
            document,
            year,
            fields.get("body", "").strip(),
            fields.get("due_on", "").strip(),
            fields.get("reason", ""),
            visit.request_id(fields),
        )
    except (*REFUSALS, NotFound) as failure:
        return await _page(visit, {}, extension=fields, failure=failure)
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
    except REFUSALS as failure:
        return await _set_aside_page(visit, filing_id, address, keep_as, failure)
    return await visit.go(f"/filings/{filing_id}/set-aside", visit.wording("Choix enregistré."))


async def _set_aside_page(
    visit: Visit, filing_id: str, address: str = "", keep_as: str = "", failure: Failure | None = None
) -> Response:
    filing = (await visit.services.forms.get(filing_id)).filing
    cells = await visit.services.forms.set_aside(filing_id)
    waiting = [one.address for one in cells if one.is_waiting] if is_editable(visit, filing) else []
    if failure and address not in waiting:
        raise failure  # No form is left here for the text: the page of the failure holds it.
    values = {
        **await framed(visit, filing, ""),
        "cells": [SetAsideView(one, *_in_words(one, filing.identity.form_set, visit.wording)) for one in cells],
        "why": why_read_only(visit, filing),
        "whys": WHYS,
        "fates": FATES,
        "refused": address if failure else "",
        "keep_as": keep_as,
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "set_aside.html", values, failure)


def _in_words(cell: SetAsideCell, form_set: str, _: Wording) -> tuple[Markup, str, str]:
    """Return the label and both values as people read them, by the newest form set that knows the cell."""
    known = [formsets.load(version) for version in (form_set, *reversed(formsets.available()))]
    found = next((one for one in known if one.has_cell(cell.address)), None)
    if found is None:
        return escape(cell.label), cell.value, cell.other_value
    kind = found.cell_type(cell.address)
    return label_of(found, cell.address, _), shown(cell.value, kind, _), shown(cell.other_value, kind, _)


def _refuse_empty(visit: Visit) -> None:
    raise Invalid(visit.wording("Donnez la case vide où mettre la valeur."))


def _asked(fields: dict[str, str]) -> tuple[Document, int, str]:
    form_set = fields.get("form_set", "")
    if form_set not in formsets.available():
        raise Invalid
    return *campaign_in(fields), form_set


async def _page(
    visit: Visit,
    asked: Mapping[str, str],
    changing: Changing | None = None,
    *,
    extension: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    publications = await visit.services.forms.publications()
    states = {one.form_set: one.state for one in await visit.services.forms.form_sets()}
    given, change = extension or {}, changing.change if changing else None
    values = {
        "asked": asked,
        "form_sets": formsets.available(),
        "change": change,
        "affected": changing.affected if changing else None,
        "after": changing.after if changing else "",
        "query": urlencode({name: asked[name] for name in _FIELDS}) if changing else "",
        "official": official,
        "is_published": states.get(asked.get("form_set", "")) == PUBLISHED,
        "to_choose": [(one, official(one.label)) for one in change.to_choose] if change else [],
        "publications": publications,
        "under_way": next((one for one in publications if one.is_under_way and _is_of(one, asked)), None),
        "in_force": change.in_force if change else None,
        "whys": WHYS,
        "extension": {name: given.get(name, asked.get(name, "")) for name in _EXTENSION},
        "is_extension_refused": failure is not None and extension is not None,
        "wrong": {violation.field for violation in failure.violations} if failure else set(),
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "campaign.html", values, failure)


def _is_of(publication: Publication, asked: Mapping[str, str]) -> bool:
    return (publication.document.code, str(publication.year)) == (asked.get("document"), asked.get("year"))
