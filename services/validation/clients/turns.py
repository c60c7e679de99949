"""Whose turn it is: the places in the worker processes go to people first, and to campaigns in what they leave (F16, F38).

A campaign of nine hundred filings asks for a place a filing at a time, so that a save waits for one filing at most. While
people keep all places busy it gets one a second, or it would never end. When more people ask than the workers can serve
in a bearable time, the next one is told so at once, and when to come back, instead of waiting for a deadline.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable

from services.validation.domain.errors import EngineBusy

USUAL_SECONDS = 0.05
"""How long an evaluation takes before any has been measured."""
PATIENCE_SECONDS = 1.0
"""How long a campaign lets people go first."""
_WEIGHT = 0.1
"""Of the last evaluation in the average: about the last ten count."""


class Turns:
    """Gives out places; of one event loop."""

    def __init__(self, places: int, longest_wait: float, seconds: Callable[[], float]) -> None:
        """Keep the sizes.

        Args:
            places: evaluations at once.
            longest_wait: seconds that somebody may be expected to wait; who would wait longer is refused.
            seconds: a clock that only goes on.
        """
        self._free, self._places, self._longest, self._seconds = places, places, longest_wait, seconds
        self._mean, self._campaigns_turn_at = USUAL_SECONDS, seconds()
        self._people: deque[asyncio.Future[None]] = deque()
        self._campaigns: deque[asyncio.Future[None]] = deque()

    @property
    def expected_wait(self) -> float:
        """Seconds that one more person would wait, as far as the last evaluations tell."""
        return 0.0 if self._free else (len(self._people) + 1) * self._mean / self._places

    async def take(self, *, is_background: bool = False) -> None:
        """Wait for a place; who holds one gives it back.

        Raises:
            EngineBusy: too many people wait already.
        """
        if self._free:
            self._free -= 1
            return
        if not is_background and self.expected_wait > self._longest:
            raise EngineBusy(math.ceil(self.expected_wait))
        if is_background and not self._campaigns:
            self._campaigns_turn_at = self._seconds()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._campaigns if is_background else self._people).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # the place came as the caller left
                self._pass_on()
            raise

    def give_back(self, started: float) -> None:
        """Give a place to whoever is next, and learn how long the evaluation took that began then."""
        self._mean += _WEIGHT * (self._seconds() - started - self._mean)
        self._pass_on()

    def _pass_on(self) -> None:
        order = [self._people, self._campaigns]
        if self._seconds() - self._campaigns_turn_at >= PATIENCE_SECONDS:
            order.reverse()
        for waiting in order:
            while waiting:
                turn = waiting.popleft()
                if not turn.done():  # cancelled: its caller left
                    turn.set_result(None)
                    if waiting is self._campaigns:
                        self._campaigns_turn_at = self._seconds()
                    return
        self._free += 1
