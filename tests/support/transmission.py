"""Builders for the tests of the transmission service: the shipped matrix, and values with good defaults."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from services.transmission.domain.decision import Decision
from services.transmission.domain.dispatch import Dispatch, ReleasedTo, ReleaseTerms, SignedFiling
from services.transmission.domain.matrix_document import read_matrix, read_settings
from services.transmission.domain.release_matrix import ReleaseMatrix, decide
from services.transmission.domain.release_settings import ReleaseSettings

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
    return read_matrix("2024", matrix_bytes())


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


def a_signed_filing(version: int = 1, **changes: Any) -> SignedFiling:
    """Return a signed version of the sample OPH's ER 2024."""
    values: dict[str, Any] = {
        "filing_id": "0190a000-0000-7000-8000-000000000001",
        "version": version,
        "body": "275100016",
        "body_name": "OPH d’exemple",
        "family": "OPH",
        "departement": "21",
        "document": "ER",
        "year": 2024,
        "form_set": "2024.1",
        "container_digest": f"{version:064x}",
        "content_digest": f"{version + 1000:064x}",
        "receipt_number": f"MIN-2025-{version:06d}",
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
