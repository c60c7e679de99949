"""Hands each event of the outbox to the service that reacts to it."""

from chassis.database.relay import Delivery
from services.forms.clients.sync import GrpcFacts


class Publishing:
    """Delivers `SharedFactsChanged` to sync."""

    def __init__(self, facts: GrpcFacts) -> None:
        self._facts = facts

    async def __call__(self, delivery: Delivery) -> None:
        """Deliver one event.

        Raises:
            Failure: sync refused it or does not answer; the relay tries again later.
        """
        await self._facts.publish(str(delivery.id), delivery.payload)
