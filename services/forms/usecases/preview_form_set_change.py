"""Says what giving another form set to the open filings of a campaign would do, and changes nothing (F9)."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.errors import Exhausted, Failure, Unavailable
from chassis.identity import EVERY_SCOPE, Caller
from formsets import FormSet
from services.forms.domain.cell import Cell
from services.forms.domain.errors import NoCampaign
from services.forms.domain.evaluation import moved_between
from services.forms.domain.filing import Document, Filing
from services.forms.domain.form_set_change import JudgedChange, change_form_set, is_open, judged
from services.forms.domain.form_set_life import is_applicable
from services.forms.domain.form_set_preview import AffectedFiling, FilledCells, FormSetPreview, affected, certain
from services.forms.domain.publication import Publication
from services.forms.usecases.evaluating import evaluate
from services.forms.usecases.ports import Controls, FormSets, OpensWork, UnitOfWork
from services.forms.usecases.publish_form_set import MANAGE, load_known

MOST_JUDGED = 50
"""Filings that a preview evaluates; a trial in the queue evaluates all of them (F12)."""
JUDGING_SECONDS = 10.0
"""After which it begins no other: somebody waits for the page."""
USUAL_PAGE, LARGEST_PAGE = 25, 100
"""Filings of a page."""
MOST_CELLS = 5_000
"""To choose, named on a page: with more of them it has fewer filings."""
RECOMPUTING_SECONDS = 5.0
"""After which the rest of a page is not recomputed: somebody waits for it."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing would do."""

    found: FormSetPreview
    untouched: int
    """Signed filings, which keep their form set."""
    already: int = 0
    """Open filings that are under that form set already."""
    is_applicable: bool = True
    """False when exercices of that year are filed with another form set (F-28)."""
    in_force: Publication | None = None
    """The last publication that was not taken back."""


@dataclass(frozen=True, slots=True)
class AffectedPage:
    """A page of the filings that a publication would change, in order of SIREN."""

    filings: Sequence[AffectedFiling]
    next: str
    """SIREN of the last one; empty when there is no other page."""


