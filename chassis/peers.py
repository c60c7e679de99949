"""Service name → channel. A service never knows whether its neighbour is in the same process or far away."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import grpc

from chassis.rpc.calling import CallingInterceptor
from chassis.tls import TLS_NAME, Identity

MESSAGE_LIMIT = 40 * 1024 * 1024
"""An import of 20 MB travels in one message; its preview may be larger than the file."""
CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT),
    ("grpc.max_send_message_length", MESSAGE_LIMIT),
    ("grpc.enable_retries", 0),
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
        self._addresses = dict(addresses or {})
        self._channels: dict[str, grpc.aio.Channel] = {}

    def channel(self, name: str) -> grpc.aio.Channel:
        """Return the channel to a service of the same stack."""
        return self._open(self._addresses.get(name, self._local), carries_passport=True)

    def server_channel(self, address: str) -> grpc.aio.Channel:
        """Return the channel to another server of the federation; no passport of ours leaves the stack."""
        return self._open(address, carries_passport=False)

    def for_service(self, service: str) -> "Peers":
        """Return the same neighbourhood as seen by another service of this process."""
        return Peers(service, self._local, self._addresses, self._identity)

    def _open(self, address: str, *, carries_passport: bool) -> grpc.aio.Channel:
        if address not in self._channels:
            interceptors = [CallingInterceptor(self._service, carries_passport=carries_passport)]
            if address.startswith("unix:"):
                channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS, interceptors=interceptors)
            else:
                assert self._identity is not None, "TCP between processes needs a certificate"
                options = (*CHANNEL_OPTIONS, ("grpc.ssl_target_name_override", TLS_NAME))
                credentials = self._identity.channel_credentials()
                channel = grpc.aio.secure_channel(address, credentials, options=options, interceptors=interceptors)
            self._channels[address] = channel
        return self._channels[address]

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
