"""Builders for the tests of the transmission service: the shipped matrix, and values with good defaults."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis.identity import Caller
from services.transmission.domain.decision import Decision
from services.transmission.domain.dispatch import Dispatch, ReleasedTo, ReleaseTerms, SignedFiling
from services.transmission.domain.filing import FilingIdentity
from services.transmission.domain.matrix_document import read_matrix, read_settings
from services.transmission.domain.release_matrix import ReleaseMatrix, decide
from services.transmission.domain.release_settings import ReleaseSettings
from services.transmission.usecases.dispatch_filing import SignatureReported

MATRIX_FILE = Path(__file__).parents[2] / "services" / "transmission" / "matrix" / "2024.json"
DAY = date(2025, 7, 1)
NOON = datetime(2025, 7, 1, 12, 0, tzinfo=UTC)


def matrix_bytes() -> bytes:
    """Return the shipped matrix document."""
    return MATRIX_FILE.read_bytes()


def matrix_content() -> Any:
    """Return the shipped matrix document, decoded."""
    return json.loads(matrix_bytes())


def the_matrix() -> ReleaseMatrix:
    """Return the shipped rules."""
    return read_matrix(matrix_bytes())


def the_settings(family: str = "OPH") -> ReleaseSettings:
    """Return the settings shipped for the demonstration."""
    return read_settings(matrix_bytes(), family)


def a_decision(
    recipient: str,
    document: str = "ER",
    family: str = "OPH",
    departement: str = "21",
    on: date = DAY,
    settings: ReleaseSettings | None = None,
) -> Decision:
    """Decide with the shipped matrix and, unless told otherwise, its settings."""
    return decide(the_matrix(), document, family, departement, recipient, on, settings or the_settings(family))


def numbered(start: int = 1) -> Any:
    """Return a source of identifiers 1, 2, 3…"""
    numbers = iter(range(start, 1_000_000_000))
    return lambda: UUID(int=next(numbers))


def some_terms(*recipients: str, matrix_digest: str = "") -> ReleaseTerms:
    """Return signed terms that release to these recipients, on rules named after the OPH's ER."""
    rules = {
        "MIN": ("T-01", 0),
        "FED-OPH": ("T-02", 0),
        "CDC": ("T-13", 3),
        "CGLLS": ("T-14", 3),
        "ANCOLS": ("T-15", 0),
    }
    released = (ReleasedTo(recipient, *rules.get(recipient, ("T-16", 0))) for recipient in recipients)
    return ReleaseTerms(matrix_digest or the_matrix().digest, DAY, tuple(released))


def an_identity(**changes: Any) -> FilingIdentity:
    """Return the sample OPH's ER 2024."""
    values: dict[str, Any] = {
        "filing_id": "0190a000-0000-7000-8000-000000000001",
        "body": "275100016",
        "body_name": "OPH d’exemple",
        "family": "OPH",
        "document": "ER",
        "year": 2024,
        "form_set": "2024.1",
        "departement": "21",
    }
    return FilingIdentity(**{**values, **changes})


def a_signed_filing(version: int = 1, **changes: Any) -> SignedFiling:
    """Return a signed version of the sample OPH's ER 2024."""
    values: dict[str, Any] = {
        "identity": an_identity(),
        "version": version,
        "container_digest": f"{version:064x}",
        "content_digest": f"{version + 1000:064x}",
        "receipt_number": f"ER-2024-MIN-{version:06d}-K",
        "signed_at": NOON,
    }
    return SignedFiling(**{**values, **changes})


def a_dispatch(number: int = 1, recipient: str = "CDC", **changes: Any) -> Dispatch:
    """Return a queued dispatch."""
    values: dict[str, Any] = {
        "id": UUID(int=number),
        "recipient": recipient,
        "filing": a_signed_filing(),
        "rule": "T-13",
        "level": 3,
        "queued_at": NOON,
    }
    return Dispatch(**{**values, **changes})


def a_content(
    version: int = 1,
    recipients: tuple[str, ...] = ("MIN", "CDC"),
    refused: tuple[str, ...] = (),
    matrix_digest: str = "",
    identity: FilingIdentity | None = None,
    previous: str = "",
) -> bytes:
    """Return signed bytes of the sample OPH's ER 2024, laid out as the signature service writes them."""
    identity, terms = identity or an_identity(), some_terms(*recipients, matrix_digest=matrix_digest)
    release = [
        {"recipient": one.recipient, "decision": "allow", "rule": one.rule, "level": one.level, "reason": ""}
        for one in terms.recipients
    ]
    release += [{"recipient": one, "decision": "deny", "rule": "T-14", "level": 2, "reason": ""} for one in refused]
    tree = {
        "kind": "harmonia.filing/2",
        "filing": {"id": identity.filing_id, "version": version},
        "body": identity.body,
        "body_name": identity.body_name,
        "family": identity.family,
        "departement": identity.departement,
        "document": identity.document,
        "year": identity.year,
        "form_set": {"version": identity.form_set},
        "release_matrix": {"digest": terms.matrix_digest},
        "release": release,
        "cells": {},
        "previous": {"digest": previous} if previous else None,
    }
    return json.dumps(tree).encode()


def a_report(
    version: int = 1, recipients: tuple[str, ...] = ("MIN", "CDC"), content: bytes = b"", **changes: Any
) -> SignatureReported:
    """Return the report of the signature of ``a_content``, unless told otherwise, in ``a_container``."""
    content = content or a_content(version, recipients, identity=changes.get("identity"))
    values: dict[str, Any] = {
        "event_id": f"event-{version}",
        "identity": an_identity(),
        "version": version,
        "recipients": frozenset(recipients),
        "container_digest": hashlib.sha256(a_container(content)).hexdigest(),
        "content_digest": hashlib.sha256(content).hexdigest(),
        "receipt_number": f"ER-2024-MIN-{version:06d}-K",
        "signed_at": NOON,
    }
    return SignatureReported(**{**values, **changes})


def a_container(content: bytes) -> bytes:
    """Return bytes that stand for the container of this content; a test of transmission never opens it."""
    return b"ASiC-E " + content


def a_person(*permissions: str, body: str = "275100016") -> Caller:
    """Return a person of the sample OPH with these permissions."""
    return Caller(subject="anne", name="Anne", grants={body: frozenset(permissions)})


def a_partner(code: str) -> Caller:
    """Return the bearer of a partner's credentials."""
    return Caller(subject=f"client-{code}", grants={"*": frozenset({"feed.read"})}, partner=code)
