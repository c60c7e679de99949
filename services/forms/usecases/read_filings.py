"""Reads filings: what the people of a body see, and what the authority's staff see once it is transmitted."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.identity import EVERY_SCOPE, Caller
from services.forms.domain.activity import Activity
from services.forms.domain.campaign import Campaign
from services.forms.domain.cell import Cell
from services.forms.domain.errors import FilingUnknown
from services.forms.domain.filing import Body, Filing
from services.forms.domain.snapshot import Snapshot
from services.forms.usecases.ports import Bodies, OpensWork


@dataclass(frozen=True, slots=True)
class FilingCard:
    """A filing with what is counted about it."""

    filing: Filing
    filled: int
    conflicts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Openable:
    """A document that a body may open now."""

    body: Body
    campaign: Campaign


class ListFilings:
    """Lists the filings of the bodies the caller may read, and what could be opened."""

    def __init__(self, open_work: OpensWork, bodies: Bodies, clock: Clock) -> None:
        self._open_work, self._bodies, self._clock = open_work, bodies, clock

    async def __call__(self, caller: Caller, siren: str) -> tuple[list[FilingCard], list[Openable]]:
        """Return cards, newest year first, and openable documents.

        Raises:
            NotFound: the caller may not know the body asked for.
        """
        if siren:
            caller.require("filing.read", siren)
        bodies = [b for b in await self._bodies.of_caller(caller) if not siren or b.siren == siren]
        scopes = caller.scopes("filing.read")
        sirens = frozenset({siren}) if siren else None if EVERY_SCOPE in scopes else scopes
        async with self._open_work() as work:
            filings = await work.filings.of_bodies(sirens)
            counts = await work.filings.counts([filing.id for filing in filings])
            campaigns = await work.campaigns.open_on(self._clock.now().date())
        held = {(f.body.siren, f.document, f.year) for f in filings}
        openable = [
            Openable(body, campaign)
            for body in bodies
            for campaign in campaigns
            if campaign.concerns(body.family)
            and (body.siren, campaign.document, campaign.year) not in held
            and caller.may("filing.open", body.siren)
        ]
        return [FilingCard(f, *counts.get(f.id, (0, []))) for f in filings], openable


class GetFiling:
    """Returns one filing with its cells and computed cells."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID) -> tuple[FilingCard, dict[str, Cell], dict[str, str]]:
        """Return the card, the input cells and the computed ones.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            caller.require("filing.read", filing.body.siren)
            cells = await work.cells.of(filing_id)
            computed = await work.cells.computed(filing_id)
            counts = await work.filings.counts([filing_id])
        return FilingCard(filing, *counts.get(filing_id, (0, []))), cells, computed


class GetCellHistory:
    """Returns every version a cell has had."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID, address: str) -> list[Cell]:
        """Return the versions, newest first; none for a cell that never had a value.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            caller.require("filing.read", filing.body.siren)
            return await work.cells.history(filing_id, address)


class ListActivity:
    """Returns what happened to a filing."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID) -> list[Activity]:
        """Return activities, newest first, at most two hundred.

        Raises:
            FilingUnknown: no such filing for this caller.
        """
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            caller.require("filing.read", filing.body.siren)
            return await work.activities.of(filing_id)


class ListTransmittedFilings:
    """Lists what bodies have transmitted to the authority of this server; before that its staff see nothing (T-26)."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, year: int) -> list[Filing]:
        """Return the filings signed at least once."""
        caller.require("staff.read", EVERY_SCOPE)
        async with self._open_work() as work:
            return await work.filings.transmitted(year)


class GetTransmittedFiling:
    """Returns a transmitted filing as it was signed, not as it may be edited since."""

    def __init__(self, open_work: OpensWork) -> None:
        self._open_work = open_work

    async def __call__(self, caller: Caller, filing_id: UUID) -> tuple[Filing, Snapshot]:
        """Return the filing and the snapshot that was signed.

        Raises:
            FilingUnknown: no such filing, or not transmitted: staff must not learn that it exists.
        """
        caller.require("staff.read", EVERY_SCOPE)
        async with self._open_work() as work:
            filing = await work.filings.get(filing_id)
            if not filing.signed_version:
                raise FilingUnknown
            return filing, await work.snapshots.get_signed(filing_id, filing.signed_version)
