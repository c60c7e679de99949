"""How long runs wait, as an autoscaler reads it."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from services.validation.clients.metrics import OpenTelemetryGauge
from services.validation.domain.run import Pace, Run, RunKind, estimate, seconds_left


def test_the_wait_the_oldest_and_the_length_are_exported() -> None:
    reader = InMemoryMetricReader()
    provider = MeterProvider([reader])
    gauge = OpenTelemetryGauge(provider.get_meter("test"))
    gauge.waited(RunKind.REJUDGE, 12.5)
    gauge.waiting(3, 40.0)

    data = reader.get_metrics_data()
    provider.shutdown()

    assert data is not None
    metrics = {one.name: one.data.data_points[0] for one in data.resource_metrics[0].scope_metrics[0].metrics}
    assert metrics["harmonia.validation.queue.wait"].sum == 12.5  # type: ignore[union-attr]
    assert metrics["harmonia.validation.queue.oldest"].value == 40.0  # type: ignore[union-attr]
    assert metrics["harmonia.validation.queue.length"].value == 3  # type: ignore[union-attr]


def test_the_estimate_counts_those_before_and_the_run_itself() -> None:
    assert estimate([4.0, 4.0, 4.0], workers=1) == 12.0
    assert estimate([], workers=0) == 0.0


def test_runs_are_shared_by_the_workers_there_are() -> None:
    assert estimate([10.0, 2.0, 3.0, 4.0], workers=2) == 9.0
    assert estimate([10.0, 2.0], workers=5) == 2.0


@pytest.mark.parametrize(
    ("progress", "done", "seconds"),
    [
        ({}, 0, 50.0),
        ({"left": 30, "seconds": 5.0}, 10, 15.0),
        ({"left": 0, "seconds": 5.0}, 10, 0.0),
        ({"seconds": 5.0}, 10, 45.0),
        ({"seconds": 80.0}, 160, 0.0),
    ],
)
def test_a_run_goes_on_at_its_own_pace_and_one_not_begun_at_that_of_the_last(
    progress: dict[str, float], done: int, seconds: float
) -> None:
    run = Run(UUID(int=1), RunKind.REJUDGE, {}, datetime(2025, 6, 2, tzinfo=UTC), progress=progress, done=done)

    assert seconds_left(run, Pace(seconds=0.5, filings=100)) == seconds
