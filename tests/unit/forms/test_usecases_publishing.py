"""Another form set given to open filings, through the use cases: a made-up one with every kind of change."""

import asyncio
from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

import formsets
from chassis.errors import Invalid, NotFound
from formsets.values import written
from services.forms.domain.errors import (
    CampaignMalformed,
    CellsRefused,
    FilingNotReady,
    FormSetNotApplicable,
    ImportStale,
    NoCampaign,
    PublicationSuperseded,
    PublicationUnknown,
    SetAsideUnknown,
    SignatureUnderWay,
)
from services.forms.domain.filing import Document, Lock, Step, Verdict
from services.forms.domain.form_set_change import Fate
from services.forms.domain.importing import ImportChoice
from services.forms.rpc.mapping import inputs_message
from services.forms.service import wire
from services.forms.usecases.publish_form_set import MOST_JUDGED
from services.forms.usecases.save_cells import TypedCell
from tests.support.form_sets import SAMPLE, rewritten, sample_cells
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    NOON,
    CannedControls,
    CountingIdentifiers,
    InlineFlatFiles,
    InlinePdfs,
    a_body,
    a_campaign,
    a_cell,
    a_filing,
    a_forms,
)
from tests.support.hosting import a_caller, a_stack

STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
OLD = formsets.load("2024.1")
VARIANT = rewritten(OLD, dropped=["BA.020"], retyped=["BA.110"], computed=["BP.180"], closed=["CP.010.n"])
LATER = rewritten(OLD, closed=["CP.010.n"], version="2027.1")
CELLS = {AMOUNT: "1", "BA.020.brut": "2", "BA.110.amort": "3", "BP.180.n": "4", "CP.010.n": "5"}
UNFIT = set(CELLS) - {AMOUNT}
OTHER_ID = UUID("0197aaaa-0000-7000-8000-000000000002")


class FewFormSets:
    """The form sets port, with made-up versions beside the shipped ones."""

    def load(self, version):
        made_up = {one.version: one for one in (VARIANT, LATER)}
        return made_up.get(version) or formsets.load(version)

    def available(self):
        return (*formsets.available(), VARIANT.version, LATER.version)


async def entered(**changes):
    """A campaign and one filing with the cells above."""
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN))
    stack = replace(a_stack(clock=forms.clock), identifiers=CountingIdentifiers())
    files, sets = InlineFlatFiles(), FewFormSets()
    forms.use = wire(forms.store, forms.controls, forms.facts, forms.bodies, files, InlinePdfs(), sets, stack)
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    await forms.keep(a_filing(**changes), *(a_cell(address, value) for address, value in CELLS.items()))
    return forms


async def publish(forms, version=VARIANT.version, *, is_forced=False):
    return await forms.use.publish_form_set(STAFF, Document.ER, 2024, version, is_forced=is_forced)


def fates(forms):
    return {one.address: one.fate for one in forms.store.kept.set_aside.values()}


async def test_what_cannot_stay_is_set_aside_and_told_and_comes_back():
    forms = await entered()

    done = await publish(forms)

    assert (done.changed, forms.filing.form_set, forms.values()) == (1, VARIANT.version, {AMOUNT: "1"})
    assert {one.address: one.value for one in forms.store.kept.set_aside.values()} == {a: CELLS[a] for a in UNFIT}
    assert forms.store.kept.campaigns[Document.ER, 2024].form_set == VARIANT.version
    assert forms.kinds() == ["FORM_SET_CHANGED"]
    told = {fact.address for event in forms.store.kept.events for fact in event.facts}
    assert not told & UNFIT

    await forms.use.undo_form_set_change(STAFF, done.publication.id)

    assert (forms.filing.form_set, forms.values()) == ("2024.1", CELLS)
    assert {one.source.author for one in forms.store.kept.cells[FILING_ID].values()} == {"Camille Compte"}


async def test_a_publication_killed_in_the_middle_goes_on_where_it_stopped():
    forms = await entered()
    other = replace(a_filing(id=OTHER_ID), body=a_body(siren="000000026"))
    await forms.keep(other, a_cell("CP.010.n", "9"))
    evaluate, calls = forms.controls.evaluate, []

    async def killed_at_the_second(filing, inputs, given, previous):
        calls.append(filing.id)
        if len(calls) == 2:
            raise ConnectionError("killed")
        return await evaluate(filing, inputs, given, previous)

    forms.controls.evaluate = killed_at_the_second
    with pytest.raises(ConnectionError):
        await publish(forms)
    half = sorted(filing.form_set for filing in forms.store.kept.filings.values())

    done = await publish(forms)

    assert half == ["2024.1", VARIANT.version]
    assert (done.changed, len(forms.store.kept.publications)) == (2, 1)
    assert {filing.form_set for filing in forms.store.kept.filings.values()} == {VARIANT.version}
    assert len(forms.store.kept.set_aside) == len(UNFIT) + 1


