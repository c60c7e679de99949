"""The report: the verdict on top, findings by severity, and a written justification for each anomaly that is right."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

import formsets
from chassis.errors import Failure, Invalid
from services.gateway.clients.answers import (
    JUSTIFICATION_REASONS,
    ControlStatus,
    Explanation,
    Filing,
    Finding,
    Justification,
    Report,
)
from services.gateway.web import adjustment_file
from services.gateway.web.errors import BUSY, REFUSALS, drawn, explained, told_first
from services.gateway.web.finding_view import can_be_justified, failed_groups, finding_view
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
    fields = await visit.fields("text", "cell", "reason")
    given = fields.get("reason", "")
    reason = given if given in JUSTIFICATION_REASONS else ""
    explanation = Explanation(control, fields.get("text", ""), fields.get("cell", ""), reason)
    if not reason:
        return await _report_page(visit, filing_id, explanation, Invalid(), visit.wording("Choisissez un motif."))
    try:
        verdict = await visit.services.forms.justify(filing_id, explanation, visit.request_id(fields))
    except REFUSALS as failure:
        return await _report_page(visit, filing_id, explanation, failure, told_first(failure, visit.wording))
    told = visit.wording.verdict(verdict).word
    note = visit.wording("Justification de {control} enregistrée. Verdict : {verdict}.", control=control, verdict=told)
    return await visit.go(f"/filings/{filing_id}/remarks", note)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the form of a control holds before a person writes."""

    cell: str = ""
    reason: str = ""
    text: str = ""
    proposed: Justification | None = None
    """The earlier year's justification that it comes from."""
    offered: tuple[Justification, ...] = ()
    """Other ones of earlier years, to take as they are."""
    refusal: str = ""
    """Why what was sent was not kept."""


async def _report_page(
    visit: Visit,
    filing_id: str,
    explanation: Explanation | None = None,
    failure: Failure | None = None,
    refusal: str = "",
) -> Response:
    filing = (await visit.services.forms.get(filing_id)).filing
    try:
        report = await visit.services.forms.check(filing_id)
    except BUSY as busy:
        if explanation:
            raise  # Its form hangs on a finding: the page of the failure holds it instead.
        values = {**await framed(visit, filing, "remarks"), "report": None, "why": explained(busy, visit.wording)}
        return await drawn(visit, "remarks.html", values, busy)
    form_set, identity, _ = formsets.load(filing.identity.form_set), filing.identity, visit.wording
    may_justify = visit.may("filing.justify", filing) and not filing.is_trial
    if failure and not (may_justify and is_editable(visit, filing)):
        raise failure  # No form is left here for the text: the page of the failure holds it.
    proposals = await _proposals(visit, filing, report) if may_justify else ()
    drafts = {one.control: _draft(one, proposals) for one in report.findings if can_be_justified(one)}
    if explanation and explanation.control in drafts:
        sent = explanation.cell, explanation.reason, explanation.text
        drafts[explanation.control] = Draft(*sent, refusal=refusal)
    unevaluated = [f for f in report.findings if f.status is ControlStatus.NOT_EVALUATED]
    values = {
        **await framed(visit, filing, "remarks"),
        "report": report,
        "groups": failed_groups(report.findings, form_set, identity, _),
        "lacking": [finding_view(finding, form_set, identity, _) for finding in filing.lacking],
        "unevaluated": [finding_view(finding, form_set, identity, _) for finding in unevaluated],
        "passed": sum(1 for f in report.findings if f.status is ControlStatus.PASSED),
        "may_justify": may_justify,
        "drafts": drafts,
        "reasons": JUSTIFICATION_REASONS,
        # The control may hold by now, or never be justified, so that no form is left where this could be said.
        "unplaced": explanation if explanation and explanation.control not in drafts else None,
        "refusal": refusal,
    }
    return await drawn(visit, "remarks.html", values, failure)


def _draft(finding: Finding, proposals: Sequence[Justification]) -> Draft:
    """Return what was written of the only place, or else what was written of this control in earlier years."""
    if len(finding.places) == 1 and (written := finding.places[0].justification):
        return Draft(written.cell, written.reason, written.text)
    if refused := next((place.refused for place in finding.places if place.refused), None):
        return Draft(refused.cell, refused.reason)
    waiting = {cell for place in finding.places if not place.justification for cell in place.cells}
    fitting = [one for one in proposals if one.control == finding.control and (not one.cell or one.cell in waiting)]
    if not fitting:
        return Draft()
    first, *others = fitting
    return Draft(first.cell, first.reason, first.text, first, tuple(others))


async def _proposals(visit: Visit, filing: Filing, report: Report) -> tuple[Justification, ...]:
    """Return what was written in earlier years; nothing when that cannot be told now."""
    asked = [f.control for f in report.findings if f.status is ControlStatus.FAILED and not f.is_justified]
    if not asked or not is_editable(visit, filing):
        return ()
    try:
        return await visit.services.validations.propose(filing.identity.body, filing.identity.year, asked)
    except Failure:
        return ()
