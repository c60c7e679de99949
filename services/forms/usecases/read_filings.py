"""Reads filings: what the people of a body see, and what the authority's staff see once it is transmitted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.clock import Clock, day_in_paris
from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.activity import TOLD_TO_AUTHORITY, Activity
from services.forms.domain.addressing import place_of
from services.forms.domain.campaign import Campaign
from services.forms.domain.cell import Cell
from services.forms.domain.errors import BodyUnknown, FilingUnknown
from services.forms.domain.filing import Body, Document, Filing
from services.forms.domain.snapshot import Snapshot
from services.forms.domain.transmitted import TransmittedFilter
from services.forms.usecases.counting import FilingCard, card_of, cards_of, with_notices
from services.forms.usecases.permitting import READ, require_on
from services.forms.usecases.ports import Bodies, FormSets, OpensWork

MOST_ACTIVITIES = 200
"""Of a page."""
USUAL_TRANSMITTED, MOST_TRANSMITTED = 50, 200
"""Filings of a page: when nobody says how many, and at most."""
EVERY_FILING = TransmittedFilter()


@dataclass(frozen=True, slots=True)
class Openable:
    """A document that a body may open now."""

    body: Body
    campaign: Campaign


@dataclass(frozen=True, slots=True)
class Tryable:
    """A form set in trial that a body may try, with the figures of a document and year."""

    body: Body
    document: Document
    year: int
    form_set: str


class ListFilings:
    """Lists the filings of the bodies the caller may read, and what could be opened.

    Body by body: a right on the whole server opens nothing here, since its holder is staff, who sees a filing only once
    it is transmitted (T-26).
    """

    def __init__(self, open_work: OpensWork, bodies: Bodies, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._bodies, self._form_sets, self._clock = open_work, bodies, form_sets, clock

    async def __call__(self, caller: Caller, siren: str) -> tuple[list[FilingCard], list[Openable], list[Tryable]]:
        """Return cards, newest year first, documents to open, and form sets to try.

        Raises:
            BodyUnknown: the caller may not know the body asked for.
        """
        sirens = caller.scopes(READ) - {EVERY_SCOPE}
        if siren and siren not in sirens:
            raise BodyUnknown
        sirens = frozenset({siren}) if siren else sirens
        bodies = [body for body in await self._bodies.of_caller(caller) if body.siren in sirens]
        async with self._open_work() as work:
            filings = await work.filings.of_bodies(sirens)
            now = self._clock.now()
            cards = await with_notices(work, await cards_of(work, self._form_sets, filings, now), now)
            today = day_in_paris(now)
            campaigns = await work.campaigns.open_on(today)
            given = await work.campaigns.extensions_of(sirens)
            extended = {(one.document, one.year, one.siren): one.due_on for one in given}
            on_trial = await work.form_set_states.on_trial()
        held = {(f.body.siren, f.document, f.year) for f in filings if not f.is_trial}
        openable = [
            Openable(body, campaign)
            for body in bodies
            for campaign in campaigns
            if campaign.is_open(body.family, today, extended.get((campaign.document, campaign.year, body.siren)))
            and (body.siren, campaign.document, campaign.year) not in held
            and caller.may("filing.open", body.siren)
        ]
        opening = [body for body in bodies if caller.may("filing.open", body.siren)]
        return cards, openable, tryable(opening, filings, [one.campaign for one in openable], on_trial)


def tryable(
    bodies: Sequence[Body], filings: Sequence[Filing], campaigns: Sequence[Campaign], on_trial: Sequence[str]
) -> list[Tryable]:
    """Return what these bodies may try: the year of each document that they filed last, else of the campaign under way.

    What is tried already is left out.
    """
    newest: dict[tuple[str, Document], int] = {}
    for filing in filings:
        if not filing.is_trial:
            place = filing.body.siren, filing.document
            newest[place] = max(filing.year, newest.get(place, 0))
    tried = {(f.body.siren, f.document, f.form_set) for f in filings if f.is_trial}
    return [
        Tryable(body, document, year, form_set)
        for body in bodies
        for document in Document
        if (year := newest.get((body.siren, document)) or _under_way(campaigns, document))
        for form_set in on_trial
        if (body.siren, document, form_set) not in tried
    ]


def _under_way(campaigns: Sequence[Campaign], document: Document) -> int:
    return max((campaign.year for campaign in campaigns if campaign.document is document), default=0)


class GetFiling:
    """Returns one filing with its cells and computed cells."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._form_sets, self._clock = open_work, form_sets, clock

    async def __call__(self, caller: Caller, filing_id: UUID) -> tuple[FilingCard, dict[str, Cell], dict[str, str]]:
        """Return the card, the input cells and the computed ones.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            cells = await work.cells.of(filing_id)
            computed = await work.cells.computed(filing_id)
            now = self._clock.now()
            (card,) = await with_notices(work, [await card_of(work, self._form_sets, filing, now)], now)
        return card, cells, computed


class GetCellHistory:
    """Returns every version a cell has had."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(self, caller: Caller, filing_id: UUID, address: str) -> list[Cell]:
        """Return the versions, newest first; none for a cell that never had a value.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            place = place_of(self._form_sets.load(filing.form_set), filing.document, address)
            return await work.cells.history(filing_id, place.address)


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """What happened to a filing, newest first."""

    activities: Sequence[Activity]
    next: int
    """Number to begin before on the next page; 0 when there is none."""


class ListActivity:
    """Returns what happened to a filing, page by page: what happens meanwhile comes before the first and moves no other."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(
        self, caller: Caller, filing_id: UUID, before: int = 0, limit: int = MOST_ACTIVITIES
    ) -> ActivityPage:
        """Return the last activities, or those before a number; `MOST_ACTIVITIES` at most and when `limit` is not positive.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        limit = min(limit, MOST_ACTIVITIES) if limit > 0 else MOST_ACTIVITIES
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            require_on(caller, READ, filing)
            found = await work.activities.page(filing_id, before, limit + 1)
        page = found[:limit]
        return ActivityPage(page, page[-1].number if len(found) > limit else 0)


@dataclass(frozen=True, slots=True)
class TransmittedPage:
    """Transmitted filings, newest year first, then by name of the body."""

    filings: Sequence[Filing]
    next: UUID | None
    """The filing that the next page comes after; None when there is none."""


class ListTransmittedFilings:
    """Lists what bodies have transmitted to the authority of this server; before that its staff see nothing (T-26)."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(
        self, caller: Caller, wanted: TransmittedFilter = EVERY_FILING, after: UUID | None = None, limit: int = 0
    ) -> TransmittedPage:
        """Return a page of the filings signed at least once, after one of them; the usual number when `limit` is not positive."""
        caller.require("staff.read", EVERY_SCOPE)
        limit = min(limit, MOST_TRANSMITTED) if limit > 0 else USUAL_TRANSMITTED
        async with self._open_work() as work:
            found = await work.filings.transmitted(wanted, after, limit + 1)
        page = found[:limit]
        # Reopened: what the controls say of it now is of a draft, for the body alone.
        shown = [filing if filing.is_closed_by_signature else replace(filing, verdict=None) for filing in page]
        return TransmittedPage(shown, page[-1].id if len(found) > limit else None)


class GetTransmittedFiling:
    """Returns a transmitted filing as it was signed, not as it may be edited since."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID) -> tuple[Filing, Snapshot, list[Activity]]:
        """Return the filing, the snapshot that was signed, and what happened to it since, newest first.

        Raises:
            FilingUnknown: no such filing, or not transmitted: staff must not learn that it exists.
        """
        caller.require("staff.read", EVERY_SCOPE)
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            if not filing.signed_version:
                raise FilingUnknown
            snapshot = await work.snapshots.get_signed(filing_id, filing.signed_version)
            told = await work.activities.of(filing_id, TOLD_TO_AUTHORITY)
            return replace(filing, verdict=snapshot.verdict), snapshot, told
