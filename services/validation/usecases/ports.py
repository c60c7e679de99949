"""What the use cases need from the outside, in their own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from services.validation.domain.evaluation import Evaluation
from services.validation.domain.justification import Justification
from services.validation.domain.reading import RawCell, TextReading
from services.validation.domain.verdict import CheckedDocument


@dataclass(frozen=True, slots=True)
class ToEvaluate:
    """A document to judge."""

    form_set: str
    document: CheckedDocument
    cells: Mapping[str, str]
    """Written form of every filled cell, shared facts included."""
    justifications: Sequence[Justification] = ()


class Engine(Protocol):
    """Where the rules run, off the event loop."""

    async def read(self, form_set: str, year: int, cells: Sequence[RawCell]) -> list[TextReading]:
        """Run the format controls on texts, in order.

        Raises:
            FormSetUnknown: this server ships no such version.
            EngineUnavailable: the rules cannot run now.
        """
        ...

    async def evaluate(self, document: ToEvaluate) -> Evaluation:
        """Judge a document.

        Raises:
            FormSetUnknown: this server ships no such version.
            CellsMalformed: a cell is not in the form set or not in written form.
            EngineUnavailable: the rules cannot run now.
        """
        ...


class Justifications(Protocol):
    """What filers wrote about their anomalies; only ever added."""

    async def add(self, justification: Justification) -> None:
        """Add one; it replaces the earlier one of its filing and control without erasing it."""
        ...

    async def in_force(self, filing_id: UUID) -> list[Justification]:
        """Return the latest of each control, by control id."""
        ...


class UnitOfWork(Protocol):
    """One transaction."""

    @property
    def justifications(self) -> Justifications:
        """The justifications."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        """Make it all true; leaving without it changes nothing."""
        ...


class OpensWork(Protocol):
    """Opens a unit of work."""

    def __call__(self) -> UnitOfWork:
        """Return a unit of work to enter."""
        ...
