"""The PDFs that go with a filing."""

from fastapi import APIRouter
from starlette.responses import Response

from chassis.errors import Failure
from services.gateway.clients.answers import Step
from services.gateway.web.errors import REFUSALS, drawn, told_first
from services.gateway.web.frame import framed
from services.gateway.web.sign_pages import attachment as as_file
from services.gateway.web.staff_pages import staff_framed
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import ATTACHMENT_KINDS

router = APIRouter(include_in_schema=False)


@router.get("/filings/{filing_id}/attachments")
async def attachments(visit: Visitor, filing_id: str) -> Response:
    """List the PDFs, and ask for one."""
    return await _page(visit, filing_id)


@router.post("/filings/{filing_id}/attachments")
async def attach(visit: Visitor, filing_id: str) -> Response:
    """Attach a PDF; one that is refused is explained beside the input."""
    upload = await visit.upload("kind")
    kind = upload.fields.get("kind", "")
    try:
        file = upload.chosen()
        request_id = visit.request_id(upload.fields)
        made = await visit.services.forms.attach(filing_id, kind, file.file_name, file.content, request_id)
    except REFUSALS as failure:
        return await _page(visit, filing_id, kind, failure)
    return await visit.go(f"/filings/{filing_id}/attachments", visit.wording("{name} joint.", name=made.file_name))


@router.get("/filings/{filing_id}/attachments/{attachment_id}")
async def give(visit: Visitor, filing_id: str, attachment_id: str) -> Response:
    """Give one PDF, to be saved."""
    found = await visit.services.forms.attachment(filing_id, attachment_id)
    return as_file(found.content, found.attachment.file_name, "application/pdf")


@router.get("/staff/filings/{filing_id}/attachments")
async def signed_attachments(visit: Visitor, filing_id: str) -> Response:
    """List the PDFs that a transmitted filing was signed with, for officers."""
    filing = (await visit.services.forms.get_transmitted(filing_id)).filing
    values = {
        **staff_framed(visit, filing, "attachments"),
        "attachments": await visit.services.forms.attachments(filing_id),
        "kinds": ATTACHMENT_KINDS,
    }
    return await visit.page("staff_attachments.html", values)


@router.get("/staff/filings/{filing_id}/attachments/{attachment_id}")
async def give_signed(visit: Visitor, filing_id: str, attachment_id: str) -> Response:
    """Give one of them, to be saved."""
    return await give(visit, filing_id, attachment_id)


async def _page(visit: Visit, filing_id: str, kind: str = "", failure: Failure | None = None) -> Response:
    filing = (await visit.services.forms.get(filing_id)).filing
    values = {
        **await framed(visit, filing, "attachments"),
        "attachments": await visit.services.forms.attachments(filing_id),
        "kinds": ATTACHMENT_KINDS,
        "largest": visit.desk.place.largest_attachment // 1_000_000,
        "may_attach": not filing.is_trial
        and filing.step.number < Step.REVIEW.number
        and not filing.is_locked
        and visit.may("filing.edit", filing),
        "kind": kind,
        "failure": told_first(failure, visit.wording) if failure else "",
    }
    return await drawn(visit, "attachments.html", values, failure)