async def test_a_filing_being_signed_waits_and_the_publication_is_asked_again():
    forms = await entered(step=Step.SIGNATURE, lock=Lock("intent", NOON))

    with pytest.raises(SignatureUnderWay):
        await publish(forms)

    assert (forms.filing.form_set, forms.values()) == ("2024.1", CELLS)
    forms.store.kept.filings[FILING_ID] = replace(forms.filing, lock=None)
    assert (await publish(forms)).changed == 1


async def test_a_signed_filing_keeps_its_form_set_even_reopened():
    forms = await entered(signed_version=1)

    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)
    done = await publish(forms)

    assert (preview.impacts, preview.untouched, done.changed) == ([], 1, 0)
    assert (forms.filing.form_set, forms.values()) == ("2024.1", CELLS)


async def test_a_publication_waits_for_a_save_under_way_and_loses_nothing_of_it():
    forms = await entered()
    read, publishing = forms.controls.read, []

    async def read_while_publishing(form_set, year, texts):
        publishing.append(asyncio.create_task(publish(forms)))
        await asyncio.sleep(0)
        return await read(form_set, year, texts)

    forms.controls.read = read_while_publishing
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell("BA.020.brut", "8", 1)])
    await publishing[0]

    assert forms.filing.form_set == VARIANT.version
    kept = {one.address: one.value for one in forms.store.kept.set_aside.values()}
    assert kept["BA.020.brut"] == "8"


async def test_an_import_previewed_before_the_publication_is_previewed_again():
    forms = await entered()
    preview = await forms.use.preview_import(forms.caller, FILING_ID, "er.csv", SAMPLE.read_bytes())
    await publish(forms)

    with pytest.raises(ImportStale):
        await forms.use.confirm_import(forms.caller, FILING_ID, preview.id, ImportChoice(), accept_partial=True)


async def test_a_choice_puts_the_value_in_an_empty_cell_only():
    forms = await entered()
    await publish(forms)

    with pytest.raises(CellsRefused):
        await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", AMOUNT)
    with pytest.raises(CellsRefused):
        await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.010.n")
    with pytest.raises(SetAsideUnknown):
        await forms.use.choose_set_aside(forms.caller, FILING_ID, AMOUNT, "")
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "BA.020.brut", "")

    assert forms.values() == {AMOUNT: "1", "CP.020.n": "5"}
    assert (fates(forms)["CP.010.n"], fates(forms)["BA.020.brut"]) == (Fate.KEPT, Fate.DROPPED)
    assert forms.kinds()[1:] == ["SET_ASIDE_CHOSEN", "SET_ASIDE_CHOSEN"]


async def test_undoing_a_choice_opens_it_again_and_undoing_the_undo_keeps_it_again():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (fates(forms)["CP.010.n"], forms.values()) == (Fate.WAITING, {AMOUNT: "1"})

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (fates(forms)["CP.010.n"], forms.values()) == (Fate.KEPT, {AMOUNT: "1", "CP.020.n": "5"})

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.110.n")
    assert (fates(forms)["CP.010.n"], forms.values()) == (Fate.KEPT, {AMOUNT: "1", "CP.110.n": "5"})


async def test_dropping_a_value_is_a_step_and_undoing_it_lets_the_value_wait_again():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "")
    assert (str(forms.last_step.kind), forms.last_step.cells) == ("SET_ASIDE_DROPPED", ())

    done = await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (done.restored, done.kept, fates(forms)["CP.010.n"]) == (["CP.010.n"], [], Fate.WAITING)

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert fates(forms)["CP.010.n"] is Fate.DROPPED

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    assert (fates(forms)["CP.010.n"], forms.values()["CP.020.n"]) == (Fate.KEPT, "5")


async def test_a_value_dropped_then_kept_after_an_undo_stays_kept_when_the_undo_is_undone():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "")
    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    undoing = forms.last_step
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")

    done = await forms.use.undo_step(forms.caller, FILING_ID, undoing.id)

    assert (done.restored, done.kept, fates(forms)["CP.010.n"]) == ([], ["CP.010.n"], Fate.KEPT)


async def test_a_choice_whose_cell_was_edited_since_stays_when_it_is_undone():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    choice = forms.last_step
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell("CP.020.n", "6", 1)])

    undone = await forms.use.undo_step(forms.caller, FILING_ID, choice.id)

    assert (undone.restored, fates(forms)["CP.010.n"]) == ([], Fate.KEPT)


