"""How long runs and evaluations wait, as metrics that operators and autoscalers read."""

from collections.abc import Iterable

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from services.validation.domain.run import RunKind

QUEUE_WAIT = "harmonia.validation.queue.wait"
"""Histogram: seconds a run waited before it was first taken up."""
QUEUE_OLDEST = "harmonia.validation.queue.oldest"
"""Gauge: seconds the oldest run has been waiting; what the shipped autoscaling follows too, which asks PostgreSQL for it (docs/validation.md, The queue)."""
QUEUE_LENGTH = "harmonia.validation.queue.length"
"""Gauge: runs that wait."""


EVALUATION_WAIT = "harmonia.validation.evaluation.wait"
"""Histogram: seconds an evaluation waited for a worker process."""
EVALUATION_REFUSED = "harmonia.validation.evaluation.refused"
"""Counter: evaluations refused because too many waited."""


class OpenTelemetryWaits:
    """What `Turns` tells of."""

    def __init__(self, meter: Meter) -> None:
        self._wait = meter.create_histogram(EVALUATION_WAIT, "s", "Seconds an evaluation waited for a worker process")
        self._refused = meter.create_counter(EVALUATION_REFUSED, "{evaluation}", "Evaluations refused: too many waited")

    def waited(self, seconds: float, *, is_background: bool) -> None:
        """Record how long an evaluation waited."""
        self._wait.record(seconds, {"background": is_background})

    def refused(self) -> None:
        """Record a refusal."""
        self._refused.add(1)


class OpenTelemetryGauge:
    """Keeps what was last seen of the queue, and gives it when the reader of metrics asks."""

    def __init__(self, meter: Meter) -> None:
        self._count, self._oldest = 0, 0.0
        self._wait = meter.create_histogram(QUEUE_WAIT, "s", "Seconds a run waited before it was taken up")
        meter.create_observable_gauge(QUEUE_OLDEST, [self._observe_oldest], "s", "Seconds the oldest run has waited")
        meter.create_observable_gauge(QUEUE_LENGTH, [self._observe_count], "{run}", "Runs that wait")

    def waited(self, kind: RunKind, seconds: float) -> None:
        """Record how long a run waited."""
        self._wait.record(seconds, {"kind": str(kind)})

    def waiting(self, count: int, oldest_seconds: float) -> None:
        """Keep what the queue is like."""
        self._count, self._oldest = count, oldest_seconds

    def _observe_oldest(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._oldest)]

    def _observe_count(self, _: CallbackOptions) -> Iterable[Observation]:
        return [Observation(self._count)]
