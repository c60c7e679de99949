"""Service name → channel. A service never knows whether its neighbour is in the same process or far away."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import grpc

from chassis.rpc.calling import CallingInterceptor
from chassis.tls import TLS_NAME, Identity

MESSAGE_LIMIT = 40 * 1024 * 1024
"""An import of 20 MB travels in one message; its preview may be larger than the file."""
METADATA_LIMIT = 4 * 1024 * 1024
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", MESSAGE_LIMIT),
    ("grpc.enable_retries", 0),
    # A failure with hundreds of field violations travels in trailing metadata, which gRPC limits to 8 KiB by default.
    ("grpc.max_metadata_size", METADATA_LIMIT),
    ("grpc.absolute_max_metadata_size", METADATA_LIMIT),
    # A neighbour or peer that comes back is found within seconds, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 3000),
)


class Peers:
    """Opens channels on demand, inside the running loop, and closes them all at the end.

    Args:
        service: the service that calls; what its neighbours see as the carrier.
        local: address of the socket that hosts the services of this process.
        addresses: service name → `host:port`, for services hosted elsewhere.
        identity: key and certificate for TCP; None inside one process.
    """

    def __init__(
        self, service: str, local: str, addresses: Mapping[str, str] | None = None, identity: Identity | None = None
    ) -> None:
        self._service, self._local, self._identity = service, local, identity
        self._stack = identity.stack if identity else ""
        self._addresses = dict(addresses or {})
        self._channels: dict[tuple[str, str, bool], grpc.aio.Channel] = {}

    def channel(self, name: str) -> grpc.aio.Channel:
        """Return the channel to a service of the same stack."""
        return self._open(self._addresses.get(name, self._local), self._stack, carries_passport=True)

    def server_channel(self, address: str, stack: str = "") -> grpc.aio.Channel:
        """Return the channel to another server of the federation; no passport of ours leaves the stack.

        Args:
            address: `host:port`.
            stack: the server that must answer there, proven by its own authority; empty: any trusted one.
        """
        return self._open(address, stack, carries_passport=False)

    def for_service(self, service: str) -> "Peers":
        """Return the same neighbourhood as seen by another service of this process."""
        return Peers(service, self._local, self._addresses, self._identity)

    def _open(self, address: str, stack: str, *, carries_passport: bool) -> grpc.aio.Channel:
        key = (address, stack, carries_passport)
        if key not in self._channels:
            interceptors = [CallingInterceptor(self._service, carries_passport=carries_passport)]
            if address.startswith("unix:"):
                channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS, interceptors=interceptors)
            else:
                assert self._identity is not None, "TCP between processes needs a certificate"
                options = (*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", TLS_NAME))
                credentials = self._identity.channel_credentials(stack)
                channel = grpc.aio.secure_channel(address, credentials, options=options, interceptors=interceptors)
            self._channels[key] = channel
        return self._channels[key]

    async def close(self) -> None:
        """Close every channel."""
        for channel in self._channels.values():
            await channel.close()
        self._channels.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
