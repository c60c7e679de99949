"""Values as people read and type them: French by default, thousands parted by U+202F, decimal comma."""

import datetime as dt
from decimal import Decimal

from formsets.values import NUMERIC_TYPES, Value, parse, rounded, written
from services.gateway.web.wording import NARROW_SPACE, Wording


def shown(text: str, cell_type: str, wording: Wording, *, is_computed: bool = False) -> str:
    """Return the written form of a value as the screen shows it.

    Args:
        text: written form; a text that is no value of its type is shown as it is, never hidden.
        cell_type: type of the line.
        wording: the language.
        is_computed: round as its type is displayed; typed figures are shown whole.
    """
    value = _value(text, cell_type)
    if isinstance(value, Decimal):
        return _number(rounded(value, cell_type) if is_computed else value, wording)
    if isinstance(value, bool):
        return wording("oui" if value else "non")
    if isinstance(value, dt.date):
        return f"{value:%d/%m/%Y}"
    return text


def with_sign(value: Decimal, cell_type: str, wording: Wording) -> str:
    """Return a difference as the screen shows it: rounded as its type is displayed, with its sign."""
    text = _number(rounded(value, cell_type), wording)
    return text if text.startswith("-") else f"+{text}"


def typed(text: str, cell_type: str) -> str:
    """Return a written form as it stands in an input: what the format controls read back to the same value."""
    value = _value(text, cell_type)
    if isinstance(value, Decimal):
        return _french(written(value))
    if isinstance(value, bool):
        return text
    if isinstance(value, dt.date):
        return f"{value:%d/%m/%Y}"
    return text


def _value(text: str, cell_type: str) -> Value:
    try:
        return parse(text, cell_type)
    except ValueError:
        return text


def _number(value: Value, wording: Wording) -> str:
    text = written(value)
    if wording.language == "fr":
        return _french(text)
    whole, point, decimals = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{_grouped(digits, ',')}{point}{decimals}"


def _french(text: str) -> str:
    whole, _, decimals = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{_grouped(digits, NARROW_SPACE)}" + (f",{decimals}" if decimals else "")


def _grouped(digits: str, mark: str) -> str:
    first = len(digits) % 3
    groups = ([digits[:first]] if first else []) + [digits[i : i + 3] for i in range(first, len(digits), 3)]
    return mark.join(groups)


def is_numeric(cell_type: str) -> bool:
    """Tell whether the cells of this type hold numbers, to align them."""
    return cell_type in NUMERIC_TYPES
