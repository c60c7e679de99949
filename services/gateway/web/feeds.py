"""Feeds for partners: what was released to them and what became of it, in order, with a cursor.

What is not theirs does not exist.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chassis.errors import NotFound
from services.gateway.clients.answers import Document, EntryKind, FeedEntry, Standing
from services.gateway.clients.ports import Services
from services.gateway.web.api_models import plain
from services.gateway.web.desk import desk_of
from services.gateway.web.sign_pages import disposition

router = APIRouter(prefix="/feeds")
NOTICES = (EntryKind.SUSPENSION, EntryKind.WITHDRAWAL)
_DOCUMENTS: Mapping[str, Document] = {"er": Document.ER, "qdis": Document.QDIS, "all": Document.UNSPECIFIED}


async def _partner(request: Request, authorization: Annotated[str, Header()] = "") -> Services:
    desk = desk_of(request)
    passport = await desk.credentials.of_partner(authorization)
    return desk.acting_for(passport.token)


Partner = Annotated[Services, Depends(_partner)]
"""Parameter of a method: the services, acting for the partner of the credentials."""


@router.get("/deliveries/{delivery_id}", summary="The signed container of an entry")
async def fetch(services: Partner, delivery_id: str, *, accepts_suspended: bool = False) -> Response:
    """Return the container and record the delivery.

    A version that the body reopened before it was read is refused unless `accepts_suspended` is true; one that was
    withdrawn before it was read is refused. What was read once can be read again.
    """
    found = await services.releases.fetch(delivery_id, accepts_suspended=accepts_suspended)
    digest = hashlib.sha256(found.container).digest()
    headers = {
        "Digest": f"sha-256={base64.b64encode(digest).decode()}",
        "Repr-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
        "Harmonia-Standing": found.entry.standing.value,
        "Content-Disposition": disposition(f"{found.entry.receipt_number or delivery_id}.asice"),
    }
    return Response(found.container, media_type="application/vnd.etsi.asic-e+zip", headers=headers)


@router.post("/deliveries/{delivery_id}/ack", summary="Take an entry into account")
async def acknowledge(services: Partner, delivery_id: str) -> Response:
    """Record that the partner took the entry, a version or a notice, into account."""
    return JSONResponse(_entry(await services.releases.acknowledge(delivery_id)))


@router.get("/{document}", summary="The feed of a document")
async def read_feed(
    services: Partner,
    document: str,
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return the entries after a cursor; `next` leads on, and an unchanged page is answered 304.

    `kind` tells a version from a notice. Of the entries of one filing, the one of the highest version says what to rely
    on, and of the same version a withdrawal before a suspension before the release.
    """
    if document not in _DOCUMENTS:
        raise NotFound
    page = await services.releases.feed(after, limit, _DOCUMENTS[document])
    content = {
        "document": document,
        "entries": [_entry(entry) for entry in page.entries],
        "next_after": page.next_after,
        "is_complete": page.is_complete,
        "next": f"/feeds/{document}?after={page.next_after}&limit={limit}",
    }
    tag = f'"{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Vary": "Authorization"}
    if tag in [one.strip().removeprefix("W/") for one in if_none_match.split(",")]:
        return Response(status_code=304, headers=headers)
    return JSONResponse(content, headers=headers)


def _entry(entry: FeedEntry) -> dict[str, Any]:
    at = f"/feeds/deliveries/{entry.delivery_id}"
    written: dict[str, Any] = plain(entry)
    if entry.kind in NOTICES:
        return {**written, "links": {"acknowledge": f"{at}/ack"}}
    links = {"container": at, "acknowledge": f"{at}/ack"}
    if entry.standing is Standing.SUSPENDED:
        links["container_as_suspended"] = f"{at}?accepts_suspended=true"
    return {
        **written,
        "signature": {"format": "ASiC-E with CAdES", "container_sha256": entry.container_digest},
        "links": links,
    }
