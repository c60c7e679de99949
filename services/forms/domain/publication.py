"""A form set given to the open filings of a campaign, filing after filing, and taken back the same way (F9, ADR 0013).

What is left to do is read from the filings themselves, so that it may stop anywhere and go on. It is done under a lease,
with a token that grows each time the work is given out or turned round: what a worker that was thought dead does later,
under an old token, is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile
from uuid import UUID

from services.forms.domain.errors import PublicationUnderWay
from services.forms.domain.filing import Document

MOST_ATTEMPTS = 5
"""A filing on which it failed this often is put aside, and a publication whose workers died this often without one more
filing done is given up, until it is asked for again."""
FIRST_DELAY = timedelta(seconds=15)
"""Before a filing on which it failed is tried again; twice as long each time after."""
WAIT_FOR_OTHERS = timedelta(seconds=15)
"""Before it is tried again once signatures were under way, or another service did not answer."""
USUAL_SECONDS = 0.15
"""A filing takes, before any of this publication has been done."""
SIGNATURES_UNDER_WAY = "SIGNATURE_UNDER_WAY"
"""Of one that waits: filings are being signed; of one that is given up: they were, and no signature came."""
NEVER_ENDED = "NEVER_ENDED"
"""Its workers died without a word."""


class PublicationState(StrEnum):
    """Where the work of a publication is: of giving its form set, or of taking it back once that was asked."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FailedFiling:
    """One filing on which a publication failed for a reason of that filing's own; it stays as it is, and the rest goes on."""

    filing_id: UUID
    attempts: int
    why: str
    """Reason of the last attempt."""
    at: datetime
    due_at: datetime | None
    """When it is tried again; None for one that is put aside until the publication is asked for again."""

    def is_due(self, at: datetime) -> bool:
        """Tell whether it is to be tried again."""
        return self.due_at is not None and self.due_at <= at


