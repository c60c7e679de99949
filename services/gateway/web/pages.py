"""Renders the templates: everything is escaped, a missing value is an error, no script and no inline style."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


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
        self._environment.globals.update(server=server, style=f"/static/style.css?{style}")

    def render(self, template: str, values: Mapping[str, Any]) -> str:
        """Return the page."""
        return self._environment.get_template(template).render(values)
