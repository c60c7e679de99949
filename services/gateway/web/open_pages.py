"""Pages for anybody: verifying a container, the list of controls, health."""

from collections.abc import Mapping
from hashlib import sha256

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

import formsets
from chassis.errors import NotFound
from formsets.instructions import said_of
from services.gateway.clients.answers import HeldFile
from services.gateway.web.desk import desk_of
from services.gateway.web.errors import REFUSALS, drawn, explained
from services.gateway.web.fields import CSRF, REQUEST_ID, read_upload
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import ATTACHMENT_KINDS

router = APIRouter(include_in_schema=False)
_NOTHING: Mapping[str, object] = {
    "verification": None,
    "failure": "",
    "file_name": "",
    "beside_name": "",
    "kinds": ATTACHMENT_KINDS,
}
"""What the page shows before anything is verified."""


@router.get("/verify")
async def ask_for_container(visit: Visitor) -> Response:
    """Ask for a container."""
    return await visit.page("verify.html", _NOTHING)


@router.post("/verify")
async def verify(visit: Visitor) -> Response:
    """Verify a container and say the outcome in plain words; keeps nothing, so nobody needs to be signed in."""
    visit.from_here()
    upload = await read_upload(visit.request, {CSRF, REQUEST_ID}, "file", "beside")
    beside = upload.beside
    held = [HeldFile(beside.file_name, len(beside.content), sha256(beside.content).hexdigest())] if beside else []
    try:
        verification = await visit.desk.acting_for("").signatures.verify(upload.chosen().content, held)
    except REFUSALS as failure:
        values = {**_NOTHING, "failure": explained(failure, visit.wording), "file_name": upload.file_name}
        return await drawn(visit, "verify.html", values, failure)
    told = {
        **_NOTHING,
        "verification": verification,
        "reasons": [visit.wording.sentence(reason) for reason in verification.reasons],
        "file_name": upload.file_name,
        "beside_name": beside.file_name if beside else "",
    }
    return await visit.page("verify.html", told)


@router.get("/help/controls")
async def controls(visit: Visitor) -> Response:
    """List the official controls of a form set."""
    versions = formsets.available()
    version = _version(visit, versions)
    form_set = formsets.load(version)
    rows = [(control, control.text(visit.wording.language)) for control in form_set.controls]
    values = {"rows": rows, "version": version, "versions": versions, "forms": form_set.forms}
    return await visit.page("controls.html", values)


@router.get("/help/forms/{code}")
async def lines(visit: Visitor, code: str) -> Response:
    """Tell what each line of a form wants."""
    versions = formsets.available()
    version = _version(visit, versions)
    form_set = formsets.load(version)
    form = next((one for one in form_set.forms if one.code == code), None)
    if form is None:
        raise NotFound
    at = 1 if visit.wording.language == "en" else 0
    rows = [(line, [both[at] for both in said_of(form_set, line)]) for line in form.lines]
    note = form.note.get(visit.wording.language, "")
    values = {
        "rows": rows,
        "form": form,
        "note": note,
        "version": version,
        "versions": versions,
        "forms": form_set.forms,
    }
    return await visit.page("lines.html", values)


def _version(visit: Visit, versions: tuple[str, ...]) -> str:
    """Return the form set asked for; the newest when it is none of them."""
    asked = visit.request.query_params.get("version", "")
    return asked if asked in versions else versions[-1]


@router.get("/healthz")
async def is_alive() -> Response:
    """Say that the process answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
async def is_ready(visit: Visitor) -> Response:
    """Say whether sessions can be kept."""
    ready = await desk_of(visit.request).shelf.answers()
    return PlainTextResponse("ready\n" if ready else "not ready\n", 200 if ready else 503)
