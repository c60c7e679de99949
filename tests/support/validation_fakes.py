"""Fakes of the validation service's ports."""

from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from chassis.errors import NotFound
from services.validation.clients.pooled_engine import check_in_worker, evaluate_in_worker, read_in_worker, rules_of
from services.validation.domain.adjustment import Adjustment, Softening
from services.validation.domain.answer import Answer, AnsweredJustification
from services.validation.domain.evaluation import Evaluation
from services.validation.domain.events import ControlAdjusted
from services.validation.domain.justification import Justification
from services.validation.domain.reading import RawCell, TextReading
from services.validation.domain.rule_set import RuleSet
from services.validation.domain.run import Run, RunKind
from services.validation.domain.verdict import Report
from services.validation.usecases.ports import ToEvaluate


class InlineEngine:
    """The engine port, in this process."""

    async def read(self, form_set: str, year: int, cells: Sequence[RawCell]) -> list[TextReading]:
        """Run the format controls."""
        return read_in_worker(form_set, year, cells)

    async def evaluate(self, document: ToEvaluate) -> Evaluation:
        """Judge a document."""
        return evaluate_in_worker(document)

    async def check(self, document: ToEvaluate) -> Report:
        """Compute and check a document."""
        return check_in_worker(document)

    async def rules(self, form_set: str, softenings: tuple[Softening, ...]) -> RuleSet:
        """Return compiled rules."""
        return rules_of(form_set, softenings)


class InMemoryAdjustments:
    """Decisions in a list."""

    def __init__(self) -> None:
        self._kept: list[Adjustment] = []

    async def add(self, adjustment: Adjustment) -> bool:
        """Add one, and False when it was there already."""
        is_new = all((one.authority, one.id) != (adjustment.authority, adjustment.id) for one in self._kept)
        self._kept += [adjustment] if is_new else []
        return is_new

    async def in_force(self, document: str, year: int, authority: str | None) -> list[Adjustment]:
        """Return an authority's last decision on each control, by control id."""
        return [one for one in await self.of_campaign(document, year) if one.authority == authority]

    async def of_campaign(self, document: str, year: int) -> list[Adjustment]:
        """Return every authority's last decision on each control, by control id, then authority."""
        mine = [one for one in self._kept if (one.document, one.year) == (document, year)]
        latest = {(one.control, one.authority): one for one in sorted(mine, key=lambda one: (one.at, one.id))}
        return [latest[key] for key in sorted(latest)]


class RecordingRuns:
    """Notes the runs that are queued."""

    def __init__(self) -> None:
        self.queued: list[Run] = []

    async def add(self, run: Run) -> None:
        """Note a run."""
        self.queued.append(run)


class Waits:
    """The gauge of the queue, in lists."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.seen: list[tuple[int, float]] = []

    def waited(self, kind: RunKind, seconds: float) -> None:
        """Note a wait."""
        self.waits.append(seconds)

    def waiting(self, count: int, oldest_seconds: float) -> None:
        """Note how many wait, and for how long."""
        self.seen.append((count, oldest_seconds))


class InMemoryJustifications:
    """Justifications in a list; also its own unit of work, which forgets what was not committed."""

    def __init__(self) -> None:
        self.kept: list[Justification | Answer] = []
        self._pending: list[Justification | Answer] = []
        self._adjustments = InMemoryAdjustments()
        self.queue = RecordingRuns()
        self.published: list[ControlAdjusted] = []

    def __call__(self) -> Self:
        """Open a unit of work."""
        self._pending = []
        return self

    @property
    def justifications(self) -> Self:
        """The repository."""
        return self

    @property
    def adjustments(self) -> "InMemoryAdjustments":
        """What was adjusted."""
        return self._adjustments

    @property
    def runs(self) -> Any:
        """The queue, which only notes what is added; it is tried on PostgreSQL."""
        return self.queue

    def publish(self, event: ControlAdjusted) -> None:
        """Note what other services hear of."""
        self.published.append(event)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pending = []

    async def commit(self) -> None:
        """Keep what was added."""
        self.kept += self._pending

    async def add(self, justification: Justification) -> int:
        """Add one; its number is its place, from 1."""
        self._pending.append(justification)
        return len(self.kept) + len(self._pending)

    async def answer(self, answer: Answer) -> None:
        """Add an answer."""
        self._pending.append(answer)

    async def in_force(self, filing_id: UUID) -> list[AnsweredJustification]:
        """Return the latest of each control, by control id."""
        return self._latest([one for one in self._all() if one.justification.filing_id == filing_id])

    async def before(self, siren: str, year: int, controls: Collection[str]) -> list[AnsweredJustification]:
        """Return the latest text of the latest earlier year, by control id."""
        found = [
            one
            for one in self._all()
            if one.justification.siren == siren
            and one.justification.year < year
            and one.justification.control in controls
        ]
        return self._latest(sorted(found, key=lambda one: (one.justification.year, one.number)))

    def _all(self) -> list[AnsweredJustification]:
        answers = {one.number: one for one in self.kept if isinstance(one, Answer)}
        return [
            AnsweredJustification(number, one, answers.get(number))
            for number, one in enumerate(self.kept, start=1)
            if isinstance(one, Justification)
        ]

    @staticmethod
    def _latest(found: list[AnsweredJustification]) -> list[AnsweredJustification]:
        latest = {(one.justification.control, one.justification.cell): one for one in found}
        return [latest[control] for control in sorted(latest)]


class Transmitted:
    """The filings that were transmitted: those it is told."""

    def __init__(self, *filings: UUID) -> None:
        self._filings = set(filings)
        self.archived: set[UUID] = set()

    async def require(self, filing_id: UUID) -> None:
        """Let pass, or refuse."""
        if filing_id not in self._filings:
            raise NotFound

    async def is_archived(self, filing_id: UUID) -> bool:
        """Tell whether nothing is added to a filing any more."""
        await self.require(filing_id)
        return filing_id in self.archived
