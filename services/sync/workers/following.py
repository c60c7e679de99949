"""Follows one peer's stream for ever: pulls, applies, acknowledges; after a failure waits, and never gives up."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from chassis.clock import Clock
from chassis.errors import Failure, Forbidden
from chassis.logging import log
from services.sync.domain.errors import BatchRefused
from services.sync.usecases.catch_up import CatchUp
from services.sync.usecases.note_exchange import NoteExchange
from services.sync.usecases.release_lanes import ReleaseLanes

WAIT_MS = 25_000
ALARM_AFTER = timedelta(minutes=15)
FIRST_SECONDS = 1.0
LONGEST_SECONDS = 300.0
"""Between two attempts with a peer that refuses us, or sends what we must refuse."""
LONGEST_SECONDS_AWAY = 5.0
"""Between two attempts with a peer that does not answer, or fails: one connection costs nothing, and P6 gives ten
seconds to converge once a partition has healed."""


class BackOff:
    """Waiting times that double, with jitter so that peers do not come back all at once.

    Args:
        random: gives a number in [0, 1).
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random, self._failures = random, 0

    def succeeded(self) -> None:
        """Begin again from the shortest wait."""
        self._failures = 0

    def next(self, *, is_refused: bool) -> float:
        """Return the seconds to wait after one more failure: between half and the whole of the doubled time."""
        longest = LONGEST_SECONDS if is_refused else LONGEST_SECONDS_AWAY
        seconds: float = min(FIRST_SECONDS * 2 ** min(self._failures, 16), longest)
        self._failures += 1
        return seconds * (0.5 + self._random() / 2)


class Following:
    """The worker of one peer."""

    def __init__(
        self,
        peer: str,
        catch_up: CatchUp,
        release_lanes: ReleaseLanes,
        note_exchange: NoteExchange,
        back_off: BackOff,
        clock: Clock,
    ) -> None:
        self._peer, self._catch_up, self._release_lanes = peer, catch_up, release_lanes
        self._note_exchange, self._back_off, self._clock = note_exchange, back_off, clock
        self._log = log("sync.following").bind(peer=peer)
        self._succeeded_at = clock.now()
        self._alarmed_at: datetime | None = None
        self._is_behind = True

    async def run(self) -> None:
        """Follow for ever."""
        while True:
            seconds = await self.step()
            if seconds:
                await asyncio.sleep(seconds)

    async def step(self) -> float:
        """Make one exchange and return how long to wait before the next; 0 after a success."""
        try:
            # The first exchange after a failure does not wait for news: it tells that the peer is there again.
            taken = await self._catch_up(self._peer, 0 if self._is_behind else WAIT_MS)
            self._is_behind = taken > 0
            await self._release_lanes(self._peer)
            await self._note_exchange(self._peer, "")
        except Exception as error:
            return await self._failed(error)
        self._back_off.succeeded()
        self._succeeded_at, self._alarmed_at = self._clock.now(), None
        return 0.0

    async def _failed(self, error: Exception) -> float:
        self._is_behind = True
        if not isinstance(error, Failure):
            self._log.exception("exchange failed")
        words = f"{error.code}: {error.message}" if isinstance(error, Failure) else type(error).__name__
        self._alarm(words)
        try:
            await self._note_exchange(self._peer, words)
        except Exception:
            self._log.exception("could not note the failure")
        return self._back_off.next(is_refused=isinstance(error, BatchRefused | Forbidden))

    def _alarm(self, words: str) -> None:
        now = self._clock.now()
        if now - (self._alarmed_at or self._succeeded_at) >= ALARM_AFTER:
            self._alarmed_at = now
            self._log.error("no exchange for a quarter of an hour", failure=words, since=str(self._succeeded_at))
        else:
            self._log.info("exchange failed, trying again", failure=words)
