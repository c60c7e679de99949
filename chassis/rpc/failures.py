"""Translates failures to `google.rpc` statuses and back: the same class arrives that was raised.

`ErrorInfo{reason, domain, metadata}` is always the first detail. What is not a `Failure` leaves as INTERNAL with an
opaque sentence and the trace id; the stack stays in our log. Log level goes by fault: the caller's at info, ours at error.
"""

from dataclasses import replace
from typing import cast

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status
from opentelemetry import trace

from chassis.errors import (
    AlreadyExists,
    Conflict,
    Exhausted,
    Failure,
    Forbidden,
    Invalid,
    NotFound,
    RuleBroken,
    Unauthenticated,
    Unavailable,
    Violation,
)
from chassis.logging import log
from chassis.rpc.access import portrait
from chassis.rpc.wrapping import Call, CallInterceptor, Proceed

DOMAIN = "harmonia"
RETRY_AFTER = "retry_after"
"""Metadata of an `Exhausted` or `Unavailable` that knows after how many whole seconds to try again."""
SECONDS_BEFORE_A_RETRY = 1
_CODES: dict[type[Failure], grpc.StatusCode] = {
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    RuleBroken: grpc.StatusCode.FAILED_PRECONDITION,
    Conflict: grpc.StatusCode.ABORTED,
    Exhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
}
_MEANINGS = {code: meaning for meaning, code in _CODES.items()}


def meaning_of(failure: Failure) -> type[Failure]:
    """Return which of the nine meanings a failure is."""
    return next(meaning for meaning in _CODES if isinstance(failure, meaning))


def to_status(failure: Failure) -> status_pb2.Status:
    """Encode a failure as a rich status."""
    details: list[Message] = [
        error_details_pb2.ErrorInfo(reason=failure.code, domain=DOMAIN, metadata=failure.metadata)
    ]
    if failure.violations and isinstance(failure, Invalid):
        details.append(
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(
                        field=v.field,
                        description=v.description,
                        reason=v.reason,
                        localized_message=_in_english(v) if v.english else None,
                    )
                    for v in failure.violations
                ]
            )
        )
    elif failure.violations:
        details.append(
            error_details_pb2.PreconditionFailure(
                violations=[
                    error_details_pb2.PreconditionFailure.Violation(
                        type=v.reason, subject=v.field, description=v.description
                    )
                    for v in failure.violations
                ]
            )
        )
        # A condition has no place for another language: one message a condition follows, in the same order.
        if any(v.english for v in failure.violations):
            details += map(_in_english, failure.violations)
    if isinstance(failure, NotFound | AlreadyExists):
        details.append(error_details_pb2.ResourceInfo(resource_type=failure.code, description=failure.message))
    if isinstance(failure, Exhausted):
        quota = error_details_pb2.QuotaFailure.Violation(subject=failure.code, description=failure.message)
        details.append(error_details_pb2.QuotaFailure(violations=[quota]))
    if isinstance(failure, Exhausted | Unavailable):
        details.append(error_details_pb2.RetryInfo(retry_delay=_retry_delay(failure)))
    packed = []
    for detail in details:
        box = any_pb2.Any()
        box.Pack(detail)
        packed.append(box)
    code = _CODES[meaning_of(failure)]
    return status_pb2.Status(code=code.value[0], message=failure.message, details=packed)


def _in_english(violation: Violation) -> error_details_pb2.LocalizedMessage:
    return error_details_pb2.LocalizedMessage(locale="en", message=violation.english)


def _retry_delay(failure: Failure) -> duration_pb2.Duration:
    written = failure.metadata.get(RETRY_AFTER, "")
    return duration_pb2.Duration(seconds=int(written) if written.isdecimal() else SECONDS_BEFORE_A_RETRY)


def from_error(error: grpc.aio.AioRpcError) -> Failure:
    """Decode what a call raised: the failure that was raised on the other side, or the nearest meaning."""
    meaning = _MEANINGS.get(error.code(), Unavailable)
    info = error_details_pb2.ErrorInfo()
    violations: list[Violation] = []
    english: list[str] = []
    status = rpc_status.from_call(cast("grpc.Call", error))
    for detail in status.details if status is not None else ():
        bad, precondition = error_details_pb2.BadRequest(), error_details_pb2.PreconditionFailure()
        localized = error_details_pb2.LocalizedMessage()
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Unpack(bad):
            violations += [
                Violation(v.field, v.description, v.reason, v.localized_message.message) for v in bad.field_violations
            ]
        elif detail.Unpack(precondition):
            violations += [Violation(v.subject, v.description, v.type) for v in precondition.violations]
        elif detail.Unpack(localized):
            english.append(localized.message)
    if len(english) == len(violations):
        violations = [replace(v, english=text) for v, text in zip(violations, english, strict=True)]
    if not info.reason and error.code() is grpc.StatusCode.INTERNAL:
        return InternalFailure(error.details() or "", metadata={})
    if not info.reason and meaning is Unavailable:
        # gRPC's own words name addresses and are for our log, not for people.
        log("rpc").warning("no answer", code=error.code().name, details=error.details())
        return Unavailable("Un service ne répond pas ; réessayez dans un instant.")
    return meaning(
        error.details() or "", metadata=dict(info.metadata), violations=violations, reason=info.reason or None
    )


class InternalFailure(Failure):
    """Another service failed in a way it did not foresee; its own log has the reason under the trace id."""

    reason = "INTERNAL"


class FailureInterceptor(CallInterceptor):
    """Turns what a method raises into a status; outermost but for tracing."""

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Run the method and translate its failure."""
        try:
            return await proceed()
        except InternalFailure:
            status = opaque_status()
        except Failure as failure:
            log("rpc").info("refused", method=call.method, reason=failure.code, message=failure.message)
            status = to_status(failure)
        except (grpc.aio.AbortError, grpc.aio.UsageError):
            raise
        except Exception:
            log("rpc").exception("failed", method=call.method, request=portrait(call.request))
            status = opaque_status()
        encoded = rpc_status.to_status(status)
        await call.context.abort(encoded.code, encoded.details or "", tuple(encoded.trailing_metadata or ()))
        raise AssertionError("abort raises")


def opaque_status() -> status_pb2.Status:
    """Return INTERNAL with a sentence that gives away nothing but the trace id."""
    span = trace.get_current_span().get_span_context()
    reference = format(span.trace_id, "032x") if span.is_valid else "-"
    return status_pb2.Status(code=code_pb2.INTERNAL, message=f"Erreur interne, référence {reference}.")
