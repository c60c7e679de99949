"""Builders and fakes for the signature service."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from services.signature.clients.asic.container import AsicContainers
from services.signature.clients.software_key.authority import open_or_make
from services.signature.clients.software_key.keys import SoftwareKeys
from services.signature.domain.intent import Signatory, SigningIntent
from services.signature.domain.manifest import (
    CheckedVerdict,
    FilingManifest,
    PreviousVersion,
    ReleaseTerm,
    Sentence,
    SignedAttachment,
)
from services.signature.domain.policy import SERVER_SEAL_1

NOW = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
DIRECTOR = Signatory("user-7", "Anne Dupré")
_HEX = "ab" * 32


def a_term(recipient: str = "CDC", **changes: Any) -> ReleaseTerm:
    """Return an allowed recipient."""
    return ReleaseTerm(
        **{
            "recipient": recipient,
            "decision": "allow",
            "rule": "T-13",
            "level": 3,
            "reason": Sentence("Case cochée", "Box ticked"),
        }
        | changes
    )


def an_attachment(**changes: Any) -> SignedAttachment:
    """Return the deliberation, as the signature covers it."""
    facts = {"kind": "DELIBERATION", "file_name": "pv.pdf", "size": 1234, "digest": "cd" * 32}
    return SignedAttachment(**facts | changes)


def a_previous(version: int = 1, **changes: Any) -> PreviousVersion:
    """Return a version to come after."""
    facts = {"version": version, "digest": "ef" * 32, "receipt_number": "ER-2024-MIN-000001-K", "log_index": 0}
    return PreviousVersion(**facts | changes)


def a_manifest(**changes: Any) -> FilingManifest:
    """Return a small ER with two cells and two recipients; one of a later version comes after the one before."""
    facts: dict[str, Any] = {
        "filing_id": "0197c000-0000-7000-8000-000000000001",
        "filing_version": 1,
        "body": "270300011",
        "body_name": "Côte-d'Or Habitat",
        "family": "OPH",
        "departement": "21",
        "document": "ER",
        "year": 2024,
        "form_set_version": "2024.1",
        "form_set_digest": "sha256:" + _HEX,
        "rule_set_digest": "sha256:" + _HEX,
        "verdict": CheckedVerdict("clean", _HEX),
        "matrix_digest": _HEX,
        "release_terms": (a_term("CDC"), a_term("ANCOLS", rule="T-15", level=0)),
        "cells": {"BA.010.brut": "1234", "ID.010.valeur": "Côte-d'Or Habitat"},
        "server": "MIN",
        "previous": a_previous(changes["filing_version"] - 1) if changes.get("filing_version", 1) > 1 else None,
    }
    return FilingManifest(**facts | changes)


def an_intent(**changes: Any) -> SigningIntent:
    """Return an intent of the director on the small ER, prepared one minute ago."""
    manifest = a_manifest()
    facts: dict[str, Any] = {
        "id": UUID("0197c000-0000-7000-8000-0000000000aa"),
        "filing_id": manifest.filing_id,
        "filing_version": manifest.filing_version,
        "revision": 12,
        "body": manifest.body,
        "document": manifest.document,
        "year": manifest.year,
        "digest": manifest.digest,
        "signatory": DIRECTOR,
        "role": "signatory",
        "level": "B-B",
        "key_id": "software:0011223344556677",
        "policy": SERVER_SEAL_1.id,
        "created_at": NOW - timedelta(minutes=1),
    }
    return SigningIntent(**facts | changes)


def software_keys(folder: Path, server: str = "MIN", now: datetime | None = None) -> SoftwareKeys:
    """Return the seal key of a fresh development authority below this folder."""
    return SoftwareKeys(open_or_make(folder / "keys", server, now or datetime.now(UTC)))


def containers_trusting(keys: SoftwareKeys) -> AsicContainers:
    """Return containers that trust the root of these keys."""
    return AsicContainers(SERVER_SEAL_1, [keys.certificate_chain()[-1]])
