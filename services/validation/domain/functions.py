"""The function catalogue of the rule language: signatures for the type checker, and what each computes.

Functions here see filled operands only; what an empty operand does is decided by the evaluator. IF, IMPLIES, ISNULL and
SAFE decide for themselves which operands they need.
"""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_FLOOR, Decimal
from typing import Any

from formsets.formats import luhn, luhn_siret
from formsets.reference_lists import ReferenceList
from formsets.values import Value, written
from services.validation.domain.types import Type

MOST_READ = 1_000
"""Characters of a text that a function reads; a longer one is undefined, so that no operation is long."""
_ZERO = Decimal(0)
_ISO_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its operand types, its result, and its meaning on filled operands."""

    parameters: tuple[Type, ...]
    result: Type
    apply: Callable[..., Any]
    is_variadic: bool = False
    """The last parameter may be repeated."""


def short(text: str) -> str:
    """The text, when a function may read it.

    Raises:
        ValueError: it is too long.
    """
    if len(text) > MOST_READ:
        raise ValueError(f"A text of {len(text)} characters is too long.")
    return text


def _number(value: int) -> Decimal:
    return Decimal(value)


def _equal_within(left: Decimal, right: Decimal, tolerance: Decimal) -> bool:
    return abs(left - right) <= tolerance


def _between(value: Decimal, low: Decimal, high: Decimal) -> bool:
    return low <= value <= high


def _largest(*values: Decimal) -> Decimal:
    return max(values)


def _whole(value: Decimal) -> Decimal:
    return value.to_integral_value(rounding=ROUND_DOWN)


def _modulo(value: Decimal, divisor: Decimal) -> Decimal:
    """Remainder with the sign of the divisor."""
    return value - divisor * (value / divisor).to_integral_value(rounding=ROUND_FLOOR)


def _safe(value: Decimal, divisor: Decimal) -> Decimal:
    """Quotient, 0 when the divisor is 0."""
    return value / divisor if divisor else _ZERO


def _left(text: str, count: Decimal) -> str:
    return short(text)[: max(0, int(count))]


def _year(date: dt.date) -> Decimal:
    return _number(date.year)


def _date(text: str) -> dt.date:
    if not _ISO_DATE.fullmatch(short(text)):
        raise ValueError(f"{text!r} is not written AAAA-MM-JJ.")
    return dt.date.fromisoformat(text)


def _days(start: dt.date, end: dt.date) -> Decimal:
    return _number((end - start).days)


def _months(start: dt.date, end: dt.date) -> Decimal:
    """Months covered, both ends included: January to December of a year is 12."""
    return _number((end.year - start.year) * 12 + end.month - start.month + 1)


def _department(commune: str) -> str:
    """First two characters of the commune code, three overseas (97, 98)."""
    return commune[:3] if short(commune)[:2] in {"97", "98"} else commune[:2]


def _text_of(value: Value) -> str:
    return written(value)


def _length(text: str) -> Decimal:
    return _number(len(short(text)))


def _luhn(text: str) -> bool:
    return _is_digits(text) and luhn(text)


def _luhn_siret(text: str) -> bool:
    return _is_digits(text) and luhn_siret(text)


def _is_digits(text: str) -> bool:
    return short(text).isascii() and text.isdigit()


def is_listed(entries: ReferenceList, code: str, year: Decimal) -> bool:
    """LISTED: whether the code is in force in that year; a part of a year is cut off."""
    return entries.in_force(code, int(year))


CATALOGUE = {
    "EQ": Function((Type.NUMBER, Type.NUMBER, Type.NUMBER), Type.BOOLEAN, _equal_within),
    "BETWEEN": Function((Type.NUMBER, Type.NUMBER, Type.NUMBER), Type.BOOLEAN, _between),
    "ABS": Function((Type.NUMBER,), Type.NUMBER, abs),
    "MAX": Function((Type.NUMBER,), Type.NUMBER, _largest, is_variadic=True),
    "INT": Function((Type.NUMBER,), Type.NUMBER, _whole),
    "MOD": Function((Type.NUMBER, Type.NUMBER), Type.NUMBER, _modulo),
    "SAFE": Function((Type.NUMBER, Type.NUMBER), Type.NUMBER, _safe),
    "YEAR": Function((Type.DATE,), Type.NUMBER, _year),
    "DATE": Function((Type.TEXT,), Type.DATE, _date),
    "DAYS": Function((Type.DATE, Type.DATE), Type.NUMBER, _days),
    "MONTHS": Function((Type.DATE, Type.DATE), Type.NUMBER, _months),
    "DEPT": Function((Type.TEXT,), Type.TEXT, _department),
    "STR": Function((Type.ANY,), Type.TEXT, _text_of),
    "LEFT": Function((Type.TEXT, Type.NUMBER), Type.TEXT, _left),
    "LEN": Function((Type.TEXT,), Type.NUMBER, _length),
    "LUHN": Function((Type.TEXT,), Type.BOOLEAN, _luhn),
    "LUHN_SIRET": Function((Type.TEXT,), Type.BOOLEAN, _luhn_siret),
    "ISNULL": Function((Type.ANY,), Type.BOOLEAN, bool),
    "IMPLIES": Function((Type.BOOLEAN, Type.BOOLEAN), Type.BOOLEAN, bool),
}
"""Every function except IF, IFNULL, REGEX, LISTED, PREV, RESTATED and those over lines, whose checks need more than a signature."""
