"""What the use cases need from the outside, in their own words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from services.validation.domain.answer import Answer, AnsweredJustification
from services.validation.domain.evaluation import Evaluation
from services.validation.domain.justification import Justification
from services.validation.domain.reading import RawCell, TextReading
from services.validation.domain.verdict import CheckedDocument


@dataclass(frozen=True, slots=True)
class PreviousYear:
    """What the body filed the year before."""

    cells: Mapping[str, str]
    """Written form of every filled cell, computed ones included."""
    restated: Sequence[str] = ()
    """Cells of the previous year's columns that differ on purpose, with a comment."""


@dataclass(frozen=True, slots=True)
class ToEvaluate:
    """A document to judge."""

    form_set: str
    document: CheckedDocument
    cells: Mapping[str, str]
    """Written form of every filled cell, shared facts included."""
    justifications: Sequence[Justification] = ()
    previous: PreviousYear | None = None
    """None when the body filed nothing the year before: controls that read it are not applicable."""


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

    async def add(self, justification: Justification) -> int:
        """Add one and return its number; it replaces the earlier one of its filing and control without erasing it."""
        ...

    async def answer(self, answer: Answer) -> None:
        """Add an answer; it replaces the earlier one of its text without erasing it."""
        ...

    async def in_force(self, filing_id: UUID) -> list[AnsweredJustification]:
        """Return the latest of each control, by control id."""
        ...

    async def before(self, siren: str, year: int, controls: Collection[str]) -> list[AnsweredJustification]:
        """Return the latest text of the latest year before this one, of each of these controls, by control id."""
        ...


class TransmittedFilings(Protocol):
    """The filings that the authority of this server was sent, as the person who calls may read them."""

    async def require(self, filing_id: UUID) -> None:
        """Let pass, or refuse.

        Raises:
            NotFound: no such filing, or not transmitted: staff must not learn that it exists.
        """
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
