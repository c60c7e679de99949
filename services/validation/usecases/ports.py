"""What the use cases need from the outside, in their own words."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self
from uuid import UUID

from formsets import FormSet
from services.validation.domain.adjustment import Adjustment, Softening
from services.validation.domain.answer import Answer, AnsweredJustification
from services.validation.domain.evaluation import Evaluation
from services.validation.domain.events import ControlAdjusted
from services.validation.domain.justification import Justification
from services.validation.domain.reading import RawCell, TextReading
from services.validation.domain.rule_set import RuleSet
from services.validation.domain.run import Pace, Run, RunKind
from services.validation.domain.verdict import CheckedDocument, Report


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
    said: Sequence[AnsweredJustification] = ()
    previous: PreviousYear | None = None
    """None when the body filed nothing the year before: controls that read it are not applicable."""
    softenings: tuple[Softening, ...] = ()
    """What the authority adjusted in this campaign, by control id."""
    is_background: bool = False
    """True when nobody waits for it: it is judged after those that people wait for."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is judged, and under which campaign's rules."""

    form_set: str
    document: CheckedDocument
    filing_id: UUID | None = None
    """The filing whose justifications count, None for none."""
    year: int = 0
    """The campaign whose adjustments count, 0 for the controls as published."""
    basis: str = ""
    """Whatever names the previous year's filing and what was restated of it: equal texts, equal inputs."""


class Engine(Protocol):
    """Where the rules run, off the event loop."""

    async def read(self, form_set: str, year: int, cells: Sequence[RawCell]) -> list[TextReading]:
        """Run the format controls on texts, in order.

        Raises:
            FormSetUnknown: this server ships no such version.
            EngineBusy: too many people wait already.
            EngineUnavailable: the rules cannot run now.
        """
        ...

    async def evaluate(self, document: ToEvaluate) -> Evaluation:
        """Judge a document under the rules of its form set, adjusted.

        Raises:
            FormSetUnknown: this server ships no such version.
            CellsMalformed: a cell is not in the form set or not in written form.
            EngineBusy: too many people wait already; never for what runs in the background.
            EngineUnavailable: the rules cannot run now.
        """
        ...

    async def check(self, document: ToEvaluate) -> Report:
        """Compute and check a document under the rules of its form set, adjusted; justifications are left to the caller.

        Raises:
            FormSetUnknown: this server ships no such version.
            CellsMalformed: a cell is not in the form set or not in written form.
            EngineUnavailable: the rules cannot run now.
        """
        ...

    async def rules(self, form_set: str, softenings: tuple[Softening, ...]) -> RuleSet:
        """Return the rules of a form set, adjusted, to run here what takes well under a millisecond.

        Raises:
            FormSetUnknown: this server ships no such version.
        """
        ...


class Justifications(Protocol):
    """What filers wrote about their anomalies; only ever added."""

    async def add(self, justification: Justification) -> int:
        """Add one and return its number; it replaces the earlier one of its filing, control and cell without erasing it."""
        ...

    async def answer(self, answer: Answer) -> None:
        """Add an answer; it replaces the earlier one of its text without erasing it."""
        ...

    async def in_force(self, filing_id: UUID) -> list[AnsweredJustification]:
        """Return the latest of each control and cell, in this order."""
        ...

    async def before(self, siren: str, year: int, controls: Collection[str]) -> list[AnsweredJustification]:
        """Return the latest text of the latest year before this one, of each of these controls and its cells, in this order."""
        ...


class Adjustments(Protocol):
    """What the authority decided about controls; only ever added."""

    async def add(self, adjustment: Adjustment) -> bool:
        """Add a decision, and False when it was there already; the latest of its authority, campaign and control counts."""
        ...

    async def in_force(self, document: str, year: int, authority: str | None) -> list[Adjustment]:
        """Return an authority's last decision on each control of a campaign, by control id; nobody's are none."""
        ...

    async def of_campaign(self, document: str, year: int) -> list[Adjustment]:
        """Return every authority's last decision on each control of a campaign, by control id, then authority."""
        ...


