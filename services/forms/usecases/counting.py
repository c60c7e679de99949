"""Counts what people see beside a filing: how far it is filled, and what waits for a choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from services.forms.domain.addressing import fillable
from services.forms.domain.filing import Document, Filing
from services.forms.domain.review import CellToReview
from services.forms.usecases.ports import FormSets, UnitOfWork


@dataclass(frozen=True, slots=True)
class FilingCard:
    """A filing with what is counted about it."""

    filing: Filing
    filled: int
    fillable: int
    conflicts: Sequence[str] = ()
    to_review: Sequence[CellToReview] = ()
    """Named by who returned the filing or asked about it, and not changed or answered since."""


async def card_of(work: UnitOfWork, form_sets: FormSets, filing: Filing) -> FilingCard:
    """Return the card of a filing as it stands in this transaction."""
    return (await cards_of(work, form_sets, [filing]))[0]


async def cards_of(work: UnitOfWork, form_sets: FormSets, filings: Sequence[Filing]) -> list[FilingCard]:
    """Return cards in the same order; one query for each form set and document, not for each filing."""
    cards: dict[object, FilingCard] = {}
    to_review = await work.to_review.left([filing.id for filing in filings])
    for (version, document), group in groupby(sorted(filings, key=_kind), key=_kind):
        places = fillable(form_sets.load(version), Document(document))
        alike = list(group)
        counts = await work.filings.counts([filing.id for filing in alike], places)
        for filing in alike:
            filled, conflicts = counts.get(filing.id, (0, []))
            named = [cell for cell in to_review if cell.filing_id == filing.id]
            cards[filing.id] = FilingCard(filing, filled, len(places), conflicts, named)
    return [cards[filing.id] for filing in filings]


def _kind(filing: Filing) -> tuple[str, str]:
    return filing.form_set, str(filing.document)
