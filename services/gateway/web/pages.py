"""Renders the templates: everything is escaped, a missing value is an error, no script and no inline style."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
SERVERS = {
    "MIN": "du ministère chargé du logement",
    "FED-OPH": "de la fédération des OPH",
    "FED-ESH": "de la fédération des ESH",
    "FED-COOP": "de la fédération des coopératives",
    "FED-EPL": "de la fédération des EPL",
}
"""Names of the servers, as they follow « serveur »."""


@cache
def _environment() -> Environment:
    """Return the templates, compiled once a process: they are files of the program, not state."""
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["official"] = official
    environment.globals.update(style=_versioned("style.css"), script=_versioned("htmx.min.js"), servers=SERVERS)
    return environment


def _versioned(name: str) -> str:
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?{digest}"


def official(text: str) -> Markup:
    """Return an official text as the page shows it: in French, whatever the language of the page."""
    return Markup('<span lang="fr">{}</span>').format(text) if text else Markup()


class Pages:
    """The templates, as one server shows them."""

    def __init__(self, server: str) -> None:
        self._server = server

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Return the page."""
        return _environment().get_template(template).render(server=self._server, **values)
