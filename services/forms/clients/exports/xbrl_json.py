"""xBRL-JSON (XBRL Open Information Model 1.0, 2021): every filled cell is a fact named by its address."""

import json
from typing import Any

from formsets import Form, Line
from services.forms.clients.exports import xbrl
from services.forms.domain.export import ExportContent, ExportedCell

MEDIA_TYPE = "application/json"
EXTENSION = "xbrl.json"
DOCUMENT_TYPE = "https://xbrl.org/2021/xbrl-json"


def write(content: ExportContent) -> bytes:
    """Return the file."""
    report = {
        "documentInfo": {
            "documentType": DOCUMENT_TYPE,
            "namespaces": xbrl.namespaces(content),
            "taxonomy": [xbrl.entry_point(content.form_set, content.filing.document)],
        },
        "facts": {
            cell.address: _fact(content, form.form, line.line, cell)
            for form in content.forms
            for line in form.lines
            for cell in line.cells
            if cell.value
        },
    }
    return json.dumps(report, ensure_ascii=False, separators=(",", ":")).encode()


def _fact(content: ExportContent, form: Form, line: Line, cell: ExportedCell) -> dict[str, Any]:
    dimensions = {
        "concept": f"{xbrl.PREFIX}:{line.code}",
        "entity": xbrl.entity_of(content),
        "period": xbrl.period_of(content),
    }
    if xbrl.is_amount(line.type):
        dimensions["unit"] = xbrl.CURRENCY
    if xbrl.has_dimension(form):
        dimensions[f"{xbrl.PREFIX}:{xbrl.DIMENSION}"] = f"{xbrl.PREFIX}:{xbrl.member_of(cell.column)}"
    fact: dict[str, Any] = {"value": cell.value, "dimensions": dimensions}
    decimals = xbrl.decimals_of(cell, line.type)
    if decimals is not None:
        fact["decimals"] = decimals
    return fact
