"""From when until when a filing is filled and signed: the opening and the closing of its campaign, corrections, an extension."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The first and the last days of one filing, all included."""

    opening: date
    """Nothing is typed, imported or signed before, not even in a filing that was opened when this was an earlier day."""
    entry: date
    """To type, import and sign for the first time."""
    correction: date
    """The same for a filing that was signed and is open again; never before the other."""


def deadlines_of(opens_on: date, closes_on: date, corrected_until: date | None, extended_to: date | None) -> Deadlines:
    """Return the first and the last days of a filing.

    Args:
        opens_on: opening of the campaign.
        closes_on: closing of the campaign.
        corrected_until: last day of corrections of the campaign; its closing when it has none.
        extended_to: more time for this body; an extension that ends before the closing changes nothing here.
    """
    entry = max(closes_on, extended_to or closes_on)
    return Deadlines(opens_on, entry, max(corrected_until or closes_on, entry))
