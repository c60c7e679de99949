"""Trials of a form set: filled, checked, and nothing more; gone when the form set leaves its trial."""

from dataclasses import replace
from uuid import UUID

import pytest

from chassis.errors import Forbidden
from services.forms.domain.attachment_kind import AttachmentKind
from services.forms.domain.errors import (
    BodyUnknown,
    CampaignMalformed,
    FilingUnknown,
    FormSetNotOnTrial,
    NotATrial,
    TrialOnly,
)
from services.forms.domain.evaluation import Explanation
from services.forms.domain.export import ExportFormat
from services.forms.domain.filing import Document, Step, Verdict
from services.forms.domain.form_set_life import FormSetState
from services.forms.domain.importing import ImportChoice
from services.forms.usecases.save_cells import TypedCell
from tests.support.forms import (
    AMOUNT,
    FILING_ID,
    SHARED,
    SIREN,
    TOTALLED,
    RecordingFacts,
    a_campaign,
    a_cell,
    a_fact,
    a_filing,
    a_forms,
    begun,
)
from tests.support.hosting import a_caller

STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
READER = a_caller("Lou Lecteur", on={SIREN: ["filing.read"]})
STRANGER = a_caller("Sacha Ailleurs", on={"111111111": ["filing.read", "filing.open"]})
TRIED = "2025.1"
REASON = "Le montant tient à une reprise de provision."


async def on_trial(*cells, state=FormSetState.TRIAL, **changes):
    """A body with a filing of 2024 under 2024.1, and 2025.1 in trial."""
    forms = a_forms(facts=RecordingFacts(a_fact(value="77")))
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    await forms.keep(a_filing(**changes), *(cells or [a_cell()]))
    await set_state(forms, state)
    return forms


async def set_state(forms, state):
    async with forms.store() as work:
        await work.form_set_states.save(TRIED, FormSetState.TRIAL, "Alex", forms.clock.now())
        await work.commit()
    if state is not FormSetState.TRIAL:
        await forms.use.set_form_set_state(STAFF, TRIED, state)


async def open_trial(forms, caller=None, year=2024, document=Document.ER):
    return await forms.use.open_trial(caller or forms.caller, SIREN, document, year, TRIED)


def typed_in(forms, trial):
    return {a: c.value for a, c in forms.store.kept.cells.get(trial.id, {}).items() if c.value}


async def test_a_trial_takes_the_figures_that_its_form_set_takes_and_says_what_it_left():
    forms = await on_trial(a_cell(), a_cell("CP.380.n", "40"), a_cell(SHARED, "5"))

    opened = await open_trial(forms)

    trial = opened.card.filing
    assert (trial.is_trial, trial.form_set, trial.year, trial.step) == (True, TRIED, 2024, Step.ENTRY)
    assert typed_in(forms, trial) == {AMOUNT: "100", SHARED: "5"}
    assert (opened.taken, opened.left_out) == (2, ("CP.380.n",))
    assert forms.store.kept.computed[trial.id][TOTALLED] == "100"
    assert "CP.380.n" in forms.store.kept.activities[-1].fr


async def test_opening_again_returns_the_trial_and_leaves_the_real_filing_alone():
    forms = await on_trial()
    before = forms.store.kept.filings[FILING_ID]
    first = await open_trial(forms)

    again = await open_trial(forms)

    assert (again.is_new, again.card.filing.id) == (False, first.card.filing.id)
    card, is_new = await forms.use.open_filing(forms.caller, SIREN, Document.ER, 2024)
    assert (card.filing.id, is_new) == (before.id, False)
    assert forms.store.kept.filings[FILING_ID] == before


async def test_a_trial_of_a_year_without_a_filing_is_empty():
    forms = await on_trial()

    opened = await open_trial(forms, year=2023)

    assert (typed_in(forms, opened.card.filing), opened.taken) == ({}, 0)


