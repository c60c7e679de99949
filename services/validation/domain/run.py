"""Work too long for one call waits in a queue: whole campaigns judged again, checked, or tried under another rule (F38).

A run is held under a lease, with a token that grows each time it is given out: what a worker that was thought dead says
later under an old token is refused.
"""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

MOST_ATTEMPTS = 5
"""A run that failed this often is given up."""
FIRST_BACK_OFF = timedelta(seconds=1)
SECONDS, LEFT = "seconds", "left"
"""In the progress of a run: how long it has been worked on, and how many filings are left, known from its first page on."""


class RunKind(StrEnum):
    """What a run does."""

    REJUDGE = "rejudge"
    """Judges the open filings of a campaign again, after a control was adjusted."""
    PREVIEW = "preview"
    """Says what an adjustment would change, and changes nothing."""
    CHECK = "check"
    """Counts verdicts and findings over a campaign, and changes nothing."""
    TRIAL = "trial"
    """Says what another form set would change for the filings of a campaign, and changes nothing."""


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
    def campaign(self) -> tuple[RunKind, Any, Any]:
        """Its kind, document and year: runs that have this in common take about as long."""
        return self.kind, self.subject.get("document"), self.subject.get("tried_on") or self.subject.get("year")

    @property
    def worked_seconds(self) -> float:
        """How long it has been worked on, up to the last page that was kept."""
        if SECONDS not in self.progress and self.started_at and self.finished_at:  # of the release before
            return (self.finished_at - self.started_at).total_seconds()
        return float(self.progress.get(SECONDS, 0.0))

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


@dataclass(frozen=True, slots=True)
class Pace:
    """What the last runs of a kind on a campaign tell about the next."""

    seconds: float
    """A filing takes."""
    filings: float
    """In a run."""


USUAL_PACE = Pace(0.05, 100)
"""Before any run has been measured."""


def seconds_left(run: Run, pace: Pace) -> float:
    """Return how long a run still takes one worker: at its own pace once it has shown one, else at that of the last ones."""
    own = run.worked_seconds / run.done if run.done else pace.seconds
    return own * float(run.progress.get(LEFT, max(pace.filings - run.done, 0)))


def estimate(seconds: Iterable[float], workers: int) -> float:
    """Return the seconds until the last of these runs is done, each taken up in turn by the first worker that is free."""
    free_at = [0.0] * max(workers, 1)
    done_at = 0.0
    for one in seconds:
        done_at = free_at[0] + one
        heapq.heapreplace(free_at, done_at)
    return done_at
