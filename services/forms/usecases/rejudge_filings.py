"""Judges open filings again after the authority adjusted a control, and gives filings to try another rule on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from chassis.clock import Clock
from chassis.errors import Invalid
from formsets import FormSet
from formsets.verdicts import verdict_told
from services.forms.domain.activity import Activity
from services.forms.domain.evaluation import Evaluation, PreviousYear
from services.forms.domain.filing import Document, Filing, Step
from services.forms.domain.form_set_change import change_form_set
from services.forms.usecases.evaluating import inputs_and_given, keep, previous_year_of
from services.forms.usecases.ports import Controls, FormSets, OpensWork, UnitOfWork
from services.forms.usecases.publish_form_set import load_known

MOST_FILINGS = 100
MOST_ATTEMPTS = 5
"""To judge a filing that people go on changing meanwhile."""


@dataclass(frozen=True, slots=True)
class RejudgedPage:
    """What became of a page of filings."""

    judged: int
    changed: int
    skipped: int
    next: UUID | None
    """Last filing of the page; None when there is no other page."""
    left: int
    """Filings after this page."""


@dataclass(frozen=True, slots=True)
class FilingInputs:
    """A filing as validation judges it."""

    filing: Filing
    inputs: Mapping[str, str]
    given: Mapping[str, str]
    previous: PreviousYear | None
    left_out: tuple[str, ...] = ()
    """Of the inputs and the given ones, those that the form set asked about does not take."""
    to_choose: int = 0
    """Of these, how many a person would have to choose about."""


@dataclass(frozen=True, slots=True)
class InputsPage:
    """A page of filings by id."""

    filings: Sequence[FilingInputs]
    next: UUID | None
    """Last filing of the page; None when there is no other page."""
    left: int
    """Filings after this page."""


class RejudgeFilings:
    """One transaction a filing; repeats find nothing to change. A filing being signed keeps the verdict it was shown with."""

    def __init__(self, open_work: OpensWork, controls: Controls, form_sets: FormSets, clock: Clock) -> None:
        self._open_work, self._controls, self._form_sets, self._clock = open_work, controls, form_sets, clock

    async def __call__(
        self, document: Document, year: int, after: UUID | None, limit: int, notice: tuple[str, str], author: str
    ) -> RejudgedPage:
        """Judge a page of open filings; those whose verdict changes get the notice, in French and English."""
        limit = min(max(limit, 1), MOST_FILINGS)
        async with self._open_work() as work:
            page = await work.filings.page_of_campaign(document, year, after, limit, with_signed=False)
            last = page[-1].id if page else after
            left = await work.filings.count_of_campaign(document, year, last, with_signed=False)
        outcomes = [await self._judge(filing.id, notice, author) for filing in page]
        return RejudgedPage(
            len(page),
            outcomes.count("changed"),
            outcomes.count("skipped"),
            last if len(page) == limit else None,
            left,
        )

    async def _judge(self, filing_id: UUID, notice: tuple[str, str], author: str) -> str:
        for _ in range(MOST_ATTEMPTS):
            async with self._open_work() as work:
                filing, cells = await work.filings.get(filing_id), await work.cells.of(filing_id)
                form_set = self._form_sets.load(filing.form_set)
                previous = await previous_year_of(work, form_set, filing)
            if not _can_be_judged(filing):
                return "skipped"
            try:
                inputs, given = inputs_and_given(form_set, filing, cells)
                evaluation = await self._controls.evaluate(filing, inputs, given, previous)
            except Invalid:
                return "skipped"
            # The row is locked after the judgement: nobody's save waits while a campaign waits for its turn.
            outcome = await self._keep(filing, evaluation, notice, author)
            if outcome:
                return outcome
        return "judged"  # by those saves: each but the first began after the decision

    async def _keep(self, judged: Filing, evaluation: Evaluation, notice: tuple[str, str], author: str) -> str:
        """Return what became of the filing; nothing when somebody changed it since it was judged."""
        filing_id = judged.id
        async with self._open_work() as work:
            filing = await work.filings.get_for_change(filing_id)
            if not _can_be_judged(filing):
                return "skipped"
            if filing.revision != judged.revision:
                return ""
            form_set, now = self._form_sets.load(filing.form_set), self._clock.now()
            written = await keep(work, form_set, filing, evaluation, author, now)
            has_changed = written.filing.verdict is not filing.verdict
            if has_changed:
                changed = {
                    language: " → ".join(verdict_told(one.verdict, language).word for one in (filing, written.filing))
                    for language in ("fr", "en")
                }
                french = f"{notice[0]} Verdict : {changed['fr']}."
                english = f"{notice[1]} Verdict: {changed['en']}."
                await work.activities.add(Activity(filing_id, now, author, "FILING_REJUDGED", french, english))
            await work.commit()
        return "changed" if has_changed else "judged"


def _can_be_judged(filing: Filing) -> bool:
    return filing.lock is None and filing.step <= Step.SIGNATURE


class ListInputs:
    """Reads only."""

    def __init__(self, open_work: OpensWork, form_sets: FormSets) -> None:
        self._open_work, self._form_sets = open_work, form_sets

    async def __call__(
        self, document: Document, year: int, after: UUID | None, limit: int, *, with_signed: bool, form_set: str = ""
    ) -> InputsPage:
        """Return a page of filings by id, each with what another form set would not take of it when one is asked about.

        Raises:
            CampaignMalformed: this server does not have that form set.
        """
        limit = min(max(limit, 1), MOST_FILINGS)
        tried = load_known(self._form_sets, form_set) if form_set else None
        async with self._open_work() as work:
            page = await work.filings.page_of_campaign(document, year, after, limit, with_signed=with_signed)
            last = page[-1].id if page else after
            left = await work.filings.count_of_campaign(document, year, last, with_signed=with_signed)
            found = [await self._inputs(work, filing, tried) for filing in page]
        return InputsPage(found, last if len(page) == limit else None, left)

    async def _inputs(self, work: UnitOfWork, filing: Filing, tried: FormSet | None) -> FilingInputs:
        form_set, cells = self._form_sets.load(filing.form_set), await work.cells.of(filing.id)
        previous = await previous_year_of(work, form_set, filing)
        inputs = FilingInputs(filing, *inputs_and_given(form_set, filing, cells), previous)
        if tried is None:
            return inputs
        change = change_form_set(form_set, tried, filing.document, filing.year, cells.values())
        return replace(
            inputs, left_out=tuple(one.cell.address for one in change.unfit), to_choose=len(change.to_choose)
        )
