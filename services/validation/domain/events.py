"""Past-tense facts that other services react to."""

from dataclasses import dataclass

from services.validation.domain.adjustment import Adjustment


@dataclass(frozen=True, slots=True)
class ControlAdjusted:
    """The authority of this server decided on a control; sync tells the other servers."""

    adjustment: Adjustment
