"""Clocks for tests."""

from datetime import UTC, datetime, timedelta


class FrozenClock:
    """Stands still until it is told to move."""

    def __init__(self, at: datetime = datetime(2025, 6, 2, 9, 0, tzinfo=UTC)) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return the instant it stands at."""
        return self._at

    def advance(self, **by: float) -> None:
        """Move on by a timedelta's keywords."""
        self._at += timedelta(**by)
