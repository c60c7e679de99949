"""For officers of the authority: the four dates of each campaign."""

from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from chassis.errors import Failure, Forbidden, Invalid, NotFound, RuleBroken
from services.gateway.clients.answers import Campaign
from services.gateway.web.errors import explained, status_of, told_beside
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)

_DATES = ("opens_on", "due_on", "closes_on", "corrected_until")


@router.get("/staff/campaigns")
async def campaigns(visit: Visitor) -> Response:
    """List the campaigns with their dates."""
    _refuse_others(visit)
    return await _page(visit, await visit.services.forms.campaigns())


@router.post("/staff/campaigns")
async def plan(visit: Visitor) -> Response:
    """Change the dates of a campaign; dates that are refused stay in view."""
    _refuse_others(visit)
    fields = await visit.fields("document", "year", *_DATES)
    known = await visit.services.forms.campaigns()
    wanted = (fields.get("document", ""), fields.get("year", ""))
    asked = next((one for one in known if (one.document.code, str(one.year)) == wanted), None)
    if asked is None:
        raise NotFound
    opens_on, due_on, closes_on, corrected_until = (fields.get(name, "").strip() for name in _DATES)
    changed = replace(asked, opens_on=opens_on, due_on=due_on, closes_on=closes_on, corrected_until=corrected_until)
    try:
        await visit.services.forms.plan(changed)
    except (Invalid, RuleBroken) as failure:
        return await _page(visit, tuple(changed if one is asked else one for one in known), failure)
    note = visit.wording("Dates de la campagne {name} enregistrées.", name=" ".join(wanted))
    return await visit.go("/staff/campaigns", note)


async def _page(visit: Visit, shown: tuple[Campaign, ...], failure: Failure | None = None) -> Response:
    values = {
        "campaigns": shown,
        "failure": explained(failure, visit.wording) if failure else "",
        "violations": told_beside(failure, visit.wording) if failure else (),
    }
    return await visit.page("campaigns.html", values, status_of(failure) if failure else 200)


def _refuse_others(visit: Visit) -> None:
    if not visit.passport.may_everywhere("campaign.manage"):
        raise Forbidden
