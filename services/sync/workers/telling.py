"""Hands each event of the outbox to the service that must hear of it."""

from chassis.database.relay import Delivery
from services.sync.domain.adjustment import Adjustment
from services.sync.usecases.tell_forms import TellForms
from services.sync.usecases.tell_validation import TellValidation


class Telling:
    """Delivers ``FactsChanged`` to forms and ``AdjustmentReceived`` to validation."""

    def __init__(self, tell_forms: TellForms, tell_validation: TellValidation) -> None:
        self._tell_forms, self._tell_validation = tell_forms, tell_validation

    async def __call__(self, delivery: Delivery) -> None:
        """Deliver one event.

        Raises:
            Failure: the service refused it or does not answer; the relay tries again later.
        """
        payload = delivery.payload
        if delivery.kind == "AdjustmentReceived":
            await self._tell_validation(Adjustment.from_bytes(payload["content"].encode()))
            return
        await self._tell_forms(str(delivery.id), payload["body"], payload["year"], payload["concepts"])
