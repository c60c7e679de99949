"""Makes repeats harmless: a request id that was applied once is answered again, not applied again.

The unit of work inserts the request id in the transaction that applies the request (`chassis/database/unit_of_work`);
the response is kept right after. A repeat finds the response and gives it back. In the instant between the two, a
repeat is told that it was applied (`ALREADY_APPLIED`): the caller reloads and sees it done.
"""

import hashlib
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from chassis.errors import Conflict, Invalid, malformed
from chassis.logging import log
from chassis.rpc.identity import caller
from chassis.rpc.wrapping import Call, CallInterceptor, Proceed

LONGEST_ID = 100


class AlreadyApplied(Conflict):
    """This request was applied a moment ago; reload to see it."""

    reason = "ALREADY_APPLIED"


class RequestIdReused(Invalid):
    """The request id was used for another request."""

    reason = "REQUEST_ID_REUSED"


@dataclass(frozen=True, slots=True)
class RequestKey:
    """What identifies one request: whose, which method, which id, and the digest of its content."""

    subject: str
    method: str
    request_id: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Applied:
    """What is kept of a request that was applied."""

    digest: bytes
    response: bytes | None


class AppliedRequests(Protocol):
    """The requests this service has applied."""

    async def find(self, key: RequestKey) -> Applied | None:
        """Return what is kept of the request, None when it was never applied."""
        ...

    async def keep_response(self, key: RequestKey, response: bytes) -> None:
        """Keep the response of a request that was just applied; does nothing when it was not recorded."""
        ...


_key: ContextVar[RequestKey | None] = ContextVar("request_key", default=None)


def request_key() -> RequestKey | None:
    """Return the key that the unit of work must record with what it commits, None outside a request with an id."""
    return _key.get()


class IdempotencyInterceptor(CallInterceptor):
    """Answers repeats of requests that carry a `request_id`."""

    def __init__(self, applied: Mapping[str, AppliedRequests]) -> None:
        """Keep, by full name of the gRPC service, what remembers the requests of the services that store anything."""
        self._applied = applied

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Answer a repeat from what is kept; otherwise run the method and keep its response."""
        applied = self._applied.get(call.method[1:].partition("/")[0])
        key = _key_of(call.request, call.method) if applied else None
        if applied is None or key is None:
            return await proceed()
        known = await applied.find(key)
        if known is not None:
            return _answer_again(known, key, call.method)
        _key.set(key)
        response = await proceed()
        try:
            await applied.keep_response(key, response.SerializeToString())
        except Exception:
            # The request is applied and committed: its caller must hear so. A repeat will be told ALREADY_APPLIED.
            log("rpc").exception("response not kept", method=call.method)
        return response


def _key_of(request: Message, method: str) -> RequestKey | None:
    request_id: str = getattr(request, "request_id", "")
    if not request_id:
        return None
    if len(request_id) > LONGEST_ID:
        what = ("Identifiant de requête trop long.", "Request id too long.")
        how = (f"Au plus {LONGEST_ID} caractères.", f"At most {LONGEST_ID} characters.")
        raise Invalid(violations=[malformed("request_id", "TOO_LONG", what, how)])
    digest = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    return RequestKey(caller().subject, method.rpartition("/")[2], request_id, digest)


def _answer_again(known: Applied, key: RequestKey, method: str) -> Message:
    if known.digest != key.digest:
        raise RequestIdReused("Cet identifiant de requête a déjà servi pour une autre demande.")
    if known.response is None:
        raise AlreadyApplied("Cette demande vient d'être appliquée ; rechargez pour la voir.")
    response = _response_class(method)()
    response.ParseFromString(known.response)
    return response


def _response_class(method: str) -> type[Message]:
    service, _, name = method.removeprefix("/").partition("/")
    descriptor = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return message_factory.GetMessageClass(descriptor.output_type)