async def test_undoing_a_later_edit_of_the_same_cell_leaves_the_choice():
    forms = await entered()
    await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")
    choice = forms.last_step
    await forms.use.save_cells(forms.caller, FILING_ID, [TypedCell("CP.020.n", "6", 1)])

    await forms.use.undo_step(forms.caller, FILING_ID, forms.last_step.id)
    assert (fates(forms)["CP.010.n"], forms.values()["CP.020.n"]) == (Fate.KEPT, "5")

    await forms.use.undo_step(forms.caller, FILING_ID, choice.id)
    assert (fates(forms)["CP.010.n"], "CP.020.n" in forms.values()) == (Fate.WAITING, False)


async def test_taking_a_publication_back_takes_back_the_choices_it_asked_for():
    forms = await entered()
    done = await publish(forms)
    await forms.use.choose_set_aside(forms.caller, FILING_ID, "CP.010.n", "CP.020.n")

    await forms.use.undo_form_set_change(STAFF, done.publication.id)

    assert forms.values() == CELLS
    assert set(fates(forms).values()) == {Fate.RETURNED}


async def test_nothing_is_signed_while_a_value_waits_for_a_choice():
    forms = await entered(step=Step.SIGNATURE, verdict=Verdict.CLEAN, rule_set="rules-1")
    await publish(forms)

    with pytest.raises(FilingNotReady) as refused:
        await forms.use.freeze_filing(forms.caller, FILING_ID)

    assert [violation.reason for violation in refused.value.violations] == ["SET_ASIDE", "W-01", "W-04"]


async def test_a_zero_in_a_cell_that_is_closed_now_stands_in_nobodys_way():
    forms = a_forms(lambda clock: CannedControls(Verdict.CLEAN))
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    await forms.keep(
        a_filing(step=Step.SIGNATURE, verdict=Verdict.CLEAN, rule_set="rules-1"),
        a_cell(AMOUNT, "1"),
        a_cell("CP.380.n", "0"),
    )

    await publish(forms, "2025.1", is_forced=True)

    assert fates(forms) == {"CP.380.n": Fate.DROPPED}
    assert forms.values() == {AMOUNT: "1"}
    assert "0 mise de côté" in forms.store.kept.activities[-1].fr
    with pytest.raises(FilingNotReady) as refused:
        await forms.use.freeze_filing(forms.caller, FILING_ID)
    assert [violation.reason for violation in refused.value.violations] == ["W-01", "W-04"]


async def test_a_later_publication_is_taken_back_first():
    forms = await entered()
    first = await publish(forms)
    second = await publish(forms, LATER.version)
    with pytest.raises(PublicationSuperseded):
        await forms.use.undo_form_set_change(STAFF, first.publication.id)

    await forms.use.undo_form_set_change(STAFF, second.publication.id)
    await forms.use.undo_form_set_change(STAFF, first.publication.id)

    assert (forms.filing.form_set, forms.values()) == ("2024.1", CELLS)
    assert forms.store.kept.campaigns[Document.ER, 2024].form_set == "2024.1"


async def test_a_publication_is_refused_to_others_and_for_what_is_not_there():
    forms = await entered()
    with pytest.raises(NotFound):
        await forms.use.publish_form_set(forms.caller, Document.ER, 2024, VARIANT.version)
    with pytest.raises(NotFound):
        await forms.use.preview_form_set_change(forms.caller, Document.ER, 2024, VARIANT.version)
    with pytest.raises(CampaignMalformed):
        await publish(forms, "1999.1")
    with pytest.raises(NoCampaign):
        await forms.use.publish_form_set(STAFF, Document.QDIS, 2024, VARIANT.version)
    with pytest.raises(NoCampaign):
        await forms.use.preview_form_set_change(STAFF, Document.QDIS, 2024, VARIANT.version)
    with pytest.raises(PublicationUnknown):
        await forms.use.undo_form_set_change(STAFF, UUID(int=99))


# What a preview says


async def with_the_sample():
    """The worked example, ready to be given the form set of the next year."""
    forms = a_forms()
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    typed = {a: written(v) for a, v in sample_cells("saisie").items() if OLD.document_of(a) == "ER"}
    await forms.evaluated(a_filing(), *(a_cell(address, value) for address, value in typed.items()))
    return forms


async def test_a_preview_judges_filings_under_both_form_sets_and_changes_nothing():
    forms = await with_the_sample()
    before = forms.store.kept

    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, "2025.1")

    (impact,) = preview.impacts
    assert (preview.judged, preview.is_applicable, impact.judged.before) == (1, False, forms.filing.verdict)
    assert impact.judged.before is Verdict.CLEAN
    assert impact.judged.after is Verdict.BLOCKED
    assert impact.judged.newly_failing
    assert impact.judged.recomputed > 0
    assert forms.store.kept == before


