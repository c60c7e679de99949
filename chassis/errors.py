"""Nine meanings of failure, one base: what crosses a service border is one of these and nothing else.

::

    Failure
    ├── Invalid           the request is malformed; carries field violations
    ├── Unauthenticated   we do not know who is calling
    ├── Forbidden         we know, and they may not
    ├── NotFound          nothing there, or nothing the caller may know of
    ├── AlreadyExists     the thing to create is there
    ├── RuleBroken        the state or a business rule forbids it now
    ├── Conflict          somebody changed it meanwhile; reload and retry
    ├── Exhausted         a quota is used up; retry later
    └── Unavailable       something we need is down; retry

A service names its own failures by subclassing one meaning and giving a stable ``reason``::

    class FilingNotSigned(RuleBroken):
        reason = "FILING_NOT_SIGNED"

The machine reads the reason, people read the message, the interface translates the reason.
A failed control is not a failure: it is a finding in an answer that succeeded (ADR 0006).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Violation:
    """One field that is wrong: where, and what to do about it, in a sentence for people."""

    field: str
    """Path of the field in the request, or the address of the cell (``BA.010.brut``)."""
    description: str
    """What is wrong and how to mend it, in the user's language (French by default)."""
    reason: str = ""
    """Stable code of the violation, for machines; the id of the format control where there is one."""
    english: str = ""
    """The description in English, empty when nobody wrote it."""


class Failure(Exception):
    """Base of the nine meanings; never raised itself.

    Attributes:
        reason: stable UPPER_SNAKE name of the failure, read by machines and translated by the interface.
        message: the sentence for people.
        metadata: short facts a program may act on; never a secret, never an amount.
        violations: the fields that are wrong (``Invalid``), or the conditions that do not hold (``RuleBroken``).
    """

    reason: ClassVar[str] = "FAILURE"

    def __init__(
        self,
        message: str = "",
        *,
        metadata: Mapping[str, str] | None = None,
        violations: Sequence[Violation] = (),
        reason: str | None = None,
    ) -> None:
        super().__init__(message or (self.__doc__ or "").strip().split("\n")[0])
        self.message = str(self.args[0])
        self.metadata: dict[str, str] = dict(metadata or {})
        self.violations = tuple(violations)
        self.code = reason or type(self).reason
        """The reason actually carried: the class's own, or the one received from another service."""


class Invalid(Failure):
    """The request is malformed; see the field violations."""

    reason = "INVALID"


class Unauthenticated(Failure):
    """The caller is not known; sign in."""

    reason = "UNAUTHENTICATED"


class Forbidden(Failure):
    """The caller is known and may not do this."""

    reason = "FORBIDDEN"


class NotFound(Failure):
    """There is nothing there that the caller may know of."""

    reason = "NOT_FOUND"


class AlreadyExists(Failure):
    """The thing to create exists."""

    reason = "ALREADY_EXISTS"


class RuleBroken(Failure):
    """The present state or a rule forbids it."""

    reason = "RULE_BROKEN"


class Conflict(Failure):
    """Somebody changed it meanwhile; reload and try again."""

    reason = "CONFLICT"


class Exhausted(Failure):
    """A quota is used up; try again later."""

    reason = "EXHAUSTED"


class Unavailable(Failure):
    """Something this needs does not answer; try again."""

    reason = "UNAVAILABLE"
