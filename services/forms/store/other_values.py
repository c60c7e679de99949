"""The value of another server as JSON: beside a cell, in a step, aside from a form set, and in an event."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.forms.domain.cell import OtherValue


def stored_other(other: OtherValue | None) -> dict[str, str] | None:
    """Return it as it is stored; None for none."""
    if other is None:
        return None
    return {"value": other.value, "server": other.server, "author": other.author, "at": other.at.isoformat()}


def read_other(content: Mapping[str, Any] | None) -> OtherValue | None:
    """Return what was stored; None for none."""
    if not content:
        return None
    return OtherValue(content["value"], content["server"], content["author"], datetime.fromisoformat(content["at"]))
