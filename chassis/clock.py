"""The port for time: every instant in the system is an aware UTC datetime that came through here."""

from datetime import UTC, date, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
"""Where deadlines are kept: a day ends at midnight there, whatever UTC says."""


class Clock(Protocol):
    """Tells the present instant."""

    def now(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...


def day_in_paris(at: datetime) -> date:
    """Return the calendar day on which an instant falls in Paris."""
    return at.astimezone(PARIS).date()


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's present instant in UTC."""
        return datetime.now(UTC)
