"""How long runs wait, as an autoscaler reads it."""

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from services.validation.clients.metrics import OpenTelemetryGauge
from services.validation.domain.run import RunKind, estimate


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
    assert estimate(3, 4.0, is_over=False) == 12.0
    assert estimate(1, None, is_over=False) == 5.0
    assert estimate(0, 4.0, is_over=True) == 0.0
