"""For officers of the authority: the campaigns, their four dates, and the PDFs that they demand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Failure, NotFound, RuleBroken
from services.gateway.clients.answers import Campaign, Campaigns, Document, Family
from services.gateway.web.errors import REFUSALS, drawn, explained, told_beside
from services.gateway.web.fields import campaign_in
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import ATTACHMENT_KINDS

router = APIRouter(include_in_schema=False)

_DATES = ("opens_on", "due_on", "closes_on", "corrected_until")
_NEW = ("document", "year", "form_set", *_DATES)
_FAMILIES = tuple(family for family in Family if family is not Family.UNSPECIFIED)
_ALL = tuple(family.name for family in _FAMILIES)
"""Ticked before anybody says otherwise."""


@router.get("/staff/campaigns")
async def campaigns(visit: Visitor) -> Response:
    """List the campaigns with their dates."""
    visit.require_everywhere("campaign.manage")
    return await _page(visit, await visit.services.forms.campaigns())


@router.post("/staff/campaigns")
async def plan(visit: Visitor) -> Response:
    """Change the dates of a campaign and what it demands; what is refused stays in view."""
    visit.require_everywhere("campaign.manage")
    fields = await visit.fields("document", "year", *_DATES, *ATTACHMENT_KINDS)
    known = await visit.services.forms.campaigns()
    wanted = (fields.get("document", ""), fields.get("year", ""))
    asked = next((one for one in known.campaigns if (one.document.code, str(one.year)) == wanted), None)
    if asked is None:
        raise NotFound
    changed = replace(asked, **_planned(fields))
    try:
        await visit.services.forms.plan(changed)
    except REFUSALS as failure:
        shown = tuple(changed if one is asked else one for one in known.campaigns)
        return await _page(visit, replace(known, campaigns=shown), failure)
    note = visit.wording("Dates de la campagne {name} enregistrées.", name=" ".join(wanted))
    return await visit.go("/staff/campaigns", note)


@router.post("/staff/campaigns/new")
async def open_one(visit: Visitor) -> Response:
    """Open a campaign; what is refused stays in view."""
    visit.require_everywhere("campaign.manage")
    fields = await visit.fields(*_NEW, *ATTACHMENT_KINDS, *_ALL)
    known = await visit.services.forms.campaigns()
    try:
        document, year = campaign_in(fields)
        _require_new(visit, known.campaigns, document, year)
        families = tuple(family for family in _FAMILIES if fields.get(family.name) == "yes")
        asked = Campaign(document, year, fields.get("form_set", ""), families=families, **_planned(fields))
        await visit.services.forms.plan(asked)
    except REFUSALS as failure:
        return await _page(visit, known, failure, fields)
    note = visit.wording("Campagne {name} ouverte.", name=f"{document.code} {year}")
    return await visit.go("/staff/campaigns", note)


def _require_new(visit: Visit, known: tuple[Campaign, ...], document: Document, year: int) -> None:
    if any((one.document, one.year) == (document, year) for one in known):
        raise RuleBroken(visit.wording("Cette campagne existe déjà : changez ses dates ci-dessus."))


def _planned(fields: Mapping[str, str]) -> dict[str, Any]:
    dates = {name: fields.get(name, "").strip() for name in _DATES}
    return {**dates, "required_attachments": tuple(kind for kind in ATTACHMENT_KINDS if fields.get(kind) == "yes")}


async def _page(
    visit: Visit,
    known: Campaigns,
    failure: Failure | None = None,
    new: Mapping[str, str] | None = None,
) -> Response:
    values = {
        "campaigns": known.campaigns,
        "new": {name: (new or {}).get(name, "") for name in _NEW},
        "ticked": {name for name, value in (new or dict.fromkeys(_ALL, "yes")).items() if value == "yes"},
        "demandable": {kind: ATTACHMENT_KINDS.get(kind, kind) for kind in known.demandable_attachments},
        "families": _FAMILIES,
        "form_sets": formsets.available(),
        "failure": explained(failure, visit.wording) if failure else "",
        "violations": told_beside(failure, visit.wording) if failure else (),
    }
    return await drawn(visit, "campaigns.html", values, failure)
