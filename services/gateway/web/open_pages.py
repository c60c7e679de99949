"""Pages for anybody: verifying a container, the list of controls, health."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

import formsets
from chassis.errors import Invalid
from services.gateway.web.desk import desk_of
from services.gateway.web.errors import explained, status_of
from services.gateway.web.fields import read_upload
from services.gateway.web.visit import CSRF, REQUEST_ID, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/verify")
async def ask_for_container(visit: Visitor) -> Response:
    """Ask for a container."""
    return await visit.page("verify.html", {"verification": None, "failure": "", "file_name": ""})


@router.post("/verify")
async def verify(visit: Visitor) -> Response:
    """Verify a container and say the outcome in plain words; keeps nothing, so nobody needs to be signed in."""
    visit.from_here()
    upload = await read_upload(visit.request, {CSRF, REQUEST_ID}, "file")
    try:
        verification = await visit.desk.acting_for("").signatures.verify(upload.chosen().content)
    except Invalid as failure:
        values = {"verification": None, "failure": explained(failure, visit.wording), "file_name": upload.file_name}
        return await visit.page("verify.html", values, status_of(failure))
    reasons = [visit.wording.sentence(reason) for reason in verification.reasons]
    told = {"verification": verification, "reasons": reasons, "failure": "", "file_name": upload.file_name}
    return await visit.page("verify.html", told)


@router.get("/help/controls")
async def controls(visit: Visitor) -> Response:
    """List the official controls of a form set."""
    versions = formsets.available()
    asked = visit.request.query_params.get("version", "")
    version = asked if asked in versions else versions[-1]
    form_set = formsets.load(version)
    rows = [(control, control.text(visit.wording.language)) for control in form_set.controls]
    return await visit.page("controls.html", {"rows": rows, "version": version, "versions": versions})


@router.get("/healthz")
async def is_alive() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def is_ready(visit: Visitor) -> Response:
    """Say whether sessions can be kept."""
    ready = await desk_of(visit.request).shelf.answers()
    return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)
