"""Open filings judged again after a control was adjusted."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

import formsets
from services.forms.domain.evaluation import Evaluation, PreviousYear
from services.forms.domain.filing import Document, Filing, Lock, Step, Verdict
from services.forms.usecases.rejudge_filings import RejudgeFilings
from tests.support.forms import NOON, CannedControls, Forms, a_filing, a_forms

NOTICE = ("Le contrôle A-06 est retiré : parce que.", "Control A-06 is withdrawn: because.")


async def rejudged(**changes: object):  # type: ignore[no-untyped-def]
    forms = a_forms(lambda _: CannedControls(Verdict.CLEAN))
    filing = replace(a_filing(), verdict=Verdict.TO_JUSTIFY, rule_set="rules-0", **changes)  # type: ignore[arg-type]
    await forms.keep(filing)
    page = await forms.use.rejudge_filings(Document(filing.document), filing.year, None, 20, NOTICE, "Alex Agent")
    return forms, page


async def test_a_filing_whose_verdict_changes_gets_a_notice_with_the_reason() -> None:
    forms, page = await rejudged()

    (activity,) = forms.store.kept.activities
    assert (page.judged, page.changed, page.skipped, page.next) == (1, 1, 0, None)
    assert (forms.filing.verdict, forms.filing.rule_set) == (Verdict.CLEAN, "rules-1")
    assert activity.fr == f"{NOTICE[0]} Verdict : à justifier → sans anomalie."
    assert (activity.author, activity.kind) == ("Alex Agent", "FILING_REJUDGED")


async def test_judging_again_what_was_judged_again_changes_nothing() -> None:
    forms, _ = await rejudged()
    revision = forms.filing.revision
    page = await forms.use.rejudge_filings(
        Document(forms.filing.document), forms.filing.year, None, 20, NOTICE, "Alex Agent"
    )

    assert (page.judged, page.changed) == (1, 0)
    assert forms.filing.revision == revision
    assert len(forms.store.kept.activities) == 1


async def test_a_filing_being_signed_keeps_the_verdict_it_was_shown_with() -> None:
    forms, page = await rejudged(step=Step.SIGNATURE, lock=Lock("intent-1", NOON + timedelta(minutes=1)))

    assert (page.changed, page.skipped) == (0, 1)
    assert forms.filing.verdict is Verdict.TO_JUSTIFY


class BusyFiler(CannedControls):
    """Somebody saves while each of the first judgements is under way."""

    def __init__(self, forms: Forms, saves: int) -> None:
        super().__init__(Verdict.CLEAN)
        self._forms, self._saves = forms, saves

    async def evaluate(
        self,
        filing: Filing,
        inputs: Mapping[str, str],
        given: Mapping[str, str],
        previous: PreviousYear | None = None,
    ) -> Evaluation:
        found = await super().evaluate(filing, inputs, given, previous)
        if self.evaluated <= self._saves:
            async with self._forms.store() as work:
                present = await work.filings.get_for_change(filing.id)
                await work.filings.save(present.edited(NOON, Verdict.BLOCKED, f"saved-{self.evaluated}"))
                await work.commit()
        return found


@pytest.mark.parametrize(("saves", "outcome"), [(2, ("rules-1", 1)), (9, ("saved-5", 0))])
async def test_nobodys_save_waits_for_a_judgement_nor_is_overwritten_by_one(
    saves: int, outcome: tuple[str, int]
) -> None:
    forms = a_forms(lambda _: CannedControls())
    filing = await forms.keep(replace(a_filing(), verdict=Verdict.TO_JUSTIFY, rule_set="rules-0"))
    controls = BusyFiler(forms, saves)

    rejudge = RejudgeFilings(forms.store, controls, formsets, forms.clock)  # type: ignore[arg-type]
    page = await rejudge(Document(filing.document), filing.year, None, 20, NOTICE, "Alex Agent")

    assert (forms.filing.rule_set, page.changed) == outcome


async def test_a_signed_filing_is_not_judged_again() -> None:
    forms, page = await rejudged(step=Step.REVIEW, signed_version=1)

    assert page.judged == 0
    assert forms.filing.verdict is Verdict.TO_JUSTIFY


async def test_pages_go_on_from_the_last_filing() -> None:
    forms, _ = await rejudged()
    kind = Document(forms.filing.document)
    first = await forms.use.list_inputs(kind, forms.filing.year, None, 1, with_signed=False)
    rest = await forms.use.list_inputs(kind, forms.filing.year, first.next, 1, with_signed=False)

    assert ([one.filing.id for one in first.filings], first.next, first.left) == ([forms.filing.id], forms.filing.id, 0)
    assert (rest.filings, rest.next, rest.left) == ([], None, 0)
