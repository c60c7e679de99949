"""Takes signatures from the outbox to the services that act on them."""

from collections.abc import Mapping
from typing import Any, Protocol

from chassis.database.relay import Delivery


class Reports(Protocol):
    """Tells the other services of the stack."""

    async def seal(self, event_id: str, facts: Mapping[str, Any]) -> None:
        """Tell `forms`."""
        ...

    async def dispatch(self, event_id: str, facts: Mapping[str, Any]) -> None:
        """Tell `transmission`."""
        ...


class Reporting:
    """What the relay calls with each event; a failure is tried again, in its lane."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def __call__(self, delivery: Delivery) -> None:
        """Bring one event to its receiver.

        Raises:
            ValueError: the receiver is none that we know; the relay stops at it and says so.
        """
        match delivery.payload["receiver"]:
            case "forms":
                await self._reports.seal(str(delivery.id), delivery.payload)
            case "transmission":
                await self._reports.dispatch(str(delivery.id), delivery.payload)
            case unknown:
                raise ValueError(f"no receiver named {unknown}")
