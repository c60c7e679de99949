"""The reports this process made last, so that a small change runs only what it touches.

Nothing depends on a report being here: it is a memory of what can be worked out again, and each replica has its own.
"""

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from services.validation.domain.adjustment import Softening
from services.validation.domain.verdict import Report
from services.validation.usecases.ports import Subject


@dataclass(frozen=True, slots=True)
class RecentReport:
    """A report, and everything but cells that it came from."""

    subject: Subject
    softenings: tuple[Softening, ...]
    report: Report


class RecentReports:
    """Report id → report, the least recently used given up first; some 200 kB each."""

    def __init__(self, most: int) -> None:
        """Remember at most so many."""
        self._most = most
        self._kept: OrderedDict[tuple[UUID, str], RecentReport] = OrderedDict()

    def keep(self, filing_id: UUID, report_id: str, recent: RecentReport) -> None:
        """Remember a report of a filing."""
        self._kept[filing_id, report_id] = recent
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def find(self, filing_id: UUID, report_id: str) -> RecentReport | None:
        """Return a report of this filing, None when it was never here or was given up."""
        found = self._kept.get((filing_id, report_id))
        if found is not None:
            self._kept.move_to_end((filing_id, report_id))
        return found