async def test_a_trial_tells_no_other_server_and_hears_of_none():
    forms = await on_trial()
    trial = (await open_trial(forms)).card.filing

    saved = await forms.use.save_cells(forms.caller, trial.id, [TypedCell(SHARED, "9", 0)])
    await forms.use.undo_step(forms.caller, trial.id, forms.last_step.id)
    told = list(forms.store.kept.events)
    changed = await forms.use.apply_facts("fact", SIREN, 2024, [a_fact(value="8")])

    assert (saved.cells[0].value, told) == ("9", [])
    assert (changed, SHARED in typed_in(forms, trial)) == (1, False), "the real filing took it"


async def test_a_trial_is_typed_imported_carried_and_checked():
    forms = await on_trial()
    trial = (await open_trial(forms)).card.filing
    content = b"code;colonne;valeur\nBA.020;brut;7\n"

    preview = await forms.use.preview_import(forms.caller, trial.id, "er.csv", content)
    await forms.use.confirm_import(forms.caller, trial.id, preview.id, ImportChoice(), accept_partial=False)
    await forms.use.carry_last_year(forms.caller, trial.id)
    _, report = await forms.use.check_filing(forms.caller, trial.id)

    assert typed_in(forms, trial)["BA.020.brut"] == "7"
    assert report.findings
    card, _, _ = await forms.use.get_filing(forms.caller, trial.id)
    assert card.lacking == ()


def forbidden(use, caller, trial):
    """Everything that would lead a trial to somebody."""
    return {
        "move": lambda: use.move_filing(caller, trial.id, Step.SIGNATURE, ""),
        "justify": lambda: use.justify_finding(caller, trial.id, Explanation("A-06", REASON), "request"),
        "attach": lambda: use.attach_file(caller, trial.id, AttachmentKind.OTHER, "a.pdf", b"%PDF-1.7\n%%EOF\n"),
        "export": lambda: use.export_filing(caller, trial.id, ExportFormat.JSON, 0),
        "freeze": lambda: use.freeze_filing(caller, trial.id),
    }


@pytest.mark.parametrize("what", ["move", "justify", "attach", "export", "freeze"])
async def test_a_trial_leads_to_nobody(what):
    forms = await on_trial(*begun(), a_cell())
    trial = (await open_trial(forms)).card.filing
    async with forms.store() as work:
        await work.filings.save(replace(trial, verdict=Verdict.CLEAN))
        await work.commit()
    before = forms.store.kept.copied()

    with pytest.raises(TrialOnly):
        await forbidden(forms.use, forms.caller, trial)[what]()

    assert forms.store.kept == before


def test_no_step_and_no_lock_makes_a_trial_signable():
    trial = a_filing(is_trial=True, step=Step.SIGNATURE, verdict=Verdict.CLEAN)

    for act in (lambda: trial.require_signable(0), lambda: trial.locked(1, "mine", trial.opened_at)):
        with pytest.raises(TrialOnly):
            act()


async def test_a_trial_is_listed_as_one_and_counted_nowhere():
    forms = await on_trial()
    trial = (await open_trial(forms)).card.filing

    cards, _, tryable = await forms.use.list_filings(forms.caller, SIREN)
    points = await forms.use.get_series(forms.caller, SIREN, Document.ER, [AMOUNT], 0)
    preview = await forms.use.preview_form_set_change(STAFF, Document.ER, 2024, "2025.1")
    inputs = await forms.use.list_inputs(Document.ER, 2024, None, 10, with_signed=True)
    rejudged = await forms.use.rejudge_filings(Document.ER, 2024, None, 10, ("Avis.", "Notice."), "Alex")

    assert [(card.filing.id, card.filing.is_trial) for card in cards] == [(FILING_ID, False), (trial.id, True)]
    assert tryable == []
    assert len(points) == 1
    assert (preview.found.concerned, preview.found.judged) == (1, 1)
    assert [one.filing.id for one in inputs.filings] == [FILING_ID]
    assert rejudged.judged == 1


