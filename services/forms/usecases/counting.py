"""Counts what people see beside a filing: how far it is filled, what waits for a choice, what it lacks to be signed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from chassis.clock import day_in_paris
from services.forms.domain.activity import MOST_NOTICES, NOTICES_LAST, Activity
from services.forms.domain.addressing import fillable
from services.forms.domain.evaluation import Finding
from services.forms.domain.filing import Document, Filing
from services.forms.domain.review import CellToReview
from services.forms.domain.shortcomings import Progress, shortcomings
from services.forms.usecases.ports import CellCounts, FormSets, UnitOfWork


@dataclass(frozen=True, slots=True)
class FilingCard:
    """A filing with what is counted about it."""

    filing: Filing
    filled: int
    fillable: int
    conflicts: Sequence[str] = ()
    lacking: Sequence[Finding] = ()
    """Controls of the workflow that do not hold."""
    to_review: Sequence[CellToReview] = ()
    """Named by who returned the filing or asked about it, and not changed or answered since."""
    set_aside: int = 0
    """Values that a form set did not take and that wait for a choice."""
    notices: Sequence[Activity] = ()
    """What its people are to find said when they come back, newest first."""


async def card_of(work: UnitOfWork, form_sets: FormSets, filing: Filing, at: datetime) -> FilingCard:
    """Return the card of a filing as it stands in this transaction, at this moment."""
    return (await cards_of(work, form_sets, [filing], at))[0]


async def cards_of(work: UnitOfWork, form_sets: FormSets, filings: Sequence[Filing], at: datetime) -> list[FilingCard]:
    """Return cards in the same order; one query for each form set and document, not for each filing."""
    cards: dict[object, FilingCard] = {}
    ids = [filing.id for filing in filings]
    to_review, waiting = await work.to_review.left(ids), await work.set_aside.waiting(ids)
    for (version, document), group in groupby(sorted(filings, key=_kind), key=_kind):
        form_set = form_sets.load(version)
        places = fillable(form_set, Document(document))
        alike = list(group)
        unsigned = [filing.id for filing in alike if not filing.is_closed_by_signature]
        counts = await work.filings.counts([filing.id for filing in alike], places, unsigned)
        for filing in alike:
            counted = counts.get(filing.id, CellCounts())
            lacking = shortcomings(form_set, filing, await _progress(work, filing, counted), day_in_paris(at))
            named = [cell for cell in to_review if cell.filing_id == filing.id]
            counts_of = counted.filled, len(places), counted.conflicts
            cards[filing.id] = FilingCard(filing, *counts_of, lacking, named, waiting.get(filing.id, 0))
    return [cards[filing.id] for filing in filings]


async def with_notices(work: UnitOfWork, cards: Sequence[FilingCard], at: datetime) -> list[FilingCard]:
    """Return the cards with what happened to their filings lately; for pages, which a save does not show."""
    found = await work.activities.notices([card.filing.id for card in cards], at - NOTICES_LAST)
    return [
        replace(card, notices=[one for one in found if one.filing_id == card.filing.id][:MOST_NOTICES])
        for card in cards
    ]


def _kind(filing: Filing) -> tuple[str, str]:
    return filing.form_set, str(filing.document)


async def _progress(work: UnitOfWork, filing: Filing, counted: CellCounts) -> Progress:
    if filing.is_closed_by_signature:
        return Progress((), "")
    attached = await work.attachments.of(filing.id) if filing.demanded else ()
    return Progress(counted.saved, counted.approved_on, filing.demanded, attached)
