"""Time-sortable identifiers (UUID version 7, RFC 9562 §5.7), made from a clock and a source of random bytes."""

import secrets
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from chassis.clock import Clock


class Identifiers(Protocol):
    """Gives identifiers that nobody has used before."""

    def next(self) -> UUID:
        """Return a new UUID; later calls return greater values to within a millisecond."""
        ...


class TimeSortableIdentifiers:
    """UUID version 7 from a clock and 74 random bits."""

    def __init__(self, clock: Clock, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._clock = clock
        self._random_bytes = random_bytes

    def next(self) -> UUID:
        """Return a version 7 UUID stamped with the clock's milliseconds."""
        milliseconds = int(self._clock.now().timestamp() * 1000) & ((1 << 48) - 1)
        noise = int.from_bytes(self._random_bytes(10), "big")
        high = noise >> 68 & 0xFFF
        low = noise & ((1 << 62) - 1)
        return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
