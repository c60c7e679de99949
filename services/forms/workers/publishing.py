"""Hands each event of the outbox to the service that reacts to it."""

from collections.abc import Mapping
from typing import Any, Protocol

from chassis.database.relay import Delivery


class PublishedFacts(Protocol):
    """Tells sync what this server now holds."""

    async def publish(self, event_id: str, payload: Mapping[str, Any]) -> None:
        """Publish the facts of one event."""
        ...


class Publishing:
    """Delivers `SharedFactsChanged` to sync.

    `FilingReopened` is for transmission, which must tell the recipients of the signed version that it is suspended. Its
    contract has no method for that yet: the event stays in the outbox, marked as delivered, with all it needs.
    """

    def __init__(self, facts: PublishedFacts) -> None:
        self._facts = facts

    async def __call__(self, delivery: Delivery) -> None:
        """Deliver one event.

        Raises:
            Failure: sync refused it or does not answer; the relay tries again later.
        """
        if delivery.kind != "SharedFactsChanged":
            return
        await self._facts.publish(str(delivery.id), delivery.payload)
