"""Hands another server's decision on a control to the validation service."""

from chassis.errors import Invalid, RuleBroken
from services.sync.domain.adjustment import Adjustment
from services.sync.domain.events import AdjustmentTurnedDown
from services.sync.usecases.ports import Controls, OpensWork


class TellValidation:
    """At least once; what validation turns down is an incident, and is not told again."""

    def __init__(self, open_work: OpensWork, controls: Controls) -> None:
        self._open_work, self._controls = open_work, controls

    async def __call__(self, adjustment: Adjustment) -> None:
        """Tell it.

        Raises:
            Unavailable: validation does not answer; the relay tries again.
        """
        try:
            await self._controls.tell(adjustment)
        except (Invalid, RuleBroken) as refusal:
            about = adjustment.origin, adjustment.document, adjustment.year, adjustment.control
            async with self._open_work() as work:
                work.publish(AdjustmentTurnedDown(*about, refusal.code))
                await work.commit()
