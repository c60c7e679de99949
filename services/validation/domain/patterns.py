"""Regular expressions of rules, on an engine whose time is linear in the text: a rule cannot hang a server.

Linear is not short: the time is that of the text times the instructions of the pattern, and thirteen characters may ask for
thousands of them. Both are therefore bounded, and a rule pays for its patterns by their instructions (`evaluator.steps_of`).
"""

import functools
from collections.abc import Callable
from typing import Any

import re2

from services.validation.domain.errors import MalformedExpression
from services.validation.domain.functions import short

_MEMORY = 32 * 1024
"""Bytes the engine may use for one pattern: some 1,800 instructions, and states of which it makes few before it does without."""


def matcher(pattern: str) -> Callable[[str], bool]:
    """A predicate telling whether a whole text matches; it raises ValueError on a text that is too long to be read.

    Raises:
        MalformedExpression: the pattern is not a regular expression of RE2, or is too large.
    """
    compiled = _compiled(pattern)

    def matches(text: str) -> bool:
        return compiled.fullmatch(short(text)) is not None

    return matches


@functools.lru_cache(maxsize=512)
def instructions(pattern: str) -> int:
    """How many instructions the pattern runs on each character, at most.

    Raises:
        MalformedExpression: the pattern is not a regular expression of RE2, or is too large.
    """
    size: int = _compiled(pattern)._regexp.ProgramSize()  # noqa: SLF001  # the binding shows it nowhere else
    return size


@functools.lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise MalformedExpression(f"Pattern {pattern!r} is not a regular expression: {error}.") from error
