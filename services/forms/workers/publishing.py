"""Hands each event of the outbox to the service that reacts to it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from chassis.database.relay import Delivery


class PublishedFacts(Protocol):
    """Tells sync what this server now holds."""

    async def publish(self, event_id: str, payload: Mapping[str, Any]) -> None:
        """Publish the facts of one event."""
        ...

    async def publish_each(self, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Publish the facts of several events, in order, all of them or none."""
        ...


class Recipients(Protocol):
    """Tells transmission what becomes of what it sent."""

    async def suspend(self, event_id: str, filing_id: str, version: int, reopened_at: datetime) -> None:
        """Have the recipients of a signed version told that it is suspended."""
        ...


class Publishing:
    """Delivers `SharedFactsChanged` to sync, and `FilingReopened` to transmission: each is in a lane of its receiver."""

    def __init__(self, facts: PublishedFacts, recipients: Recipients) -> None:
        self._facts, self._recipients = facts, recipients

    async def __call__(self, delivery: Delivery) -> None:
        """Deliver one event.

        Raises:
            Failure: the receiver refused it or does not answer; the relay tries again later.
            ValueError: nobody receives events of this kind; the relay stops at it and says so.
        """
        event_id, payload = str(delivery.id), delivery.payload
        match delivery.kind:
            case "SharedFactsChanged":
                await self._facts.publish(event_id, payload)
            case "FilingReopened":
                # An event of an earlier release says not when: then it is when it was recorded.
                at = datetime.fromisoformat(payload["at"]) if "at" in payload else delivery.recorded_at
                await self._recipients.suspend(event_id, payload["filing_id"], payload["version"], at)
            case unknown:
                raise ValueError(f"nobody receives {unknown}")

    async def together(self, deliveries: Sequence[Delivery]) -> None:
        """Deliver several `SharedFactsChanged` at once: the more of them wait, the less each costs sync.

        Raises:
            Failure: sync took none of them.
        """
        await self._facts.publish_each([(str(delivery.id), delivery.payload) for delivery in deliveries])
