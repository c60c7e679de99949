"""Hands each event of the outbox to the forms service."""

from chassis.database.relay import Delivery
from services.sync.usecases.tell_forms import TellForms


class Telling:
    """Delivers ``FactsChanged``."""

    def __init__(self, tell_forms: TellForms) -> None:
        self._tell_forms = tell_forms

    async def __call__(self, delivery: Delivery) -> None:
        """Deliver one event.

        Raises:
            Failure: forms refused it or does not answer; the relay tries again later.
        """
        payload = delivery.payload
        await self._tell_forms(str(delivery.id), payload["body"], payload["year"], payload["concepts"])
