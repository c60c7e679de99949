"""Signing what is displayed: the exact bytes, their digest, the recipients; then the receipt."""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import JSONResponse, Response

import formsets
from chassis.errors import Conflict, Failure
from formsets import FormSet
from services.gateway.clients.answers import PreparedSignature, PreviousVersion, SignedAttachment
from services.gateway.web.api_models import plain
from services.gateway.web.figures import shown
from services.gateway.web.form_view import label_of
from services.gateway.web.frame import framed
from services.gateway.web.pages import official
from services.gateway.web.visit import Visit, Visitor
from services.gateway.web.wording import ATTACHMENT_KINDS, Wording

router = APIRouter(include_in_schema=False)
PROOF_LASTS = timedelta(minutes=5)
"""How old a proof of identity may be when signing (ASVS 7.5.3)."""
_HEARD_WITHIN, _LISTENING = timedelta(milliseconds=700), timedelta(milliseconds=40)
_MARGIN = timedelta(seconds=30)
"""Reading the page takes a moment: ask again a little before it is too late."""


class ContentChanged(Conflict):
    """Le contenu a changé depuis l'affichage de la page : rechargez-la et relisez."""

    reason = "CONTENT_CHANGED"


@dataclass(frozen=True, slots=True)
class Covering:
    """What a signature covers beside the figures."""

    previous: PreviousVersion | None = None
    attachments: tuple[SignedAttachment, ...] = ()


@router.get("/filings/{filing_id}/sign")
async def show_content(visit: Visitor, filing_id: str) -> Response:
    """Show what stands in the way, or exactly what will be signed and who will receive it."""
    filing = (await visit.services.forms.get(filing_id)).filing
    prepared = await visit.services.signatures.prepare(filing_id)
    form_set = formsets.load(filing.identity.form_set)
    values = {
        **await framed(visit, filing, "sign"),
        "prepared": prepared,
        "obstacles": [visit.wording.sentence(sentence) for sentence in prepared.obstacles],
        "content": read_content(prepared, form_set, visit.wording),
        "covering": read_covering(prepared),
        "kinds": ATTACHMENT_KINDS,
        "needs_proof": _needs_proof(visit),
        "is_signable": bool(prepared.intent_id) and not prepared.obstacles,
    }
    return await visit.page("sign.html", values)


@router.get("/filings/{filing_id}/sign/content/{digest}")
async def download_content(visit: Visitor, filing_id: str, digest: str) -> Response:
    """Give the exact bytes that the page shows.

    Raises:
        ContentChanged: they are no longer the ones to be signed.
    """
    prepared = await visit.services.signatures.prepare(filing_id)
    if prepared.digest != digest:
        raise ContentChanged
    return attachment(prepared.content, f"contenu-{digest[:12]}.json", "application/json")


@router.post("/filings/{filing_id}/sign")
async def sign(visit: Visitor, filing_id: str) -> Response:
    """Sign; sending the form twice gives the same receipt."""
    fields = await visit.fields("intent_id", "digest", "accepts_recipients")
    receipt = await visit.services.signatures.sign(
        fields.get("intent_id", ""),
        fields.get("digest", ""),
        accepts_recipients=fields.get("accepts_recipients") == "yes",
        request_id=visit.request_id(fields),
    )
    await _known_to_forms(visit, filing_id, receipt.version)
    note = visit.wording("Dossier signé et transmis. Récépissé n° {number}.", number=receipt.number)
    return await visit.go(f"/filings/{filing_id}/receipt", note)


@router.get("/filings/{filing_id}/receipt")
async def show_receipt(visit: Visitor, filing_id: str) -> Response:
    """Show the receipt of the latest signed version."""
    filing = (await visit.services.forms.get(filing_id)).filing
    receipt = await visit.services.signatures.receipt(filing_id)
    values = {**await framed(visit, filing, "receipt"), "receipt": receipt, "kinds": ATTACHMENT_KINDS}
    return await visit.page("receipt.html", values)


@router.get("/filings/{filing_id}/receipt/receipt.json")
async def download_receipt(visit: Visitor, filing_id: str) -> Response:
    """Give the receipt as JSON."""
    receipt = await visit.services.signatures.receipt(filing_id)
    response = JSONResponse(plain(receipt))
    response.headers["Content-Disposition"] = disposition(f"recepisse-{receipt.number}.json")
    return response


@router.get("/filings/{filing_id}/receipt/container")
async def download_container(visit: Visitor, filing_id: str) -> Response:
    """Give the signed container."""
    container = await visit.services.signatures.container(filing_id)
    return attachment(container.container, container.file_name, "application/vnd.etsi.asic-e+zip")


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """Return bytes to be saved, never displayed."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": disposition(name)})


def disposition(name: str) -> str:
    """Return the header that saves under a name; whatever could break out of it is left out."""
    safe = "".join(c for c in name if c.isascii() and (c.isalnum() or c in "-_."))[-120:].lstrip(".")
    return f'attachment; filename="{safe or "fichier"}"'


def read_content(prepared: PreparedSignature, form_set: FormSet, _: Wording) -> list[tuple[str, list[tuple[str, ...]]]]:
    """Return the figures in the bytes to be signed, form by form: read from these bytes and from nothing else."""
    try:
        tree: Mapping[str, Any] = json.loads(prepared.content) if prepared.content else {}
    except ValueError:
        tree = {}
    tables: dict[str, list[tuple[str, ...]]] = {}
    for address, value in sorted(tree.get("cells", {}).items()):
        if form_set.has_cell(address):
            form, label = form_set.form_of(address), label_of(form_set, address, _)
            title = Markup("{} — {}").format(form.code, official(form.title))
            text = shown(value, form_set.cell_type(address), _)
        else:
            title, label, text = Markup("—"), Markup(), value
        tables.setdefault(title, []).append((address, label, text))
    return list(tables.items())


def read_covering(prepared: PreparedSignature) -> Covering:
    """Return the version before and the attached files in the bytes to be signed: read from these bytes and nothing else."""
    try:
        tree: Mapping[str, Any] = json.loads(prepared.content) if prepared.content else {}
        previous = tree.get("previous")
        return Covering(
            PreviousVersion(**previous) if previous else None,
            tuple(SignedAttachment(**one) for one in tree.get("attachments") or ()),
        )
    except (ValueError, TypeError):
        return Covering()


async def _known_to_forms(visit: Visit, filing_id: str, version: int) -> None:
    """Wait, but not for long, until the forms service heard of the signature: the next page must not contradict it."""
    with suppress(Failure):
        for _ in range(_HEARD_WITHIN // _LISTENING):
            if (await visit.services.forms.get(filing_id)).filing.signed_version >= version:
                return
            await asyncio.sleep(_LISTENING.total_seconds())


def _needs_proof(visit: Visit) -> bool:
    proven = visit.passport.authenticated_at
    return proven is None or visit.desk.clock.now() - proven > PROOF_LASTS - _MARGIN
