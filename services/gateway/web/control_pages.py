"""The authority softens or withdraws a control for one campaign: tried first on its filings, then decided."""

from collections.abc import Mapping

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Failure, Invalid
from services.gateway.clients.answers import Adjustment, Document, RunState, Severity
from services.gateway.web import adjustment_file
from services.gateway.web.errors import REFUSALS, drawn, told_first
from services.gateway.web.fields import campaign_in
from services.gateway.web.frame import OWN
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)

_FIELDS = ("document", "year", "form_set", "control", "weight", "reason", "tried_on", "decision")
_WITHDRAWN = "withdrawn"
_WEIGHTS = (Severity.TRANSMISSION, Severity.ANOMALY, Severity.REMARK)


@router.get("/staff/controls")
async def controls(visit: Visitor) -> Response:
    """Show the decisions in force for a campaign, and ask for one."""
    visit.require_everywhere("campaign.manage")
    query = visit.request.query_params
    return await _page(visit, {name: query.get(name, "") for name in _FIELDS})


@router.get("/staff/controls/adjustments")
async def download(visit: Visitor) -> Response:
    """Give the decisions in force as the file that `harmonia check` reads."""
    query = visit.request.query_params
    document, year = _document(query), _year(query.get("year", ""))
    found = await visit.services.validations.adjustments(document, year)
    return adjustment_file.of_campaign(document, year, (one for one in found if one.applies_here))


@router.post("/staff/controls")
async def decide(visit: Visitor) -> Response:
    """Try a decision, or take it; either leads to where its run stands."""
    fields = await visit.fields(*_FIELDS)
    try:
        adjustment, tried_on = _adjustment(fields), _year(fields.get("tried_on") or "0000")
        if fields.get("decision") == "decide":
            run = await visit.services.validations.adjust(adjustment, visit.request_id(fields))
        else:
            run = await visit.services.validations.try_adjustment(adjustment, tried_on, visit.request_id(fields))
    except REFUSALS as failure:
        return await _page(visit, {name: fields.get(name, "") for name in _FIELDS}, failure)
    return await visit.go(f"/staff/runs/{run}")


@router.post("/staff/controls/check")
async def check(visit: Visitor) -> Response:
    """Queue a check of the whole campaign."""
    fields = await visit.fields("document", "year")
    try:
        document, year = campaign_in(fields)
        run = await visit.services.validations.check_campaign(document, year, visit.request_id(fields))
    except REFUSALS as failure:
        return await _page(visit, {name: fields.get(name, "") for name in _FIELDS}, failure)
    return await visit.go(f"/staff/runs/{run}")


@router.get("/staff/runs/{run_id}")
async def show_run(visit: Visitor, run_id: str) -> Response:
    """Show the place of a run in the queue, the estimate, and what it found once it is done."""
    status = await visit.services.validations.queue(run_id)
    is_over = status.state in (RunState.DONE, RunState.FAILED)
    return await visit.page(
        "run.html", {"run": status, "is_over": is_over, "wait": max(1, round(status.estimate_seconds))}
    )


async def _page(visit: Visit, asked: Mapping[str, str], failure: Failure | None = None) -> Response:
    adjustments: tuple[Adjustment, ...] = ()
    if asked["document"] and asked["year"] and failure is None:
        try:
            adjustments = await visit.services.validations.adjustments(_document(asked), _year(asked["year"]))
        except Invalid as refused:
            failure = refused
    values = {
        "asked": asked,
        "adjustments": adjustments,
        "form_sets": formsets.available(),
        "weights": _WEIGHTS,
        "decided": [one.code for one, prefix in OWN.items() if visit.desk.place.server.startswith(prefix)],
        "withdrawn": _WITHDRAWN,
        "wrong": {violation.field for violation in failure.violations} if failure else set(),
        "controls": _adjustable(),
        "runs": await visit.services.validations.runs(),
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "staff_controls.html", values, failure)


def _adjustable() -> list[tuple[str, str]]:
    """Return id and official message of the controls that can be softened, of the newest form set."""
    form_set = formsets.load(formsets.available()[-1])
    return [(one.id, one.message) for one in form_set.controls if one.expression and one.severity != "B"]


def _adjustment(fields: Mapping[str, str]) -> Adjustment:
    weight = fields.get("weight", "")
    severity = next((one for one in _WEIGHTS if one.value == weight), Severity.UNSPECIFIED)
    if severity is Severity.UNSPECIFIED and weight != _WITHDRAWN:
        raise Invalid
    return Adjustment(
        fields.get("form_set", ""),
        _document(fields),
        _year(fields.get("year", "")),
        fields.get("control", "").strip(),
        severity,
        weight == _WITHDRAWN,
        fields.get("reason", ""),
    )


def _document(fields: Mapping[str, str]) -> Document:
    document = next((one for one in (Document.ER, Document.QDIS) if one.code == fields.get("document")), None)
    if document is None:
        raise Invalid
    return document


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) == 4):
        raise Invalid
    return int(text)
