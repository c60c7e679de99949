"""Feeds for partners: what was released to them, in order, with a cursor. What is not theirs does not exist."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from chassis.errors import NotFound
from services.gateway.clients.answers import Document, FeedEntry
from services.gateway.clients.ports import Services
from services.gateway.web.api_models import LARGEST_COUNT, plain
from services.gateway.web.desk import desk_of
from services.gateway.web.sign_pages import disposition

router = APIRouter(prefix="/feeds")
_DOCUMENTS: Mapping[str, Document] = {"er": Document.ER, "qdis": Document.QDIS, "all": Document.UNSPECIFIED}


async def _partner(request: Request, authorization: Annotated[str, Header()] = "") -> Services:
    desk = desk_of(request)
    passport = await desk.credentials.of_partner(authorization)
    return desk.acting_for(passport.token)


Partner = Annotated[Services, Depends(_partner)]
"""Parameter of a method: the services, acting for the partner of the credentials."""


@router.get("/deliveries/{delivery_id}", summary="The signed container of an entry")
async def fetch(services: Partner, delivery_id: str) -> Response:
    """Return the container and record the delivery."""
    found = await services.releases.fetch(delivery_id)
    digest = hashlib.sha256(found.container).digest()
    headers = {
        "Digest": f"sha-256={base64.b64encode(digest).decode()}",
        "Repr-Digest": f"sha-256=:{base64.b64encode(digest).decode()}:",
        "Content-Disposition": disposition(f"{found.entry.receipt_number or delivery_id}.asice"),
    }
    return Response(found.container, media_type="application/vnd.etsi.asic-e+zip", headers=headers)


@router.post("/deliveries/{delivery_id}/ack", summary="Take an entry into account")
async def acknowledge(services: Partner, delivery_id: str) -> Response:
    """Record that the partner took the entry into account."""
    return JSONResponse(_entry(await services.releases.acknowledge(delivery_id)))


@router.get("/{document}", summary="The feed of a document")
async def read_feed(
    services: Partner,
    document: str,
    after: Annotated[int, Query(ge=0, le=LARGEST_COUNT)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """Return the entries after a cursor; `next` leads on, and an unchanged page is answered 304."""
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
    return {
        **written,
        "signature": {"format": "ASiC-E with CAdES", "container_sha256": entry.container_digest},
        "links": {"container": at, "acknowledge": f"{at}/ack"},
    }
