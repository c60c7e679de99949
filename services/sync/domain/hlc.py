"""Hybrid logical time: readable like a clock, never running backwards; it orders what is *shown*, never who wins."""

from dataclasses import dataclass
from typing import Self

from services.sync.domain.errors import ClockTooFarAhead

MAX_AHEAD_MS = 60_000
"""How far in our future a remote time may lie, in milliseconds."""
_COUNTER_MAX = (1 << 16) - 1
_MILLIS_MAX = (1 << 48) - 1


@dataclass(frozen=True, order=True, slots=True)
class HybridTime:
    """48 bits of milliseconds since 1970 (UTC) and a 16-bit counter for events within one millisecond."""

    millis: int
    counter: int = 0

    def __post_init__(self) -> None:
        if not (0 <= self.millis <= _MILLIS_MAX and 0 <= self.counter <= _COUNTER_MAX):
            raise ValueError(f"hybrid time out of range: {self.millis}.{self.counter}")

    def packed(self) -> int:
        """Return the time as one sortable 64-bit number."""
        return self.millis << 16 | self.counter

    @classmethod
    def unpacked(cls, number: int) -> Self:
        """Read back what ``packed`` gave.

        Raises:
            ValueError: not a 64-bit unsigned number.
        """
        return cls(number >> 16, number & _COUNTER_MAX)

    def next(self, now_ms: int) -> "HybridTime":
        """Return the time of a new local event: after this one, and not before the wall clock."""
        if now_ms > self.millis:
            return HybridTime(now_ms)
        if self.counter == _COUNTER_MAX:
            return HybridTime(self.millis + 1)
        return HybridTime(self.millis, self.counter + 1)

    def after(self, remote: "HybridTime", now_ms: int) -> "HybridTime":
        """Return the time of receiving ``remote``: later than both.

        Raises:
            ClockTooFarAhead: ``remote`` is more than 60 s ahead of ``now_ms``; our clock must not be dragged along.
        """
        remote.require_plausible(now_ms)
        return max(self, remote).next(now_ms)

    def require_plausible(self, now_ms: int) -> None:
        """Refuse a time from the future.

        Raises:
            ClockTooFarAhead: it is more than 60 s ahead of ``now_ms``.
        """
        if self.millis > now_ms + MAX_AHEAD_MS:
            raise ClockTooFarAhead(metadata={"ahead_ms": str(self.millis - now_ms)})


START = HybridTime(0)
"""Before every event."""


class HybridClock:
    """The hybrid time of one process: each tick is later than the one before, whatever the wall clock does."""

    def __init__(self, last: HybridTime = START) -> None:
        self._last = last

    def tick(self, now_ms: int) -> HybridTime:
        """Return the time of a new event."""
        self._last = self._last.next(now_ms)
        return self._last
