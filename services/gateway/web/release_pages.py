"""Who will receive what: the whole table, each decision explained, the body's own boxes, and a simulation."""

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.web.frame import deliveries_of, framed, standing_of
from services.gateway.web.visit import Visitor, named

router = APIRouter(include_in_schema=False)
LEVELS = {0: "loi et périmètre", 1: "responsable du document", 2: "convention", 3: "choix de l’organisme"}
"""Names of the layers of the matrix."""
TICKED = {True: "{name} : coché.", False: "{name} : décoché."}


@router.get("/filings/{filing_id}/release")
async def release(visit: Visitor, filing_id: str) -> Response:
    """Show every recipient; `?simulate=CDC` shows the table as if that box were the other way round."""
    filing = (await visit.services.forms.get(filing_id)).filing
    releases = visit.services.releases
    now = await releases.table(filing.identity)
    asked = named([d.recipient for d in now.decisions], visit.request.query_params.get("simulate", ""))
    table = await releases.table(filing.identity, asked) if asked else now
    before = {decision.recipient: decision.is_released for decision in now.decisions}
    deliveries = await deliveries_of(visit, filing)
    # Newest first: the first of a recipient is the last version it was sent.
    held = {one.recipient: one for one in reversed(deliveries)}
    values = {
        **await framed(visit, filing, "release"),
        "table": table,
        "simulated": asked,
        "changed": {d.recipient for d in table.decisions if before.get(d.recipient) != d.is_released},
        "may_choose": visit.may("release.choose", filing),
        "levels": LEVELS,
        "held": {code: (one, standing_of(one, visit.wording)) for code, one in held.items()},
    }
    return await visit.page("release.html", values)


@router.post("/filings/{filing_id}/release/{recipient}")
async def tick(visit: Visitor, filing_id: str, recipient: str) -> Response:
    """Tick or untick the body's box for one recipient."""
    fields = await visit.fields("is_ticked")
    filing = (await visit.services.forms.get(filing_id)).filing
    decision = await visit.services.releases.tick(
        filing.identity,
        recipient,
        is_ticked=fields.get("is_ticked") == "yes",
        request_id=visit.request_id(fields),
    )
    note = visit.wording(TICKED[decision.is_ticked], name=decision.recipient_name or recipient)
    return await visit.go(f"/filings/{filing_id}/release", note)
