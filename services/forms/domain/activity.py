"""One thing that happened to a filing, for its history."""

from dataclasses import dataclass
from datetime import datetime
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
