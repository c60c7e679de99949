"""Carry out the intents that a crash left committed and unsigned, so that no consent is lost (P1, T1)."""

from datetime import timedelta

from chassis.clock import Clock
from services.signature.usecases.complete_signature import CompleteSignature
from services.signature.usecases.ports import UnitsOfWork


class FinishInterrupted:
    """Run every few seconds; harmless beside a request that is carrying out the same intent."""

    def __init__(self, units: UnitsOfWork, complete: CompleteSignature, clock: Clock, patience: timedelta) -> None:
        """Keep how long an intent may stay committed before it counts as interrupted."""
        self._units, self._complete, self._clock, self._patience = units, complete, clock, patience

    async def __call__(self) -> int:
        """Return how many signatures were completed."""
        async with self._units() as unit:
            left = await unit.intents.unfinished(self._clock.now() - self._patience)
        for intent_id in left:
            await self._complete(intent_id)
        return len(left)