class PreviewFormSetChange:
    """Counts over all open filings; the first ones are evaluated under both form sets, as many as a person waits for."""

    def __init__(
        self,
        open_work: OpensWork,
        controls: Controls,
        form_sets: FormSets,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_work, self._controls, self._form_sets, self._seconds = open_work, controls, form_sets, seconds

    async def __call__(
        self, caller: Caller, document: Document, year: int, form_set: str, *, is_counted_only: bool = False
    ) -> Preview:
        """Return counts, without any filing's name or figure; with `is_counted_only`, none that takes an evaluation.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: this server does not have that form set.
            NoCampaign: there is no such campaign here.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        after = load_known(self._form_sets, form_set)
        found = FormSetPreview()
        async with self._open_work() as work:
            await _require_campaign(work, document, year)
            are_open = await work.filings.open_by_form_set(document, year)
            all_there_are = await work.filings.count_of_campaign(document, year, None, with_signed=True)
            for version, filings in are_open.items():
                if version != form_set:
                    before = self._form_sets.load(version)
                    sure = certain(before, after, document)
                    cells = await work.cells.filled_in_campaign(document, year, version, sure)
                    found.add_filings(before, after, document, year, filings, cells)
            published = await work.publications.of(document, year)
        if not is_counted_only:
            await self._judge_some(found, document, year, after)
        in_force = next((one for one in published if not one.is_undone), None)
        untouched = all_there_are - sum(are_open.values())
        return Preview(found, untouched, are_open.get(form_set, 0), is_applicable(after, year), in_force)

    async def _judge_some(self, found: FormSetPreview, document: Document, year: int, after: FormSet) -> None:
        until = self._seconds() + JUDGING_SECONDS
        async for filing in self._first_ones(document, year, after.version):
            if self._seconds() >= until:
                return
            try:
                found.add_judged(await self._judge(filing, after))
            except (Exhausted, Unavailable):
                return  # people's filings go first, and the counts stand without verdicts
            except Failure:
                continue  # validation cannot read a cell kept from an earlier release, or fails: the others say enough

    async def _first_ones(self, document: Document, year: int, form_set: str) -> AsyncIterator[Filing]:
        """Yield as many filings that would change as are evaluated at most, by id."""
        after, count = None, 0
        while True:
            async with self._open_work() as work:
                page = await work.filings.page_of_campaign(document, year, after, MOST_JUDGED, with_signed=False)
            for filing in page:
                if is_open(filing) and filing.form_set != form_set and count < MOST_JUDGED:
                    count += 1
                    yield filing
            if len(page) < MOST_JUDGED or count >= MOST_JUDGED:
                return
            after = page[-1].id

    async def _judge(self, filing: Filing, after: FormSet) -> JudgedChange:
        before = self._form_sets.load(filing.form_set)
        async with self._open_work() as work:
            cells = await work.cells.of(filing.id)
            kept = _kept(before, after, filing, cells)
            moved = replace(filing, form_set=after.version)
            return judged(
                await evaluate(work, self._controls, before, filing, cells),
                await evaluate(work, self._controls, after, moved, kept),
            )


class ListAffectedFilings:
    """Names the filings that a publication would change, and says how; never a value, nor what the controls say.

    Cells are looked at in PostgreSQL for a page at once. What is recomputed takes an evaluation of each filing, which whoever
    waits for the page waits for: it is told while that is quick, and left open for the rest of the page.
    """

    def __init__(
        self,
        open_work: OpensWork,
        controls: Controls,
        form_sets: FormSets,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_work, self._controls, self._form_sets, self._seconds = open_work, controls, form_sets, seconds

    async def __call__(
        self, caller: Caller, document: Document, year: int, form_set: str, after: str = "", limit: int = USUAL_PAGE
    ) -> AffectedPage:
        """Return a page of the filings after the SIREN of a body; the usual number of them when `limit` is not positive.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: this server does not have that form set.
            NoCampaign: there is no such campaign here.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        limit = min(limit, LARGEST_PAGE) if limit > 0 else USUAL_PAGE
        given = load_known(self._form_sets, form_set)
        async with self._open_work() as work:
            await _require_campaign(work, document, year)
            found = await work.filings.to_change(document, year, form_set, after, limit + 1)
            page = found[:limit]
            filled = await self._filled(work, page, given)
        shown: list[AffectedFiling] = []
        cells = 0
        for filing in page:
            one = affected(filing, self._form_sets.load(filing.form_set), given, filled[filing.form_set][filing.id])
            cells += len(one.to_choose)
            if shown and cells > MOST_CELLS:
                break
            shown.append(one)
        last = shown[-1].filing.body.siren if len(shown) < len(found) else ""
        return AffectedPage(await self._recomputed(shown, given), last)

    async def _filled(
        self, work: UnitOfWork, page: Sequence[Filing], given: FormSet
    ) -> Mapping[str, Mapping[UUID, FilledCells]]:
        """Return the filled cells of each filing, by the form set it has: what is certain depends on it."""
        found: dict[str, dict[UUID, FilledCells]] = {}
        for version in {filing.form_set for filing in page}:
            theirs = [filing for filing in page if filing.form_set == version]
            sure = certain(self._form_sets.load(version), given, theirs[0].document)
            there = await work.cells.filled([filing.id for filing in theirs], sure)
            found[version] = {filing.id: there.get(filing.id, FilledCells(0, ())) for filing in theirs}
        return found

    async def _recomputed(self, page: Sequence[AffectedFiling], given: FormSet) -> list[AffectedFiling]:
        until, told = self._seconds() + RECOMPUTING_SECONDS, list(page)
        for at, one in enumerate(page):
            if self._seconds() >= until:
                break
            try:
                told[at] = replace(one, recomputed=await self._count_recomputed(one.filing, given))
            except (Exhausted, Unavailable):
                break  # people's filings go first
            except Failure:
                continue  # validation cannot read or judge this one: a publication leaves it out too
        return told

    async def _count_recomputed(self, filing: Filing, given: FormSet) -> int:
        async with self._open_work() as work:
            kept = _kept(self._form_sets.load(filing.form_set), given, filing, await work.cells.of(filing.id))
            computed = await work.cells.computed(filing.id)
            evaluation = await evaluate(work, self._controls, given, replace(filing, form_set=given.version), kept)
        return len(moved_between(computed, evaluation.computed))


async def _require_campaign(work: UnitOfWork, document: Document, year: int) -> None:
    if await work.campaigns.find(document, year) is None:
        raise NoCampaign(f"Aucune campagne {document} {year} sur ce serveur.")


def _kept(before: FormSet, after: FormSet, filing: Filing, cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return the cells without those whose value would be set aside."""
    change = change_form_set(before, after, filing.document, filing.year, cells.values())
    aside = {one.cell.address for one in change.unfit}
    return {address: cell for address, cell in cells.items() if address not in aside}
