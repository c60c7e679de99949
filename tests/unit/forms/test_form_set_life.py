"""The life of a form set: which moves there are, and what campaigns may take."""

from datetime import date

import pytest

from services.forms.domain.errors import FormSetNotOnTrial, FormSetNotPublished, FormSetStateRefused
from services.forms.domain.filing import Document
from services.forms.domain.form_set_life import (
    DeclaredState,
    FormSetState,
    FormSetStatus,
    newest,
    require_move,
    require_on_trial,
    require_published,
)
from tests.support.forms import NOON, a_campaign, a_forms
from tests.support.hosting import a_caller

STAFF = a_caller("Alex Agent", on={"*": ["campaign.manage"]})
DRAFT, TRIAL, PUBLISHED, CLOSED = FormSetState
LATER = date(2025, 9, 30)


def allowed(*, is_used):
    found = set()
    for now in FormSetState:
        for to in FormSetState:
            try:
                require_move(now, to, is_used=is_used)
            except FormSetStateRefused:
                continue
            if now is not to:
                found.add((now, to))
    return found


def test_a_form_set_is_drafted_tried_published_and_closed_and_withdrawn_while_nobody_uses_it():
    assert allowed(is_used=False) == {
        (DRAFT, TRIAL),
        (TRIAL, DRAFT),
        (TRIAL, PUBLISHED),
        (PUBLISHED, TRIAL),
        (PUBLISHED, DRAFT),
        (PUBLISHED, CLOSED),
        (CLOSED, PUBLISHED),
    }
    assert allowed(is_used=True) == {(TRIAL, PUBLISHED), (PUBLISHED, CLOSED), (CLOSED, PUBLISHED)}


@pytest.mark.parametrize(
    ("require", "refusal", "state", "word"),
    [
        (require_on_trial, FormSetNotOnTrial, DRAFT, "projet"),
        (require_on_trial, FormSetNotOnTrial, PUBLISHED, "publié"),
        (require_on_trial, FormSetNotOnTrial, CLOSED, "clos"),
        (require_published, FormSetNotPublished, DRAFT, "projet"),
        (require_published, FormSetNotPublished, TRIAL, "à l’essai"),
    ],
)
def test_a_state_is_told_in_french(require, refusal, state, word):
    with pytest.raises(refusal) as refused:
        require("2025.1", state)

    assert refused.value.message.endswith(f"(état « {word} »).")


async def test_a_campaign_takes_a_published_form_set_and_keeps_it_once_closed():
    forms = a_forms()
    await forms.use.set_form_set_state(STAFF, "2025.1", DRAFT)
    await forms.use.plan_campaign(STAFF, a_campaign())

    with pytest.raises(FormSetNotPublished):
        await forms.use.plan_campaign(STAFF, a_campaign(form_set="2025.1"))
    with pytest.raises(FormSetNotPublished):
        await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1", is_forced=True)
    with pytest.raises(FormSetStateRefused):
        await forms.use.set_form_set_state(STAFF, "2024.1", DRAFT)
    await forms.use.set_form_set_state(STAFF, "2024.1", CLOSED)
    await forms.use.plan_campaign(STAFF, a_campaign())

    listed = await forms.use.list_form_sets(STAFF)
    assert [(one.version, one.state, one.is_used) for one in listed] == [
        ("2024.1", CLOSED, True),
        ("2025.1", DRAFT, False),
    ]
    assert [one.declared.changed_by for one in listed if one.declared] == ["Alex Agent", "Alex Agent"]


@pytest.mark.parametrize("is_used", [True, False])
def test_the_moves_offered_are_those_that_are_made(is_used):
    offered = {
        (now, to)
        for now in FormSetState
        for to in FormSetStatus("2025.1", DeclaredState(now, "Alex Agent", NOON), is_used).moves
    }
    assert offered == allowed(is_used=is_used)


def test_a_form_set_of_which_nobody_said_anything_is_published():
    assert FormSetStatus("2024.1", None, is_used=True).state is PUBLISHED


async def a_campaign_under(form_set, year=2024):
    forms = a_forms()
    async with forms.store() as work:
        await work.campaigns.save(a_campaign(form_set=form_set, year=year))
        await work.commit()
    return forms


async def provisioned(forms, form_set, year=2024):
    """The form set of the campaign once the node has started and asked for this one."""
    answered = await forms.use.plan_campaign.provision(a_campaign(form_set=form_set, year=year, due_on=LATER))
    kept = forms.store.kept.campaigns[Document.ER, year]
    assert answered == kept
    assert kept.due_on == LATER, "all but the form set is as asked"
    return kept.form_set


@pytest.mark.parametrize(
    ("present", "asked", "kept"),
    [("2024.1", "2024.1", "2024.1"), ("2025.1", "2024.1", "2025.1"), ("2024.1", "2025.1", "2025.1")],
)
async def test_a_start_never_moves_a_form_set_backwards(present, asked, kept):
    forms = await a_campaign_under(present, 2025)

    assert await provisioned(forms, asked, 2025) == kept


async def test_a_start_keeps_what_a_publication_gave_and_what_it_was_taken_back_to():
    forms = await a_campaign_under("2024.1")
    published = await forms.use.publish_form_set(STAFF, Document.ER, 2024, "2025.1", is_forced=True)
    assert await provisioned(forms, "2024.1") == "2025.1"

    await forms.use.undo_form_set_change(STAFF, published.publication.id)

    assert await provisioned(forms, "2025.1") == "2024.1"
    assert forms.store.kept.publications[published.publication.id].is_undone


async def test_staff_may_plan_any_published_form_set():
    forms = await a_campaign_under("2025.1")

    await forms.use.plan_campaign(STAFF, a_campaign(form_set="2024.1"))

    assert forms.store.kept.campaigns[Document.ER, 2024].form_set == "2024.1"


def test_a_form_set_that_is_no_longer_shipped_is_older_than_any():
    assert newest("2019.1", "2024.1", ("2024.1", "2025.1")) == "2024.1"
