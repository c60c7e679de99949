"""Budgets of attempts kept in this process, for a lone machine without Redis."""

from datetime import datetime, timedelta

from chassis.clock import Clock

_MOST_KEYS = 50_000


class LocalAttempts:
    """Counts attempts in fixed windows. Forgets the oldest keys when a flood brings too many."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spent: dict[str, tuple[datetime, int]] = {}

    async def take(self, key: str, limit: int, window: timedelta) -> bool:
        """Spend one attempt; the window starts with the first one."""
        now = self._clock.now()
        ends_at, spent = self._spent.get(key, (now + window, 0))
        if now >= ends_at:
            ends_at, spent = now + window, 0
        if spent >= limit:
            return False
        if key not in self._spent and len(self._spent) >= _MOST_KEYS:
            self._spent.pop(next(iter(self._spent)))
        self._spent[key] = (ends_at, spent + 1)
        return True

    async def give_back(self, key: str) -> None:
        """Return one attempt to the present window."""
        if key in self._spent:
            ends_at, spent = self._spent[key]
            self._spent[key] = (ends_at, max(0, spent - 1))
