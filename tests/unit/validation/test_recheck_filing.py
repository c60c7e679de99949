from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import formsets
from chassis.errors import Invalid
from services.validation.domain.adjustment import Adjustment
from services.validation.service import wire
from services.validation.usecases import UseCases
from services.validation.usecases.judging import Judged
from services.validation.usecases.ports import Subject
from services.validation.usecases.recent_reports import RecentReports
from services.validation.usecases.record_justification import Written
from tests.support.form_sets import sample_cells
from tests.support.hosting import a_stack
from tests.support.validation_fakes import InlineEngine, InMemoryJustifications, Transmitted

FORM_SET = formsets.load("2024.1")
FILING = UUID(int=2024)
NOW = datetime(2025, 5, 2, tzinfo=UTC)
SUBJECT = Subject("2024.1", "ER", FILING, 2024, basis="none")
CELLS = {a: formsets.values.written(v) for a, v in sample_cells("saisie").items() if FORM_SET.document_of(a) == "ER"}
AMOUNTS = sorted(a for a in CELLS if FORM_SET.cell_type(a) in {"M", "MS"})
ONE_CHANGE = st.dictionaries(
    st.sampled_from(AMOUNTS), st.sampled_from(["", "0", "1", "250000"]), min_size=1, max_size=5
)
CHANGES = st.lists(ONE_CHANGE, min_size=1, max_size=4)


def wired(most: int = 8, kept: InMemoryJustifications | None = None) -> UseCases:
    return wire(
        kept or InMemoryJustifications(), InlineEngine(), Transmitted(), formsets, a_stack(), RecentReports(most)
    )


def changed_by(cells: Mapping[str, str], change: Mapping[str, str]) -> dict[str, str]:
    return {address: value for address, value in {**cells, **change}.items() if value}


def seen(judged: Judged) -> tuple[object, ...]:
    found = judged.evaluation
    failed = {f.control: f for f in found.findings if f.status == "failed"}
    return found.verdict, found.rule_set, failed


@settings(max_examples=25, deadline=None)
@given(CHANGES)
async def test_small_changes_in_a_row_say_what_evaluating_the_whole_filing_says(
    changes: list[dict[str, str]],
) -> None:
    use, cells = wired(), dict(CELLS)
    last = await use.evaluate_filing(SUBJECT, cells)
    computed = dict(last.evaluation.computed)

    for change in changes:
        cells = changed_by(cells, change)
        again = await use.recheck_filing(FILING, last.report_id, change, "none")
        assert again is not None
        last, computed = again, changed_by(computed, again.evaluation.computed)
        whole = await use.evaluate_filing(SUBJECT, cells)
        assert seen(again) == seen(whole)
        assert computed == dict(whole.evaluation.computed)


@settings(max_examples=25, deadline=None)
@given(ONE_CHANGE, st.sets(st.sampled_from(sorted(CELLS)), min_size=1, max_size=3))
async def test_who_asks_about_some_cells_is_told_of_these_and_of_those_that_moved(
    change: dict[str, str], about: set[str]
) -> None:
    use = wired()
    judged = await use.evaluate_filing(SUBJECT, CELLS)

    told = await use.recheck_filing(FILING, judged.report_id, change, "none", about)
    everything = await use.recheck_filing(FILING, judged.report_id, change, "none")

    assert told is not None
    assert everything is not None
    wanted = {*about, *everything.evaluation.computed}
    assert list(told.evaluation.findings) == [f for f in everything.evaluation.findings if wanted & {*f.cells}]
    assert told.evaluation.verdict == everything.evaluation.verdict


async def test_a_report_that_was_given_up_is_not_gone_on_from() -> None:
    use = wired(most=1)
    first = await use.evaluate_filing(SUBJECT, CELLS)
    await use.evaluate_filing(replace(SUBJECT, filing_id=UUID(int=7)), CELLS)

    assert await use.recheck_filing(FILING, first.report_id, {"BA.110.brut": "1"}, "none") is None


async def test_a_change_that_was_not_committed_leaves_the_report_before_it() -> None:
    use = wired()
    judged = await use.evaluate_filing(SUBJECT, CELLS)

    for _ in range(3):
        assert await use.recheck_filing(FILING, judged.report_id, {"BA.110.brut": "1"}, "none") is not None


async def test_a_report_of_another_filing_is_not_gone_on_from() -> None:
    use = wired()
    judged = await use.evaluate_filing(SUBJECT, CELLS)

    assert await use.recheck_filing(UUID(int=7), judged.report_id, {"BA.110.brut": "1"}, "none") is None


async def test_another_previous_year_is_judged_on_the_whole_filing() -> None:
    use = wired()
    judged = await use.evaluate_filing(SUBJECT, CELLS)

    assert await use.recheck_filing(FILING, judged.report_id, {"BA.110.brut": "1"}, "signed version 2") is None


async def test_a_control_adjusted_since_is_judged_on_the_whole_filing() -> None:
    kept = InMemoryJustifications()
    use = wired(kept=kept)
    judged = await use.evaluate_filing(SUBJECT, CELLS)
    reason = "Trop de faux positifs cette année."
    await kept.adjustments.add(Adjustment("2024.1", "ER", 2024, "A-04", "R", reason, "Alex Agent", NOW, UUID(int=1)))

    assert await use.recheck_filing(FILING, judged.report_id, {"BA.110.brut": "1"}, "none") is None


async def test_a_justification_counts_in_a_small_change_until_its_figures_move() -> None:
    use = wired()
    judged = await use.evaluate_filing(SUBJECT, CELLS)
    change = {"BA.110.brut": "100", "BA.110.amort": "10"}
    text = "Un bail emphytéotique explique ce cas."
    await use.record_justification(
        Written(FILING, "000000018", 2024, "A-04", text, "C. Exemple", {"BA.110.amort": "10"})
    )

    first = await use.recheck_filing(FILING, judged.report_id, change, "none")
    assert first is not None
    second = await use.recheck_filing(FILING, first.report_id, {"BA.110.amort": "11"}, "none")
    assert second is not None

    def justified(found: Judged) -> list[bool]:
        return [f.is_justified for f in found.evaluation.findings if f.control == "A-04"]

    assert (justified(first), justified(second)) == ([True], [False])


async def test_a_value_that_is_not_in_written_form_is_refused_and_changes_no_report() -> None:
    use = wired()
    judged = await use.evaluate_filing(SUBJECT, CELLS)

    with pytest.raises(Invalid):
        await use.recheck_filing(FILING, judged.report_id, {"BA.110.brut": "1 000"}, "none")

    assert await use.recheck_filing(FILING, judged.report_id, {"BA.110.brut": "1000"}, "none") is not None