class Runs(Protocol):
    """The queue."""

    async def add(self, run: Run) -> None:
        """Put a run at the end of the queue."""
        ...

    async def get(self, run_id: UUID) -> Run:
        """Return a run.

        Raises:
            RunUnknown: there is none.
        """
        ...

    async def latest(self, limit: int) -> list[Run]:
        """Return the runs asked for last, newest first, without what they found."""
        ...

    async def take(self, now: datetime, until: datetime) -> Run | None:
        """Give out the first run that is due, under a new token and a lease; None when none is."""
        ...

    async def advance(self, run: Run, progress: Mapping[str, Any], done: int, until: datetime) -> None:
        """Keep how far a run is, and hold it longer.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        ...

    async def finish(self, run: Run, result: Mapping[str, Any], at: datetime) -> None:
        """Keep what a run found.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        ...

    async def give_back(self, run: Run, failure: str, not_before: datetime) -> None:
        """Put a run that failed back in its place.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        ...

    async def give_up(self, run: Run, failure: str, at: datetime) -> None:
        """End a run that failed too often.

        Raises:
            LeaseLost: it was given to another worker since.
        """
        ...

    async def up_to(self, run_id: UUID) -> Sequence[Run]:
        """Return the runs to do up to this one, itself last, in the order of the queue; none when it is over."""
        ...

    async def pace(self, run: Run) -> Pace:
        """Return what the last runs of its kind took, on its campaign if there was one, else on any."""
        ...

    async def seen(self, worker: UUID, now: datetime) -> None:
        """Note that a worker works the queue off."""
        ...

    async def workers(self, since: datetime) -> int:
        """Return how many workers were seen since then."""
        ...

    async def waiting_since(self) -> tuple[int, datetime | None]:
        """Return how many runs wait that nobody has begun, and since when the oldest does."""
        ...


@dataclass(frozen=True, slots=True)
class FilingToTry:
    """A filing as it is judged, with what a person knows it by."""

    identity: Mapping[str, Any]
    """Plain values: filing_id, body, body_name, family, document, year, form_set, departement."""
    filing_id: UUID
    document: CheckedDocument
    form_set: str
    cells: Mapping[str, str]
    """Inputs and given ones."""
    previous: PreviousYear | None = None
    left_out: Collection[str] = ()
    """Cells that the form set asked about does not take: a publication would set them aside."""
    to_choose: int = 0
    """Of these, how many a person would have to choose about."""
    is_transmitted: bool = False
    """Whether the version it signed stands: the authority may know of it (T-26)."""

    @property
    def cells_carried(self) -> Mapping[str, str]:
        """The cells as a publication of the form set asked about would carry them."""
        return {address: text for address, text in self.cells.items() if address not in self.left_out}


@dataclass(frozen=True, slots=True)
class RejudgedPage:
    """What became of a page of filings."""

    judged: int
    changed: int
    skipped: int
    next: str
    """Where the next page begins; empty when there is none."""
    left: int
    """Filings after this page."""


@dataclass(frozen=True, slots=True)
class InputsPage:
    """A page of filings to judge."""

    filings: Sequence[FilingToTry]
    next: str
    """Where the next page begins; empty when there is none."""
    left: int
    """Filings after this page."""


class CampaignFilings(Protocol):
    """The filings of a campaign, page by page, in the forms service."""

    async def rejudge(
        self, document: str, year: int, after: str, french: str, english: str, author: str
    ) -> RejudgedPage:
        """Judge a page of open filings again; those whose verdict changes get the notice. Repeats change nothing."""
        ...

    async def inputs(
        self, document: str, year: int, after: str, *, with_signed: bool, form_set: str = ""
    ) -> InputsPage:
        """Return a page of filings; each says what another form set would not take of it, when one is asked about."""
        ...


class FormSets(Protocol):
    """The form sets this server ships."""

    def load(self, version: str) -> FormSet:
        """Return a form set.

        Raises:
            LookupError: this server ships no such version.
        """
        ...


class QueueGauge(Protocol):
    """Where what the queue is like is shown, for people and for autoscaling."""

    def waited(self, kind: RunKind, seconds: float) -> None:
        """Say how long a run waited before it was first taken up."""
        ...

    def waiting(self, count: int, oldest_seconds: float) -> None:
        """Say how many runs wait now, and since when the oldest does."""
        ...


class TransmittedFilings(Protocol):
    """The filings that the authority of this server was sent, as the person who calls may read them."""

    async def require(self, filing_id: UUID) -> None:
        """Let pass, or refuse.

        Raises:
            NotFound: no such filing, or not transmitted: staff must not learn that it exists.
        """
        ...

    async def is_archived(self, filing_id: UUID) -> bool:
        """Tell whether nothing is added to a filing any more.

        Raises:
            NotFound: as above.
        """
        ...


class UnitOfWork(Protocol):
    """One transaction."""

    @property
    def justifications(self) -> Justifications:
        """The justifications."""
        ...

    @property
    def adjustments(self) -> Adjustments:
        """What the authority adjusted."""
        ...

    @property
    def runs(self) -> Runs:
        """The queue."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def publish(self, event: ControlAdjusted) -> None:
        """Tell other services, once the transaction is committed."""
        ...

    async def commit(self) -> None:
        """Make it all true; leaving without it changes nothing."""
        ...


class OpensWork(Protocol):
    """Opens a unit of work."""

    def __call__(self) -> UnitOfWork:
        """Return a unit of work to enter."""
        ...
