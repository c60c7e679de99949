"""The one place that knows the shape of gRPC handlers, so that an interceptor is one method around a call."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import Message

Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Call:
    """A unary call being served."""

    method: str
    """`/package.Service/Method`."""
    metadata: Mapping[str, str]
    request: Message
    context: Context


Proceed = Callable[[], Awaitable[Message]]
"""Runs what is inside: the next interceptor, or the servicer's method."""


class CallInterceptor:
    """Base of what happens around every call."""

    async def serve(self, call: Call, proceed: Proceed) -> Message:
        """Do what this interceptor is for around `proceed`."""
        raise NotImplementedError


class Interceptors(grpc.aio.ServerInterceptor):
    """All of them, the outermost first: one for gRPC, which takes time to pass each call through each of its own.

    Streaming methods (health Watch, reflection) pass as they are.
    """

    def __init__(self, interceptors: Sequence[CallInterceptor]) -> None:
        self._inwards = tuple(reversed(interceptors))

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the method's handler."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming or handler.response_streaming:
            return handler
        metadata = {k: v for k, v in handler_call_details.invocation_metadata or () if isinstance(v, str)}

        async def behaviour(request: Message, context: Context) -> Message:
            call = Call(handler_call_details.method, metadata, request, context)
            proceed: Proceed = partial(handler.unary_unary, request, context)
            for interceptor in self._inwards:
                proceed = partial(interceptor.serve, call, proceed)
            return await proceed()

        return grpc.unary_unary_rpc_method_handler(
            behaviour,
            request_deserializer=handler.request_deserializer,
            response_serializer=handler.response_serializer,
        )
