"""Fakes of the validation service's ports."""

from types import TracebackType
from typing import Self
from uuid import UUID

from services.validation.clients.pooled_engine import evaluate_in_worker, read_in_worker
from services.validation.domain.evaluation import Evaluation
from services.validation.domain.justification import Justification
from services.validation.domain.reading import RawCell, TextReading
from services.validation.usecases.ports import ToEvaluate


class InlineEngine:
    """The engine port, in this process."""

    async def read(self, form_set: str, year: int, cells: list[RawCell]) -> list[TextReading]:
        """Run the format controls."""
        return read_in_worker(form_set, year, cells)

    async def evaluate(self, document: ToEvaluate) -> Evaluation:
        """Judge a document."""
        return evaluate_in_worker(document)


class InMemoryJustifications:
    """Justifications in a list; also its own unit of work, which forgets what was not committed."""

    def __init__(self) -> None:
        self.kept: list[Justification] = []
        self._pending: list[Justification] = []

    def __call__(self) -> Self:
        """Open a unit of work."""
        self._pending = []
        return self

    @property
    def justifications(self) -> Self:
        """The repository."""
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pending = []

    async def commit(self) -> None:
        """Keep what was added."""
        self.kept += self._pending

    async def add(self, justification: Justification) -> None:
        """Add one."""
        self._pending.append(justification)

    async def in_force(self, filing_id: UUID) -> list[Justification]:
        """Return the latest of each control, by control id."""
        latest = {one.control: one for one in self.kept if one.filing_id == filing_id}
        return [latest[control] for control in sorted(latest)]
