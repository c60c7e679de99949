"""Regular expressions of rules, on an engine whose time is linear in the text: a rule cannot hang a server."""

import functools
from collections.abc import Callable

import re2

from services.validation.domain.errors import MalformedExpression


@functools.lru_cache(maxsize=512)
def matcher(pattern: str) -> Callable[[str], bool]:
    """A predicate telling whether a whole text matches.

    Raises:
        MalformedExpression: the pattern is not a regular expression of RE2.
    """
    try:
        compiled = re2.compile(pattern)
    except re2.error as error:
        raise MalformedExpression(f"Pattern {pattern!r} is not a regular expression: {error}.") from error

    def matches(text: str) -> bool:
        return compiled.fullmatch(text) is not None

    return matches
