"""The filing signed the year before reaches the controls: H-01 and the others that read it."""

from uuid import UUID

import pytest

import formsets
from services.forms.domain.comment import restated
from services.forms.domain.filing import Document, Step, Verdict
from services.forms.domain.snapshot import Snapshot
from services.forms.usecases.save_cells import TypedCell
from services.validation.domain.rule_set import compile_rules
from synthetic import series
from tests.support.forms import FILING_ID, FORM_SET, NOON, a_cell, a_filing, a_forms

LAST_ID = UUID(int=77)
RESTATED = "AF.010.n1"
"""Prefilled from `AF.010.n` of the year before."""
READING_N1 = {"H-01", "H-08", "H-09", "H-12", "H-14", "H-15"}


def inputs_of(filing):
    form_set = formsets.load(filing.form_set)
    return {a: v for a, v in filing.cells.items() if form_set.document_of(a) == "ER"}


async def second_year(years=(2023, 2024), changes=None, *, is_signed=True):
    """The forms service with a filing whose year before was signed as the series says, but for `changes`."""
    before, after = series("OPH", 5, years)
    first = formsets.load(before.form_set)
    typed = {a: formsets.values.parse(v, first.cell_type(a)) for a, v in before.cells.items()}
    report = compile_rules(first).check(typed, "ER")
    signed = {
        a: formsets.values.written(formsets.values.rounded(v, first.cell_type(a))) for a, v in report.cells.items()
    }
    forms = a_forms()
    last = a_filing(
        id=LAST_ID,
        year=years[0],
        form_set=before.form_set,
        step=Step.REVIEW if is_signed else Step.ENTRY,
        signed_version=1 if is_signed else 0,
    )
    await forms.keep(last)
    async with forms.store() as work:
        cells = {**signed, **(changes or {})}
        await work.snapshots.add(Snapshot(LAST_ID, 1, 3, cells, Verdict.CLEAN, "r", first.digest, (), NOON))
        if is_signed:
            await work.snapshots.mark_signed(LAST_ID, 1, 3)
        await work.commit()
    filled = [a_cell(a, v) for a, v in inputs_of(after).items()]
    await forms.keep(a_filing(year=years[1], form_set=after.form_set), *filled)
    return forms


async def findings_of(forms):
    _, report = await forms.use.check_filing(forms.caller, FILING_ID)
    return {finding.control: finding for finding in report.findings}, report.verdict


async def differs(forms):
    """Let a figure of the first year differ, as one typed before that year was signed; return the right one."""
    cell = forms.store.kept.cells[FILING_ID][RESTATED]
    async with forms.store() as work:
        await work.cells.save(FILING_ID, [cell.changed("1", cell.source)])
        await work.commit()
    return cell.value


async def save(forms, address, text):
    version = forms.store.kept.cells[FILING_ID][address].version
    return await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell(address, text, version)])


@pytest.mark.parametrize("years", [(2023, 2024), (2024, 2025)], ids=["one form set", "two form sets"])
async def test_a_sound_second_year_is_clean_beside_the_first(years):
    forms = await second_year(years)

    findings, verdict = await findings_of(forms)

    assert {c: findings[c].status for c in READING_N1} == dict.fromkeys(READING_N1, "passed")
    assert verdict is Verdict.CLEAN


async def test_figures_of_the_first_year_block_the_second_until_they_are_mended():
    forms = await second_year()
    right = await differs(forms)

    findings, verdict = await findings_of(forms)

    assert (findings["H-01"].status, findings["H-01"].severity) == ("failed", "T")
    assert findings["H-01"].operands[RESTATED] == "1"
    assert findings["H-01"].operands["PREV(AF.010.n)"] == right
    assert verdict is Verdict.BLOCKED
    mended = await save(forms, RESTATED, right)
    assert (mended.findings, mended.card.filing.verdict) == ([], Verdict.CLEAN)


async def test_what_was_voted_the_year_before_must_open_this_year():
    forms = await second_year(changes={"AR.090.n": "12345"})

    findings, _ = await findings_of(forms)

    assert {c for c in READING_N1 if findings[c].is_failed} == {"H-08"}
    assert findings["H-08"].operands["PREV(AR.090.n)"] == "12345"


async def test_a_year_before_that_was_not_signed_is_not_compared_with():
    forms = await second_year(is_signed=False)

    findings, verdict = await findings_of(forms)

    assert not READING_N1 & findings.keys()
    assert verdict is Verdict.CLEAN


async def test_what_the_form_set_no_longer_knows_is_left_out():
    forms = await second_year(changes={"ZZ.999.n": "1", "ID.200.v": "42", "BA.140.brut": "n'est plus un nombre"})

    findings, verdict = await findings_of(forms)

    assert findings["H-01"].status == "passed"
    assert verdict is Verdict.CLEAN


async def test_a_flag_with_a_comment_says_that_a_cell_was_restated_on_purpose():
    forms = await second_year()
    await differs(forms)
    comment = forms.use.comment_cell

    await comment(forms.caller, FILING_ID, RESTATED, "Reclassé en immobilisations en cours.", is_flagged=True)

    assert forms.store.kept.filings[FILING_ID].verdict is Verdict.CLEAN
    await comment(forms.caller, FILING_ID, RESTATED, "", is_flagged=False)
    assert forms.store.kept.filings[FILING_ID].verdict is Verdict.BLOCKED
    await comment(forms.caller, FILING_ID, RESTATED, "", is_flagged=True)
    assert forms.store.kept.filings[FILING_ID].verdict is Verdict.CLEAN, "the text said before holds"


@pytest.mark.parametrize(("text", "is_flagged"), [("Pourquoi ?", False), ("", True)], ids=["comment", "flag"])
async def test_a_comment_or_a_flag_alone_restates_nothing(text, is_flagged):
    forms = await second_year()
    await differs(forms)

    await forms.use.comment_cell(forms.caller, FILING_ID, RESTATED, text, is_flagged=is_flagged)

    assert forms.store.kept.filings[FILING_ID].verdict is Verdict.BLOCKED


async def test_a_comment_during_the_signature_leaves_the_verdict_that_was_shown():
    forms = await second_year()
    shown = a_filing(year=2024, step=Step.REVIEW, verdict=Verdict.CLEAN, signed_version=1)
    async with forms.store() as work:
        await work.filings.save(shown)
        await work.commit()

    await forms.use.comment_cell(forms.caller, FILING_ID, RESTATED, "Reclassé.", is_flagged=True)

    assert forms.store.kept.filings[FILING_ID] == shown


def test_only_cells_that_come_from_an_earlier_year_can_be_restated():
    form_set = formsets.load(FORM_SET)

    assert restated(form_set, ["BA.140.n1", "BA.140.brut", "AF.010.n2", "AF.190.n", "ZZ.999.n"]) == {
        "BA.140.n1",
        "AF.010.n2",
        "AF.190.n",
    }


async def test_the_year_before_of_the_other_document_does_not_count():
    forms = await second_year(changes={"AR.090.n": "12345"})
    async with forms.store() as work:
        await work.filings.save(a_filing(id=LAST_ID, year=2023, document=Document.QDIS, signed_version=1))
        await work.commit()

    findings, _ = await findings_of(forms)

    assert not READING_N1 & findings.keys()
