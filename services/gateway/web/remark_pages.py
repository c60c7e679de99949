"""The report: the verdict on top, findings by severity, and a written justification for each anomaly that is right."""

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Failure, Invalid
from services.gateway.clients.answers import ControlStatus, Filing, Justification, Report
from services.gateway.web import adjustment_file
from services.gateway.web.errors import status_of, told_first
from services.gateway.web.finding_view import failed_groups, finding_view
from services.gateway.web.frame import framed, is_editable
from services.gateway.web.visit import Visit, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/filings/{filing_id}/remarks")
async def remarks(visit: Visitor, filing_id: str) -> Response:
    """Show the report of every control."""
    return await _report_page(visit, filing_id)


@router.get("/filings/{filing_id}/adjustments")
async def adjustments(visit: Visitor, filing_id: str) -> Response:
    """Give what was adjusted of the controls of a filing, to check a file elsewhere under the same rules."""
    identity = (await visit.services.forms.get(filing_id)).filing.identity
    rules = await visit.services.validations.rules(identity.form_set, identity.document, identity.year)
    return adjustment_file.of_filing(identity, rules)


@router.post("/filings/{filing_id}/remarks/{control}")
async def justify(visit: Visitor, filing_id: str, control: str) -> Response:
    """Keep a justification; one that is refused stays in view."""
    fields = await visit.fields("text")
    text = fields.get("text", "")
    try:
        verdict = await visit.services.forms.justify(filing_id, control, text, visit.request_id(fields))
    except Invalid as failure:
        return await _report_page(visit, filing_id, control, text, failure)
    note = visit.wording(
        "Justification de {control} enregistrée. {verdict}.", control=control, verdict=visit.wording.label(verdict)
    )
    return await visit.go(f"/filings/{filing_id}/remarks", note)


async def _report_page(
    visit: Visit, filing_id: str, control: str = "", text: str = "", failure: Invalid | None = None
) -> Response:
    filing = (await visit.services.forms.get(filing_id)).filing
    report = await visit.services.forms.check(filing_id)
    form_set, identity, _ = formsets.load(filing.identity.form_set), filing.identity, visit.wording
    may_justify = visit.may("filing.justify", filing) and not filing.is_trial
    proposals = await _proposals(visit, filing, report) if may_justify else {}
    unevaluated = [f for f in report.findings if f.status is ControlStatus.NOT_EVALUATED]
    values = {
        **await framed(visit, filing, "remarks"),
        "report": report,
        "groups": failed_groups(report.findings, form_set, identity, _),
        "lacking": [finding_view(finding, form_set, identity, _) for finding in filing.lacking],
        "unevaluated": [finding_view(finding, form_set, identity, _) for finding in unevaluated],
        "passed": sum(1 for f in report.findings if f.status is ControlStatus.PASSED),
        "may_justify": may_justify,
        "proposals": proposals,
        "refused_control": control if failure else "",
        "refused_text": text,
        "refusal": told_first(failure, _) if failure else "",
    }
    return await visit.page("remarks.html", values, status_of(failure) if failure else 200)


async def _proposals(visit: Visit, filing: Filing, report: Report) -> dict[str, Justification]:
    """Return what was written in earlier years, by control; nothing when that cannot be told now."""
    asked = [f.control for f in report.findings if f.status is ControlStatus.FAILED and f.justification is None]
    if not asked or not is_editable(visit, filing):
        return {}
    try:
        found = await visit.services.validations.propose(filing.identity.body, filing.identity.year, asked)
    except Failure:
        return {}
    return {one.control: one for one in found}
