"""Until when a filing is filled and signed: the closing of its campaign, its last day of corrections, an extension."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The last days of one filing, both included."""

    entry: date
    """To type, import and sign for the first time."""
    correction: date
    """The same for a filing that was signed and is open again; never before the other."""


def deadlines_of(closes_on: date, corrected_until: date | None, extended_to: date | None) -> Deadlines:
    """Return the last days of a filing.

    Args:
        closes_on: closing of the campaign.
        corrected_until: last day of corrections of the campaign; its closing when it has none.
        extended_to: more time for this body; an extension that ends before the closing changes nothing here.
    """
    entry = max(closes_on, extended_to or closes_on)
    return Deadlines(entry, max(corrected_until or closes_on, entry))
