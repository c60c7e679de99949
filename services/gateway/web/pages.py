"""Renders the templates: everything is escaped, a missing value is an error, no script and no inline style."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

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


class Pages:
    """The templates of one server."""

    def __init__(self, server: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style = hashlib.sha256((STATIC / "style.css").read_bytes()).hexdigest()[:12]
        self._environment.globals.update(server=server, style=f"/static/style.css?{style}", servers=SERVERS)

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Return the page."""
        return self._environment.get_template(template).render(values)