@dataclass(frozen=True, slots=True)
class Publication:
    """A form set given to the open filings of a campaign."""

    id: UUID
    document: Document
    year: int
    before: str
    """Form set of the campaign before."""
    after: str
    author: str
    at: datetime
    is_undone: bool = False
    """True from when it is taken back: its work is then to put the filings back."""
    undone_by: str = ""
    state: PublicationState = PublicationState.WAITING
    token: int = 0
    """Grows each time the work is given out or turned round."""
    attempts: int = 0
    """Since a filing was last done."""
    asked_at: datetime | None = None
    """When this work was asked for, which is its place among others; None for one of an earlier release."""
    due_at: datetime | None = None
    """When it may be taken up: now, after a wait, or when the lease of its worker runs out; None for one that is over."""
    finished_at: datetime | None = None
    failure: str = ""
    """Reason of the last attempt that failed; empty once it went on."""
    failed: tuple[FailedFiling, ...] = ()
    """Filings on which it failed since it was asked for."""

    @property
    def is_under_way(self) -> bool:
        """Whether somebody still works on it, or will by himself."""
        return self.state in (PublicationState.WAITING, PublicationState.RUNNING)

    def is_before(self, other: "Publication") -> bool:
        """Tell whether its work was asked for earlier."""
        return (self.asked_at or self.at, self.id) < (other.asked_at or other.at, other.id)

    def is_superseded(self, published: Sequence["Publication"]) -> bool:
        """Tell whether a later one of its campaign is in force; they come newest first."""
        newer = takewhile(lambda one: one.id != self.id, published)
        return any((one.document, one.year) == (self.document, self.year) and not one.is_undone for one in newer)

    def is_done_with(self, form_set: str) -> bool:
        """Tell whether a filing under this form set needs nothing more."""
        return (form_set == self.after) is not self.is_undone

    def require_over(self) -> None:
        """Let another change of form set begin on its campaign.

        Raises:
            PublicationUnderWay: it is being published, or taken back.
        """
        if self.is_under_way:
            raise PublicationUnderWay

    def asked(self, at: datetime) -> "Publication":
        """Return it waiting to be worked on."""
        return replace(
            self,
            state=PublicationState.WAITING,
            attempts=0,
            asked_at=at,
            due_at=at,
            finished_at=None,
            failure="",
            failed=(),
        )

    def taken_back(self, by: str, at: datetime) -> "Publication":
        """Return it turned round: whoever is still publishing it does nothing more."""
        return replace(self.asked(at), is_undone=True, undone_by=by, token=self.token + 1)

    def went_on(self, filing_id: UUID, until: datetime) -> "Publication":
        """Return it after one more filing, held until then."""
        return replace(self, attempts=0, due_at=until, failure="", failed=self._failed_but(filing_id))

    def failed_on(self, filing_id: UUID, why: str, at: datetime, until: datetime) -> "Publication":
        """Return it after one more attempt at a filing that failed, held until then."""
        known = self._failure_on(filing_id)
        attempts = known.attempts + 1 if known else 1
        due_at = at + FIRST_DELAY * float(2 ** (attempts - 1)) if attempts < MOST_ATTEMPTS else None
        failed = (*self._failed_but(filing_id), FailedFiling(filing_id, attempts, why, at, due_at))
        return replace(self, attempts=0, due_at=until, failed=failed)

    def is_wary_of(self, filing_id: UUID) -> bool:
        """Tell whether a worker may have died of this filing, so that the attempt is to be kept before it is made."""
        return self.attempts > 1 or self._failure_on(filing_id) is not None

    def _failure_on(self, filing_id: UUID) -> FailedFiling | None:
        return next((one for one in self.failed if one.filing_id == filing_id), None)

    def _failed_but(self, filing_id: UUID) -> tuple[FailedFiling, ...]:
        return tuple(one for one in self.failed if one.filing_id != filing_id)

    def done(self, at: datetime) -> "Publication":
        """Return it with nothing left to do."""
        return replace(self, state=PublicationState.DONE, due_at=None, finished_at=at, failure="")

    def waits_for_others(self, why: str, at: datetime) -> "Publication":
        """Return it waiting for what is no fault of its own, however long that takes."""
        due_at = at + WAIT_FOR_OTHERS
        return replace(self, state=PublicationState.WAITING, attempts=0, due_at=due_at, failure=why)

    def waits_until(self, due_at: datetime, why: str) -> "Publication":
        """Return it waiting for the next attempt at a filing on which it failed."""
        return replace(self, state=PublicationState.WAITING, attempts=0, due_at=due_at, failure=why)

    def given_up(self, why: str, at: datetime) -> "Publication":
        """Return it stopped, with filings left, until it is asked for again."""
        return replace(self, state=PublicationState.FAILED, due_at=None, finished_at=at, failure=why)


@dataclass(frozen=True, slots=True)
class ChangedFiling:
    """One filing that a publication changed."""

    publication_id: UUID
    filing_id: UUID
    before: str
    """Form set of the filing before."""
    is_undone: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a publication is, or its taking back."""

    done: int
    left: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A publication and how far it is."""

    publication: Publication
    tally: Tally
    place: int = 0
    """Among the publications to do, from 1; 0 for one that is over."""
    seconds: float = 0.0
    """Until it is done, as far as can be told; 0 for one that is over."""
    is_superseded: bool = False
    """Whether a later one of its campaign is in force: that one must be taken back before anything is done about this one."""


def seconds_left(publication: Publication, tally: Tally, at: datetime) -> float:
    """Return how long it still takes: at its own pace once it has shown one, else as usual."""
    has_pace = publication.state is PublicationState.RUNNING and tally.done and publication.asked_at is not None
    if not has_pace:
        return USUAL_SECONDS * tally.left
    assert publication.asked_at is not None
    return (at - publication.asked_at).total_seconds() / tally.done * tally.left
