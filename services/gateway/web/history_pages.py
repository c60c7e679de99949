"""What happened to a filing, who received what when, and the changes that can be undone."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.gateway.clients.answers import UndoneStep
from services.gateway.web.frame import deliveries_of, framed, standing_of
from services.gateway.web.visit import Visitor
from services.gateway.web.wording import Wording

router = APIRouter(include_in_schema=False)
_STEPS_SHOWN = 50
_ACTIVITIES_SHOWN = 100
_LONGEST_TOKEN = 64


@router.get("/filings/{filing_id}/history")
async def history(
    visit: Visitor,
    filing_id: str,
    before: Annotated[str, Query(max_length=_LONGEST_TOKEN)] = "",
    happened_before: Annotated[str, Query(max_length=_LONGEST_TOKEN)] = "",
) -> Response:
    """Show changes, activities and deliveries, newest first; changes and activities each page by page."""
    filing = (await visit.services.forms.get(filing_id)).filing
    values = {
        **await framed(visit, filing, "history"),
        "happened": await visit.services.forms.activity(filing_id, happened_before, _ACTIVITIES_SHOWN),
        "happened_before": happened_before,
        "deliveries": [(one, standing_of(one, visit.wording)) for one in await deliveries_of(visit, filing)],
        "steps": await visit.services.forms.steps(filing_id, before, _STEPS_SHOWN),
        "before": before,
    }
    return await visit.page("history.html", values)


@router.post("/filings/{filing_id}/steps/{step_id}/undo")
async def undo(visit: Visitor, filing_id: str, step_id: str) -> Response:
    """Undo one change; say what was put back, and what somebody changed since and stays."""
    fields = await visit.fields()
    done = await visit.services.forms.undo(filing_id, step_id, visit.request_id(fields))
    return await visit.go(f"/filings/{filing_id}/history", _told(done, visit.wording))


def _told(done: UndoneStep, _: Wording) -> str:
    cells = ", ".join(done.kept)
    if not done.restored:
        return _(
            "Rien n’est annulé : ce que cette modification a changé l’a été de nouveau depuis, ou est signé ({cells}). "
            "Annulez d’abord la modification plus récente.",
            cells=cells,
        )
    undone = _("Annulé : {n} case(s) remise(s) comme avant.", n=len(done.restored))
    return f"{undone} {_('Modifiées depuis, laissées telles quelles : {cells}.', cells=cells)}" if done.kept else undone
