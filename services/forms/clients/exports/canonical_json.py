"""JSON: the canonical content of a filing (decisions.md 12), for programs.

RFC 8785: keys sorted, no blanks, values as strings in written form, text in NFC, empty cells left out. The same
content always gives the same bytes.
"""

import unicodedata

import rfc8785

from formsets.verdicts import UNSPECIFIED
from services.forms.domain.export import ExportContent

MEDIA_TYPE = "application/json"
EXTENSION = "json"
KIND = "harmonia.export/1"
"""Names the layout; another layout is another kind, a name more is not."""


def write(content: ExportContent) -> bytes:
    """Return the file."""
    filing = content.filing
    return rfc8785.dumps(
        {
            "kind": KIND,
            "body": filing.body.siren,
            "body_name": _nfc(filing.body.name),
            "document": str(filing.document),
            "year": filing.year,
            "form_set": {"version": content.form_set.version, "digest": content.form_set.digest},
            "version": content.version,
            "verdict": filing.verdict or UNSPECIFIED,
            "cells": {address: _nfc(value) for address, value in content.filled.items()},
        }
    )


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
