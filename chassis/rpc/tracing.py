"""A span for every call served, child of the caller's; outermost, so that a refusal is traced too."""

from google.protobuf.message import Message
from opentelemetry.trace import SpanKind, Status, StatusCode

from chassis.rpc.wrapping import Call, CallInterceptor, Proceed
from chassis.telemetry import context_of, tracer

TRACEPARENT = "traceparent"


class TracingInterceptor(CallInterceptor):
    """Continues the trace that arrives in `traceparent` (W3C Trace Context)."""

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Run the method inside a span."""
        if call.method.startswith("/grpc.health."):
            return await proceed()
        service, _, name = call.method.removeprefix("/").partition("/")
        with tracer.start_as_current_span(
            f"{service}/{name}",
            context=context_of(call.metadata.get(TRACEPARENT, "")),
            kind=SpanKind.SERVER,
            attributes={"rpc.system": "grpc", "rpc.service": service, "rpc.method": name},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                return await proceed()
            except BaseException:
                span.set_status(Status(StatusCode.ERROR))
                raise
