"""xBRL-CSV (XBRL Open Information Model 1.0, 2021): a report package with one table a form and their description.

Made for programs: its values are exact, so a text that begins like a formula stays as it is. People open the XLSX.
"""

import csv
import io
import json
from typing import Any

from formsets import Form
from formsets.values import NUMERIC_TYPES
from services.forms.clients.exports import xbrl
from services.forms.clients.exports.archive import archive_of
from services.forms.domain.export import ExportContent, ExportedCell, ExportedForm

MEDIA_TYPE = "application/zip"
EXTENSION = "xbrl-csv.zip"
DOCUMENT_TYPE = "https://xbrl.org/2021/xbrl-csv"
PACKAGE_TYPE = "https://xbrl.org/report-package/2023"

_CONCEPT, _UNIT = "ligne", "unite"
_NO_UNIT = "#none"


def write(content: ExportContent) -> bytes:
    """Return the package: `META-INF/reportPackage.json`, then the description and the tables in `reports/`."""
    forms = [form for form in content.forms if any(cell.value for line in form.lines for cell in line.cells)]
    package = {"documentInfo": {"documentType": PACKAGE_TYPE}}
    top = content.name
    files = {f"{top}/META-INF/reportPackage.json": _json(package)}
    files[f"{top}/reports/{content.name}.json"] = _json(_description(content, forms))
    files |= {f"{top}/reports/{form.form.code}.csv": _table(form) for form in forms}
    return archive_of(files)


def _description(content: ExportContent, forms: list[ExportedForm]) -> dict[str, Any]:
    return {
        "documentInfo": {
            "documentType": DOCUMENT_TYPE,
            "namespaces": xbrl.namespaces(content),
            "taxonomy": [xbrl.entry_point(content.form_set, content.filing.document)],
        },
        "dimensions": {"entity": xbrl.entity_of(content), "period": xbrl.period_of(content)},
        "tableTemplates": {form.form.code: _template(form.form) for form in forms},
        "tables": {form.form.code: {"url": f"{form.form.code}.csv"} for form in forms},
    }


def _template(form: Form) -> dict[str, Any]:
    columns: dict[str, Any] = {_CONCEPT: {}, _UNIT: {}}
    for column in form.columns:
        own = {f"{xbrl.PREFIX}:{xbrl.DIMENSION}": f"{xbrl.PREFIX}:{xbrl.member_of(column)}"}
        columns[column] = {"dimensions": own if xbrl.has_dimension(form) else {}}
    return {"columns": columns, "dimensions": {"concept": f"${_CONCEPT}", "unit": f"${_UNIT}"}}


def _table(form: ExportedForm) -> bytes:
    text = io.StringIO(newline="")
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow((_CONCEPT, _UNIT, *form.form.columns))
    for line in form.lines:
        if any(cell.value for cell in line.cells):
            unit = xbrl.CURRENCY if xbrl.is_amount(line.line.type) else _NO_UNIT
            values = (_value(cell, line.line.type) for cell in line.cells)
            rows.writerow((f"{xbrl.PREFIX}:{line.line.code}", unit, *values))
    return text.getvalue().encode()


def _value(cell: ExportedCell, cell_type: str) -> str:
    """The value, with `d` and its decimals when it was rounded; a text that begins with `#` doubles it (OIM §3.1.10)."""
    if cell_type in NUMERIC_TYPES:
        decimals = xbrl.decimals_of(cell, cell_type)
        return f"{cell.value}d{decimals}" if cell.value and decimals is not None else cell.value
    return f"#{cell.value}" if cell.value.startswith("#") else cell.value


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
