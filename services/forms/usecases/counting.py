"""Counts what people see beside a filing: how far it is filled, and what waits for a choice."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from services.forms.domain.addressing import fillable
from services.forms.domain.filing import Document, Filing
from services.forms.usecases.ports import FormSets, UnitOfWork


@dataclass(frozen=True, slots=True)
class FilingCard:
    """A filing with what is counted about it."""

    filing: Filing
    filled: int
    fillable: int
    conflicts: Sequence[str] = ()


async def card_of(work: UnitOfWork, form_sets: FormSets, filing: Filing) -> FilingCard:
    """Return the card of a filing as it stands in this transaction."""
    return (await cards_of(work, form_sets, [filing]))[0]


async def cards_of(work: UnitOfWork, form_sets: FormSets, filings: Sequence[Filing]) -> list[FilingCard]:
    """Return cards in the same order; one query for each form set and document, not for each filing."""
    cards: dict[object, FilingCard] = {}
    for (version, document), group in groupby(sorted(filings, key=_kind), key=_kind):
        places = fillable(form_sets.load(version), Document(document))
        alike = list(group)
        counts = await work.filings.counts([filing.id for filing in alike], places)
        for filing in alike:
            filled, conflicts = counts.get(filing.id, (0, []))
            cards[filing.id] = FilingCard(filing, filled, len(places), conflicts)
    return [cards[filing.id] for filing in filings]


def _kind(filing: Filing) -> tuple[str, str]:
    return filing.form_set, str(filing.document)
