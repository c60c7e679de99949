"""The XBRL names of a form set: what the two report formats and the taxonomy must agree on to the letter.

A line is a concept, a column an explicit member of one dimension in forms that have several, the exercice the period
and the SIREN the entity. Amounts are EUR; other numbers have no unit. Typed figures are exact; computed ones are
rounded as they are displayed, and say so (decisions.md 7).
"""

import datetime as dt

from formsets import Form, FormSet, values
from services.forms.domain.export import ExportContent, ExportedCell

ROOT = "https://harmonia.example/xbrl"
"""Begins every address of a taxonomy; nobody downloads them, the package maps them to its own files."""
PREFIX = "hlm"
ENTITY_PREFIX, ENTITY_SCHEME = "siren", f"{ROOT}/entity/siren"
"""The body is `siren:000000018`."""
CURRENCY = "iso4217:EUR"
DIMENSION = "Colonne"
DOMAIN = "Colonne.domaine"


def namespace(form_set: FormSet) -> str:
    """Namespace of the concepts of a form set."""
    return f"{ROOT}/{form_set.version}"


def address_of(form_set: FormSet, file: str) -> str:
    """Address of a file of the taxonomy."""
    return f"{namespace(form_set)}/{file}"


def entry_point(form_set: FormSet, document: str) -> str:
    """Address of the schema that a report of this document names."""
    return address_of(form_set, f"{document.lower()}.xsd")


def member_of(column: str) -> str:
    """Local name of a column."""
    return f"Colonne.{column}"


def has_dimension(form: Form) -> bool:
    """Whether facts of the form say their column."""
    return len(form.columns) > 1


def is_amount(cell_type: str) -> bool:
    """Whether the line is in euros."""
    return cell_type in {"M", "MS"}


def decimals_of(cell: ExportedCell, cell_type: str) -> int | None:
    """Decimals a number is right to; None for exact and for what is no number."""
    return None if cell.is_input else values.displayed_places(cell_type)


def namespaces(content: ExportContent) -> dict[str, str]:
    """Prefixes used in a report."""
    return {
        PREFIX: namespace(content.form_set),
        ENTITY_PREFIX: ENTITY_SCHEME,
        "iso4217": "http://www.xbrl.org/2003/iso4217",
        "xbrl": "https://xbrl.org/2021",
    }


def period_of(content: ExportContent) -> str:
    """The exercice as OIM writes periods: from its first midnight to the one that ends its last day."""
    end = content.ends_on + dt.timedelta(days=1)
    return f"{content.begins_on.isoformat()}T00:00:00/{end.isoformat()}T00:00:00"


def entity_of(content: ExportContent) -> str:
    """The body."""
    return f"{ENTITY_PREFIX}:{content.filing.body.siren}"