async def test_what_a_preview_says_is_what_the_publication_does():
    forms = await with_the_sample()
    (impact,) = (await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, "2025.1")).impacts
    computed = dict(forms.store.kept.computed[FILING_ID])

    await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1", is_forced=True)

    after = forms.store.kept.computed[FILING_ID]
    moved = {a for a in computed.keys() | after.keys() if computed.get(a, "") != after.get(a, "")}
    assert forms.filing.verdict is impact.judged.after
    assert len(moved) == impact.judged.recomputed
    _, report = await forms.use.check_filing(forms.caller, FILING_ID)
    assert set(impact.judged.newly_failing) <= {one.control for one in report.findings if one.is_failed}


async def test_a_preview_evaluates_so_many_filings_and_no_more():
    forms = await entered()
    for number in range(2, 3 + MOST_JUDGED):
        other = a_filing(id=UUID(int=number), body=a_body(siren=f"{number + 100_000_000}"))
        await forms.keep(other, a_cell(AMOUNT, "1"))

    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)

    assert len(preview.impacts) == MOST_JUDGED + 2
    assert (preview.judged, forms.controls.evaluated) == (MOST_JUDGED, 2 * MOST_JUDGED)
    assert preview.impacts[-1].judged is None
    assert preview.impacts[-1].change.carried == (AMOUNT,)


async def test_a_filing_that_cannot_be_evaluated_is_previewed_without_its_verdict():
    forms = await entered()

    async def malformed(*_):
        raise Invalid

    forms.controls.evaluate = malformed
    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, VARIANT.version)

    assert (preview.judged, preview.impacts[0].judged, len(preview.impacts[0].change.to_choose)) == (0, None, 4)


async def test_a_form_set_of_other_exercices_is_published_only_when_that_is_asked_for():
    forms = await with_the_sample()

    with pytest.raises(FormSetNotApplicable) as caught:
        await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1")
    assert (forms.filing.form_set, forms.store.kept.publications) == ("2024.1", {})
    (told,) = caught.value.violations
    assert "F-28" in str(told.fr)
    assert "not filed with form set 2025.1" in str(told.en)

    done = await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1", is_forced=True)
    again = await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1")

    assert (done.changed, again.publication.id) == (1, done.publication.id), "going on with it needs no second asking"


@pytest.mark.parametrize(("year", "form_set"), [(2024, "2025.1"), (2025, "2024.1")])
async def test_a_campaign_is_not_planned_with_a_form_set_of_other_exercices(year, form_set):
    forms = a_forms()

    with pytest.raises(FormSetNotApplicable):
        await forms.use.plan_campaign(STAFF, a_campaign(year=year, form_set=form_set))
    assert forms.store.kept.campaigns == {}


async def test_a_campaign_that_was_given_one_is_planned_on():
    forms = await with_the_sample()
    await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1", is_forced=True)

    await forms.use.plan_campaign(STAFF, a_campaign(form_set="2025.1", closes_on=date(2026, 1, 31)))

    assert forms.store.kept.campaigns[Document.ER, 2024].closes_on == date(2026, 1, 31)


async def test_inputs_say_what_a_form_set_that_is_tried_would_set_aside():
    forms = await entered(step=Step.REVIEW, signed_version=1)
    reopened = replace(a_filing(id=OTHER_ID, signed_version=1), body=a_body(siren="000000026"))
    await forms.keep(reopened, a_cell("CP.010.n", "0"))

    async def inputs(form_set):
        page = await forms.use.list_inputs(Document.ER, 2024, None, 10, with_signed=True, form_set=form_set)
        return {one.filing.id: one for one in page.filings}

    asked, as_they_are = await inputs(VARIANT.version), await inputs("")

    assert set(asked[FILING_ID].left_out) == UNFIT
    assert asked[FILING_ID].to_choose == len(UNFIT)
    assert asked[FILING_ID].inputs == as_they_are[FILING_ID].inputs == CELLS
    assert (asked[OTHER_ID].left_out, asked[OTHER_ID].to_choose) == (("CP.010.n",), 0), "a 0 says nothing else"
    assert {(one.left_out, one.to_choose) for one in as_they_are.values()} == {((), 0)}
    messages = {one.identity.filing_id: one for one in map(inputs_message, asked.values())}
    assert messages[str(FILING_ID)].is_transmitted
    assert not messages[str(OTHER_ID)].is_transmitted, "what is in it since is a draft, for the body alone"
    with pytest.raises(CampaignMalformed):
        await inputs("1999.1")
