"""Work that is too long for one call waits in a queue: whole campaigns judged again, or tried under another rule (F38).

A run is held under a lease, with a token that grows each time it is given out: what a worker that was thought dead says
later under an old token is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

MOST_ATTEMPTS = 5
"""A run that failed this often is given up."""
FIRST_BACK_OFF = timedelta(seconds=1)
USUAL_SECONDS = 5.0
"""How long a run takes before any has been measured."""


class RunKind(StrEnum):
    """What a run does."""

    REJUDGE = "rejudge"
    """Judges the open filings of a campaign again, after a control was adjusted."""
    PREVIEW = "preview"
    """Says what an adjustment would change, and changes nothing."""


class RunState(StrEnum):
    """Where a run is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `progress` is what the next worker needs to go on from where the last one stopped."""

    id: UUID
    kind: RunKind
    subject: Mapping[str, Any]
    """Plain JSON values: what it is about."""
    queued_at: datetime
    state: RunState = RunState.WAITING
    token: int = 0
    """Grows each time the run is given out."""
    attempts: int = 0
    progress: Mapping[str, Any] = field(default_factory=dict)
    done: int = 0
    """Filings done so far."""
    started_at: datetime | None = None
    """When it was first given out."""
    finished_at: datetime | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""

    @property
    def is_last_attempt(self) -> bool:
        """Whether a failure now is the end of it."""
        return self.attempts >= MOST_ATTEMPTS

    @property
    def back_off(self) -> timedelta:
        """How long to wait after a failure before the next attempt."""
        return FIRST_BACK_OFF * float(2 ** max(self.attempts - 1, 0))


@dataclass(frozen=True, slots=True)
class Standing:
    """A run and its place in the queue."""

    run: Run
    place: int
    """From 1; 0 for a run that no longer waits."""
    seconds: float
    """Until it is done, as far as the last runs tell; 0 for one that is over."""


def estimate(place: int, mean_seconds: float | None, *, is_over: bool) -> float:
    """Seconds until a run is done: those before it, and itself, each as long as the last ones took."""
    return 0.0 if is_over else (max(place, 1)) * (mean_seconds or USUAL_SECONDS)
