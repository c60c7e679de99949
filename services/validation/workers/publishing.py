"""Hands each event of the outbox to the service that reacts to it."""

from collections.abc import Mapping
from typing import Any, Protocol

from chassis.database.relay import Delivery


class OtherServers(Protocol):
    """Whoever tells the other servers."""

    async def announce(self, payload: Mapping[str, Any]) -> None:
        """Tell them of a decision."""
        ...


class Publishing:
    """Delivers `ControlAdjusted` to sync; there is no other event."""

    def __init__(self, servers: OtherServers) -> None:
        self._servers = servers

    async def __call__(self, delivery: Delivery) -> None:
        """Deliver one event.

        Raises:
            Failure: sync refused it or does not answer; the relay tries again later.
        """
        await self._servers.announce(delivery.payload)
