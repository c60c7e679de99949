"""Sentences that agree with the numbers in them: « 1 case saisie », « 2 cases saisies »."""

import re
from collections.abc import Mapping
from typing import Literal

_NUMBER_OR_PLURAL = re.compile(r"\{(?P<name>[a-z_]+)\}|\(s\)")


def agreed(sentence: str, values: Mapping[str, object], language: Literal["fr", "en"]) -> str:
    """Return the sentence with its values, each « (s) » agreed with the number before it.

    One is singular, and zero too in French. What a value itself holds is never changed.
    """
    number: int | None = None

    def agree(part: re.Match[str]) -> str:
        nonlocal number
        if part["name"]:
            value = values.get(part["name"])
            number = value if isinstance(value, int) else number
            return part[0]
        if number is None:
            return part[0]
        return "" if number == 1 or (language == "fr" and number == 0) else "s"

    return _NUMBER_OR_PLURAL.sub(agree, sentence).format(**values)


def in_both(french: str, english: str, **values: object) -> tuple[str, str]:
    """Return the two sentences with their values, agreed."""
    return agreed(french, values, "fr"), agreed(english, values, "en")
