"""One thing that happened to a filing, for its history."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Activity:
    """Who did what when; `kind` is stable, the sentences are for people."""

    filing_id: UUID
    at: datetime
    author: str
    kind: str
    fr: str
    en: str
    number: int = field(default=0, compare=False)
    """Its place among those that were kept; 0 before it is."""


TOLD_TO_AUTHORITY = frozenset(
    {
        "FILING_SIGNED",
        "FILING_REOPENED",
        "FILING_REVIEWED",
        "REVIEW_ANSWERED",
        "FILING_CLOSED",
        "RETURN_REQUESTED",
        "RETURN_ACCEPTED",
        "RETURN_REFUSED",
        "FILING_ARCHIVED",
    }
)
"""Kinds that officers read; the others tell of the work inside the body, which they never see (T-26)."""

NOTICES = (
    "DEADLINE_EXTENDED",
    "FILING_CLOSED",
    "FILING_REJUDGED",
    "FILING_REOPENED",
    "FILING_RETURNED",
    "FORM_SET_CHANGED",
    "FORM_SET_TAKEN_BACK",
    "RETURN_ACCEPTED",
    "RETURN_REFUSED",
)
"""Kinds of what happens to a filing while its people look elsewhere: they find it said when they come back."""
NOTICES_LAST = timedelta(days=30)
MOST_NOTICES = 10
"""Of a filing, the newest; the others are in its history."""
