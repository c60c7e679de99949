"""Traces: one trace id from the browser's request to the partner's delivery.

Inside a process the context follows the task; over gRPC it travels as W3C `traceparent` metadata; through an
outbox it is stored beside the event, so that what happens later still belongs to the request that caused it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from opentelemetry import metrics, propagate, trace
from opentelemetry.context import Context
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from chassis.settings import TelemetrySettings

tracer = trace.get_tracer("harmonia")


class FileSpanExporter(SpanExporter):
    """Appends finished spans to a file, one JSON object a line: traces without a collector."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Append the spans; the file is opened each time so that it may be rotated."""
        lines = [json.dumps(_portrait(span), default=str) for span in spans]
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write("".join(line + "\n" for line in lines))
        return SpanExportResult.SUCCESS


def _portrait(span: ReadableSpan) -> dict[str, object]:
    context = span.get_span_context()
    return {
        "trace_id": format(context.trace_id, "032x") if context else "",
        "span_id": format(context.span_id, "016x") if context else "",
        "parent_id": format(span.parent.span_id, "016x") if span.parent else "",
        "name": span.name,
        "start": span.start_time,
        "end": span.end_time,
        "status": span.status.status_code.name,
        "attributes": dict(span.attributes or {}),
        "stack": span.resource.attributes.get("service.namespace", ""),
    }


def configure_telemetry(settings: TelemetrySettings, stack: str) -> TracerProvider:
    """Install the tracer provider of this process; call once, at start, and `shutdown()` it at the end.

    With a collector, metrics go to it too, every minute and when the process ends.
    """
    resource = Resource.create({"service.name": "harmonia", "service.namespace": stack})
    provider = TracerProvider(resource=resource)
    if settings.otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint)))
        exported = OTLPMetricExporter(endpoint=settings.otlp_endpoint.replace("/v1/traces", "/v1/metrics"))
        metrics.set_meter_provider(MeterProvider([PeriodicExportingMetricReader(exported)], resource))
    if settings.spans_file:
        exporter = FileSpanExporter(settings.spans_file)
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    trace.set_tracer_provider(provider)
    return provider


def traceparent() -> str:
    """Return the present trace context as a W3C `traceparent`, empty outside a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return carrier.get("traceparent", "")


def context_of(parent: str) -> Context:
    """Return the trace context carried by a stored or received `traceparent`."""
    return propagate.extract({"traceparent": parent} if parent else {})
