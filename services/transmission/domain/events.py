"""Facts in the past tense, written to the journal in the transaction that makes them true and never changed after.

Together they answer, years later: who decided what, under which rule and matrix, and who received which bytes
(promise P17, feature F21).
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MatrixPublished:
    """A matrix document was put in force."""

    matrix_digest: str
    published_at: datetime


@dataclass(frozen=True, slots=True)
class BoxChosen:
    """A person of the body chose that a recipient shall, or shall no longer, receive the next version."""

    body: str
    filing_id: str
    recipient: str
    is_ticked: bool
    version: int
    chosen_by: str
    chosen_at: datetime


@dataclass(frozen=True, slots=True)
class FilingDispatched:
    """A signed version was put into the feed of one recipient."""

    body: str
    filing_id: str
    version: int
    recipient: str
    dispatch_id: str
    rule: str
    level: int
    matrix_digest: str
    container_digest: str
    dispatched_at: datetime


@dataclass(frozen=True, slots=True)
class FilingWithheld:
    """A recipient of an earlier version is not in the terms of this one and does not receive it."""

    body: str
    filing_id: str
    version: int
    recipient: str
    matrix_digest: str
    withheld_at: datetime


@dataclass(frozen=True, slots=True)
class NoticeGiven:
    """A recipient was told, in its feed, that a version it was sent is suspended or no longer current."""

    body: str
    filing_id: str
    version: int
    recipient: str
    dispatch_id: str
    notice_id: str
    kind: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class FilingDelivered:
    """A recipient read a container for the first time."""

    body: str
    filing_id: str
    version: int
    recipient: str
    dispatch_id: str
    container_digest: str
    reader: str
    """Subject of the credentials that read it."""
    delivered_at: datetime
    standing: str = "current"
    """What the version was to the recipient when it read it."""


@dataclass(frozen=True, slots=True)
class FilingAcknowledged:
    """A recipient took a delivery, or a notice about one, into account."""

    body: str
    filing_id: str
    version: int
    recipient: str
    dispatch_id: str
    reader: str
    """Subject of the credentials that acknowledged it."""
    acknowledged_at: datetime
    notice_id: str = ""
    """The notice, when it is one that was taken into account."""


Fact = (
    MatrixPublished | BoxChosen | FilingDispatched | FilingWithheld | NoticeGiven | FilingDelivered | FilingAcknowledged
)
"""Everything the journal keeps."""
