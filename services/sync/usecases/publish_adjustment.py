"""Takes in a decision of this server's authority on one of its controls, and sends it to every peer."""

from chassis.clock import Clock
from services.sync.domain.adjustment import Adjustment
from services.sync.domain.hlc import HybridClock
from services.sync.usecases.ports import OpensWork
from services.sync.usecases.sending import Here, send_adjustments


class PublishAdjustment:
    """Harmless to repeat: by the decision's identifier."""

    def __init__(self, open_work: OpensWork, here: Here, clock: Clock, hybrid: HybridClock) -> None:
        self._open_work, self._here, self._clock, self._hybrid = open_work, here, clock, hybrid

    async def __call__(self, adjustment: Adjustment) -> int:
        """Return how many envelopes were appended by this call; 0 for a repeat."""
        hlc = self._hybrid.tick(int(self._clock.now().timestamp() * 1000))
        async with self._open_work() as work:
            if not await work.adjustments.add(adjustment, hlc):
                return 0
            appended = await send_adjustments(work, self._here, [(adjustment, hlc)])
            await work.commit()
        return appended
