"""Says what giving another form set to the open filings of a campaign would do, and changes nothing (F9)."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace

from chassis.errors import Exhausted, Invalid, Unavailable
from chassis.identity import EVERY_SCOPE, Caller
from formsets import FormSet
from services.forms.domain.errors import NoCampaign
from services.forms.domain.filing import Document, Filing
from services.forms.domain.form_set_change import JudgedChange, change_form_set, is_open, judged
from services.forms.domain.form_set_life import is_applicable
from services.forms.domain.form_set_preview import FormSetPreview, certain
from services.forms.domain.publication import Publication
from services.forms.usecases.evaluating import evaluate
from services.forms.usecases.ports import Controls, FormSets, OpensWork
from services.forms.usecases.publish_form_set import MANAGE, load_known

MOST_JUDGED = 50
"""Filings that a preview evaluates; a trial in the queue evaluates all of them (F12)."""
JUDGING_SECONDS = 10.0
"""After which it begins no other: somebody waits for the page."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What publishing would do."""

    found: FormSetPreview
    untouched: int
    """Signed filings, which keep their form set."""
    is_applicable: bool = True
    """False when exercices of that year are filed with another form set (F-28)."""
    in_force: Publication | None = None
    """The last publication that was not taken back."""


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

    async def __call__(self, caller: Caller, document: Document, year: int, form_set: str) -> Preview:
        """Return counts, without any filing's name or figure.

        Raises:
            Forbidden: the caller lacks `campaign.manage`.
            CampaignMalformed: this server does not have that form set.
            NoCampaign: there is no such campaign here.
        """
        caller.require(MANAGE, EVERY_SCOPE)
        after = load_known(self._form_sets, form_set)
        found = FormSetPreview()
        async with self._open_work() as work:
            if await work.campaigns.find(document, year) is None:
                raise NoCampaign(f"Aucune campagne {document} {year} sur ce serveur.")
            are_open = await work.filings.open_by_form_set(document, year)
            all_there_are = await work.filings.count_of_campaign(document, year, None, with_signed=True)
            for version, filings in are_open.items():
                if version != form_set:
                    before = self._form_sets.load(version)
                    sure = certain(before, after, document)
                    cells = await work.cells.filled_in_campaign(document, year, version, sure)
                    found.add_filings(before, after, document, year, filings, cells)
            published = await work.publications.of(document, year)
        await self._judge_some(found, document, year, after)
        in_force = next((one for one in published if not one.is_undone), None)
        return Preview(found, all_there_are - sum(are_open.values()), is_applicable(after, year), in_force)

    async def _judge_some(self, found: FormSetPreview, document: Document, year: int, after: FormSet) -> None:
        until = self._seconds() + JUDGING_SECONDS
        async for filing in self._first_ones(document, year, after.version):
            if self._seconds() >= until:
                return
            try:
                found.add_judged(await self._judge(filing, after))
            except Invalid:
                # A cell that validation cannot read, kept from an earlier release: the others say enough.
                continue
            except (Exhausted, Unavailable):
                return  # people's filings go first, and the counts stand without verdicts

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
            change = change_form_set(before, after, filing.document, filing.year, cells.values())
            aside = {one.cell.address for one in change.unfit}
            kept = {address: cell for address, cell in cells.items() if address not in aside}
            moved = replace(filing, form_set=after.version)
            return judged(
                await evaluate(work, self._controls, before, filing, cells),
                await evaluate(work, self._controls, after, moved, kept),
            )
