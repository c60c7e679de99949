"""The client's side of every call: identity and trace go out, the deadline is given, the failure comes back as itself."""

from typing import Any

import grpc
from google.protobuf.message import Message

from chassis.rpc.deadline import remaining
from chassis.rpc.failures import from_error
from chassis.rpc.identity import AUTHORIZATION, SERVICE_KEY, passport
from chassis.rpc.tracing import TRACEPARENT
from chassis.telemetry import traceparent


class CallingInterceptor(grpc.aio.UnaryUnaryClientInterceptor):
    """Mirror of the server interceptors, for a channel owned by one service."""

    def __init__(self, service: str, *, carries_passport: bool = True) -> None:
        self._service, self._carries_passport = service, carries_passport

    async def intercept_unary_unary(
        self,
        continuation: Any,
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """Make the call.

        Raises:
            Failure: the failure that was raised on the other side.
        """
        metadata = [*(client_call_details.metadata or ()), (SERVICE_KEY, self._service)]
        if self._carries_passport and passport():
            metadata.append((AUTHORIZATION, f"Bearer {passport()}"))
        if parent := traceparent():
            metadata.append((TRACEPARENT, parent))
        details = grpc.aio.ClientCallDetails(
            method=client_call_details.method,
            timeout=client_call_details.timeout or remaining(),
            metadata=grpc.aio.Metadata(*metadata),
            credentials=client_call_details.credentials,
            wait_for_ready=client_call_details.wait_for_ready,
        )
        try:
            call = await continuation(details, request)
            response: Message = await call
        except grpc.aio.AioRpcError as error:
            raise from_error(error) from None
        return response
