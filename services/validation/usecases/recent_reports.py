"""The reports this process made last, so that a small change runs only what it touches.

Nothing depends on a report being here: it is a memory of what can be worked out again, and each replica has its own.
"""

from collections import OrderedDict
from dataclasses import dataclass
from uuid import UUID

from services.validation.domain.adjustment import Softening
from services.validation.domain.verdict import Report
from services.validation.usecases.ports import Subject

REPORTS_OF_A_FILING = 2


@dataclass(frozen=True, slots=True)
class RecentReport:
    """A report, and everything but cells that it came from."""

    subject: Subject
    softenings: tuple[Softening, ...]
    report: Report


class RecentReports:
    """The reports of the filings judged last, some 200 kB each; the filing judged least recently is given up first.

    Of each filing the two used last stay: the one it has, and the one of a change that may not be committed.
    """

    def __init__(self, most: int) -> None:
        """Remember those of at most so many filings."""
        self._most = most
        self._kept: OrderedDict[UUID, dict[str, RecentReport]] = OrderedDict()

    def keep(self, filing_id: UUID, report_id: str, recent: RecentReport) -> None:
        """Remember a report of a filing."""
        reports = self._kept.setdefault(filing_id, {})
        reports[report_id] = recent
        while len(reports) > REPORTS_OF_A_FILING:
            del reports[next(iter(reports))]
        self._kept.move_to_end(filing_id)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def find(self, filing_id: UUID, report_id: str) -> RecentReport | None:
        """Return a report of this filing, None when it was never here or was given up."""
        reports = self._kept.get(filing_id, {})
        found = reports.pop(report_id, None)
        if found is not None:
            reports[report_id] = found
            self._kept.move_to_end(filing_id)
        return found
