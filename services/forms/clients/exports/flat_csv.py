"""Flat CSV, the import format: `code;colonne;valeur`, every cell of the document a line, then columns for people.

UTF-8 with its mark, so that a spreadsheet opens accents right; decimal point (decisions.md 7); texts that a spreadsheet
would execute carry one apostrophe, which the import takes off. Empty cells are there: importing the file elsewhere
gives the same document, not a mixture.
"""

import csv
import io

from formsets.spreadsheet_text import neutralised
from formsets.values import NUMERIC_TYPES
from services.forms.domain.cell import Origin
from services.forms.domain.export import ExportContent, ExportedCell

MEDIA_TYPE = "text/csv; charset=utf-8"
EXTENSION = "csv"

HEADER = ("code", "colonne", "valeur", "nature", "libelle")
_NATURES = {
    Origin.TYPED: "saisie",
    Origin.IMPORTED: "import",
    Origin.SYNCHRONISED: "autre serveur",
    Origin.LAST_YEAR: "N-1",
    Origin.COMPUTED: "calcul",
    Origin.CHOSEN: "choix",
}


def write(content: ExportContent) -> bytes:
    """Return the file."""
    text = io.StringIO(newline="")
    lines = csv.writer(text, delimiter=";", lineterminator="\r\n")
    lines.writerow(HEADER)
    for line, cell in content.cells:
        if cell.is_closed:
            continue
        value = cell.value if line.type in NUMERIC_TYPES else neutralised(cell.value)
        lines.writerow((line.code, cell.column, value, nature_of(cell), neutralised(line.label)))
    return text.getvalue().encode("utf-8-sig")


def nature_of(cell: ExportedCell) -> str:
    """One word for where the value comes from, or would."""
    if cell.origin is not None:
        return _NATURES[cell.origin]
    return "saisie" if cell.is_input else "calcul"
