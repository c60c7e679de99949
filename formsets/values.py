"""Cell values and their written form: the exact text used in JSON, CSV, digests and between servers.

Written form (decisions.md 7): plain notation, decimal point, no trailing zero, no point when whole; ISO 8601 dates;
`true` and `false`. An empty cell has no value and no written form.
"""

import datetime as dt
import re
from decimal import ROUND_HALF_UP, Context, Decimal

Value = Decimal | str | bool | dt.date
"""What a filled cell holds. Amounts are euros, never floats."""

NUMERIC_TYPES = frozenset({"M", "MS", "N", "NS", "N2", "P", "D0", "D1", "D2"})

_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_UNITS = {0: Decimal(1), 2: Decimal("0.01"), 10: Decimal("1e-10")}
_SHARED_PLACES = 10
"""Decimals kept when a computed concept travels to another server (decisions.md 7)."""

_PLAIN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,60})?")


def displayed_places(cell_type: str) -> int | None:
    """Decimals of a computed cell when displayed, exported or sent: none for amounts and counts, else two."""
    if cell_type not in NUMERIC_TYPES:
        return None
    return 0 if cell_type[0] in "MN" or cell_type == "D0" else 2


def rounded(value: Value, cell_type: str) -> Value:
    """The value as displayed for its type, half up; values that are not numbers are returned as they are."""
    places = displayed_places(cell_type)
    if places is None or not isinstance(value, Decimal):
        return value
    return value.quantize(_UNITS[places], context=_WIDE)


def shared(value: Value) -> Value:
    """The value as it travels to another server: unrounded, ten decimals at most."""
    return value.quantize(_UNITS[_SHARED_PLACES], context=_WIDE) if isinstance(value, Decimal) else value


def written(value: Value, cell_type: str = "") -> str:
    """Written form of a value; rounded as its type is displayed when a type is given.

    `written(Decimal("1771.5502"), "D2")` is `1771.55`, `written(Decimal("1771.5502"))` is `1771.5502`.
    """
    if isinstance(value, Decimal):
        number = rounded(value, cell_type)
        assert isinstance(number, Decimal)
        text = f"{number:f}"
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return "0" if text in {"-0", ""} else text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    return value


def parse(text: str, cell_type: str) -> Value:
    """The value of a written form.

    Raises:
        ValueError: the text is not a written form of this type. What people type goes through `formats.read`.
    """
    if cell_type in NUMERIC_TYPES:
        if not _PLAIN.fullmatch(text):
            raise ValueError(f"{text[:40]!r} is not a number in written form.")
        return Decimal(text)
    if cell_type == "DATE":
        return dt.date.fromisoformat(text)
    if cell_type == "BOOL":
        if text not in {"true", "false"}:
            raise ValueError(f"{text[:40]!r} is neither true nor false.")
        return text == "true"
    return text