async def test_what_may_be_tried_is_offered_with_the_year_filed_last():
    forms = await on_trial()

    _, _, tryable = await forms.use.list_filings(forms.caller, SIREN)

    assert [(one.body.siren, one.document, one.year, one.form_set) for one in tryable] == [
        (SIREN, Document.ER, 2024, TRIED)
    ]
    assert (await forms.use.list_filings(READER, SIREN))[2] == []


async def test_a_body_without_a_filing_is_offered_the_campaign_under_way():
    forms = a_forms()
    async with forms.store() as work:
        await work.campaigns.save(a_campaign())
        await work.commit()
    await set_state(forms, FormSetState.TRIAL)

    _, _, tryable = await forms.use.list_filings(forms.caller, SIREN)

    assert [(one.document, one.year) for one in tryable] == [(Document.ER, 2024)]


@pytest.mark.parametrize("state", [FormSetState.PUBLISHED, FormSetState.DRAFT])
async def test_trials_go_when_the_form_set_leaves_its_trial(state):
    forms = await on_trial()
    trial = (await open_trial(forms)).card.filing
    await forms.use.comment_cell(forms.caller, trial.id, AMOUNT, "À revoir", is_flagged=True)

    await forms.use.set_form_set_state(STAFF, TRIED, state)

    with pytest.raises(FilingUnknown):
        await forms.use.get_filing(forms.caller, trial.id)
    kept = forms.store.kept
    assert (list(kept.filings), trial.id in kept.cells, kept.comments) == ([FILING_ID], False, [])
    with pytest.raises(FormSetNotOnTrial):
        await open_trial(forms)


async def test_a_form_set_in_trial_again_starts_without_trials():
    forms = await on_trial()
    first = await open_trial(forms)
    await forms.use.set_form_set_state(STAFF, TRIED, FormSetState.DRAFT)
    await forms.use.set_form_set_state(STAFF, TRIED, FormSetState.TRIAL)

    second = await open_trial(forms)

    assert second.is_new
    assert second.card.filing.id != first.card.filing.id


async def test_a_body_throws_its_trial_away_and_never_its_filing():
    forms = await on_trial()
    trial = (await open_trial(forms)).card.filing
    with pytest.raises(NotATrial):
        await forms.use.discard_trial(forms.caller, FILING_ID)
    with pytest.raises(Forbidden):
        await forms.use.discard_trial(READER, trial.id)
    with pytest.raises(FilingUnknown):
        await forms.use.discard_trial(STRANGER, trial.id)

    await forms.use.discard_trial(forms.caller, trial.id)

    assert list(forms.store.kept.filings) == [FILING_ID]
    assert (await open_trial(forms)).is_new


@pytest.mark.parametrize("state", [FormSetState.DRAFT, FormSetState.PUBLISHED])
async def test_only_a_form_set_in_trial_is_tried(state):
    forms = await on_trial(state=state)

    with pytest.raises(FormSetNotOnTrial):
        await open_trial(forms)


async def test_a_trial_needs_the_right_to_open_and_a_form_set_of_this_server():
    forms = await on_trial()

    with pytest.raises(Forbidden):
        await open_trial(forms, READER)
    with pytest.raises(BodyUnknown):
        await open_trial(forms, STRANGER)
    with pytest.raises(CampaignMalformed):
        await forms.use.open_trial(forms.caller, SIREN, Document.ER, 2024, "1999.9")


async def test_a_trial_of_the_year_before_is_not_what_was_signed():
    forms = await on_trial(a_cell(), id=UUID(int=7), year=2023)
    trial = (await open_trial(forms, year=2023)).card.filing
    await forms.keep(a_filing(), a_cell())

    async with forms.store() as work:
        assert await work.snapshots.signed_before(a_filing()) is None
        assert (await work.filings.find(SIREN, Document.ER, 2023)).id != trial.id
